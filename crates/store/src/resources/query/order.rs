//! Orders that the database can give: those of the hot columns.

use scim::query::{Sort, SortKey, SortOrder};
use scim::schema::{ResourceType, Target};

use crate::error::StoreError;
use crate::resources::filter_sql::{Fragment, Place, Value};
use crate::resources::read_id;
use crate::tx::Row;

/// An order by a column, and by key where the column does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ColumnOrder {
    column: &'static str,
    kind: Kind,
    /// Whether rows can have no value.
    nullable: bool,
    order: SortOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Instant,
    Bool,
    Id,
}

impl ColumnOrder {
    /// The order of `sort`, if a column has what `target` names.
    pub(super) fn of(sort: &Sort, target: &Target<'_>, resource_type: &ResourceType) -> Option<Self> {
        let (column, kind, nullable) = match Place::of(target, resource_type)? {
            Place::Id => ("id", Kind::Id, false),
            Place::Text { column, .. } => (column, Kind::Text, !target.attribute?.required),
            Place::Active => ("active", Kind::Bool, true),
            Place::Created => ("created", Kind::Instant, false),
            Place::Modified => ("modified", Kind::Instant, false),
            Place::Indexed(_) | Place::Related(_) | Place::TypeName | Place::Meta => return None,
        };
        Some(Self { column, kind, nullable, order: sort.order })
    }

    /// Whether an index has the rows of a type in this order.
    pub(super) fn is_indexed(&self) -> bool {
        matches!((self.column, self.nullable), ("user_name" | "modified", false))
    }

    /// Whether that index is one on `modified`.
    pub(super) fn is_by_modified(&self) -> bool {
        self.column == "modified"
    }

    /// `ORDER BY …`. Descending is ascending reversed, rows without a value and ties too.
    pub(super) fn order_by(&self) -> Fragment {
        let column = self.column;
        match (self.order, self.nullable) {
            (SortOrder::Ascending, true) => Fragment::joined(&[" ORDER BY ", column, " IS NULL, ", column, ", pk"], []),
            (SortOrder::Ascending, false) => Fragment::joined(&[" ORDER BY ", column, ", pk"], []),
            (SortOrder::Descending, true) => {
                Fragment::joined(&[" ORDER BY ", column, " IS NULL DESC, ", column, " DESC, pk DESC"], [])
            }
            (SortOrder::Descending, false) => Fragment::joined(&[" ORDER BY ", column, " DESC, pk DESC"], []),
        }
    }

    /// A condition that every row fulfils, which lets the index on what is not NULL be used.
    pub(super) fn assurance(&self) -> &'static str {
        if self.is_indexed() && self.column == "user_name" { " AND user_name IS NOT NULL" } else { "" }
    }

    /// The rows after the one with that value and key.
    pub(super) fn after(&self, value: Option<&SortKey>, key: i64) -> Fragment {
        let column = self.column;
        let key = Value::Int(key);
        let value = value.and_then(|value| self.value(value));
        let sign = match self.order {
            SortOrder::Ascending => " > ",
            SortOrder::Descending => " < ",
        };
        match (value, self.nullable, self.order) {
            // Compared as one, value and key are a range of the index.
            (Some(value), false, _) => Fragment::joined(&[" AND (", column, ", pk)", sign, "(?, ?)"], [value, key]),
            (Some(value), true, order) => {
                // Rows without a value are behind all others when ascending, and before them else.
                let rest = if order == SortOrder::Ascending {
                    Fragment::joined(&[" OR ", column, " IS NULL)"], [])
                } else {
                    Fragment::new(")", [])
                };
                let text = [" AND (", column, sign, "? OR (", column, " = ? AND pk", sign, "?)"];
                Fragment::joined(&text, [value.clone(), value, key]).and(&rest)
            }
            (None, _, SortOrder::Ascending) => Fragment::joined(&[" AND ", column, " IS NULL AND pk > ?"], [key]),
            (None, _, SortOrder::Descending) => Fragment::joined(&[" AND (", column, " IS NOT NULL OR pk < ?)"], [key]),
        }
    }

    /// The column to select, so that [`Self::read`] can read it.
    pub(super) fn column(&self) -> &'static str {
        self.column
    }

    /// The value of a row, from a column of the answer.
    pub(super) fn read(&self, row: &Row<'_>, column: usize) -> Result<Option<SortKey>, StoreError> {
        Ok(match self.kind {
            Kind::Text => row.opt_text(column)?.map(SortKey::Text),
            Kind::Instant => row.opt_int(column)?.map(SortKey::Instant),
            Kind::Bool => row.opt_int(column)?.map(|value| SortKey::Bool(value != 0)),
            Kind::Id => Some(SortKey::Text(read_id(row, column)?.to_string())),
        })
    }

    /// A value as the column holds it; `None` for one that it cannot hold, which only a cursor
    /// that we did not make can name.
    fn value(&self, key: &SortKey) -> Option<Value> {
        match (self.kind, key) {
            (Kind::Text, SortKey::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Instant, SortKey::Instant(at)) => Some(Value::Int(*at)),
            (Kind::Bool, SortKey::Bool(value)) => Some(Value::Int((*value).into())),
            (Kind::Id, SortKey::Text(text)) => {
                text.parse::<scim::ResourceId>().ok().map(|id| Value::Bytes(id.to_bytes().into()))
            }
            _ => None,
        }
    }
}
