//! Comparisons as SQL: which column, index or table answers each.

use scim::filter::{Comparison, Operator, Value as Operand};
use scim::id::ResourceId;
use scim::schema::{Attribute, Kind, Relation, ResourceType, Target};
use scim::time;

use super::fragment::{Fragment, Value};
use super::{Keys, Predicate, Rank};
use crate::attributes::USER_NAME;
use crate::resources::rows::has_unique_user_name;

/// Where the values of an attribute are, other than in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Id,
    /// A column of text; whether it has an index, and how many rows can have one value of it.
    Text {
        column: &'static str,
        index: Option<Rank>,
    },
    Active,
    Created,
    Modified,
    /// The attribute index, under this number.
    Indexed(u32),
    /// `value` of `members` or `groups`.
    Related(Relation),
    /// The same for all resources of a type.
    TypeName,
    /// Some other part of `meta`, which every resource has.
    Meta,
}

impl Place {
    pub(crate) fn of(target: &Target<'_>, resource_type: &ResourceType) -> Option<Self> {
        let attribute = target.attribute?;
        let leaf = target.leaf()?;
        if let Some(relation) = attribute.relation {
            let is_value = target.sub_attribute.is_some_and(|sub| sub.name == "value");
            return if is_value { Some(Self::Related(relation)) } else { None };
        }
        let by_name = if target.in_extension { None } else { Self::by_name(target, attribute, resource_type) };
        by_name.or_else(|| leaf.indexed.filter(|_| !leaf.index_in_making).map(Self::Indexed))
    }

    fn by_name(target: &Target<'_>, attribute: &Attribute, resource_type: &ResourceType) -> Option<Self> {
        let folded = attribute.kind == Kind::String && !attribute.multi_valued && !attribute.case_exact;
        match (attribute.name.as_str(), target.sub_attribute.map(|sub| sub.name.as_str())) {
            ("id", None) => Some(Self::Id),
            ("externalId", None) => Some(Self::Text { column: "external_id", index: Some(Rank::Point) }),
            ("meta", Some("created")) => Some(Self::Created),
            ("meta", Some("lastModified")) => Some(Self::Modified),
            ("meta", Some("resourceType")) => Some(Self::TypeName),
            ("meta", _) => Some(Self::Meta),
            (USER_NAME, None) if folded && has_unique_user_name(resource_type) => {
                Some(Self::Text { column: "user_name", index: Some(Rank::Unique) })
            }
            ("displayName", None) if folded && (attribute.indexed.is_none() || attribute.index_in_making) => {
                Some(Self::Text { column: "display_name", index: None })
            }
            ("active", None) if attribute.kind == Kind::Boolean && !attribute.multi_valued => Some(Self::Active),
            _ => None,
        }
    }
}

/// The keys of the resources for which a comparison holds, exactly; `None` when no index tells.
pub(super) fn keys(comparison: &Comparison<'_>, resource_type: &ResourceType) -> Option<Keys> {
    let Comparison { target, operator, operand } = comparison;
    let place = Place::of(target, resource_type)?;
    let (rank, keys) = match (place, operand) {
        (Place::Id, Operand::Text(text)) if *operator == Operator::Eq => {
            let id: ResourceId = text.parse().ok()?;
            (Rank::Unique, rows_where(&Fragment::new("id = ?", [Value::Bytes(id.to_bytes().into())])))
        }
        (Place::Text { column, index: Some(best) }, Operand::Text(text)) => {
            (rank(*operator, text, best)?, rows_where(&text_condition(column, *operator, text)?))
        }
        (Place::Modified, Operand::Instant(at)) => {
            (Rank::Modified, rows_where(&number_condition("modified", *operator, *at)?))
        }
        // A resource has never changed before it was created, so the index on `modified` helps.
        (Place::Created, Operand::Instant(at)) if matches!(operator, Operator::Eq | Operator::Gt | Operator::Ge) => {
            let created = number_condition("created", *operator, *at)?;
            (Rank::Modified, rows_where(&Fragment::new("modified >= ? AND ", [Value::Int(*at)]).and(&created)))
        }
        (Place::Indexed(number), Operand::Text(text)) => {
            (rank(*operator, text, Rank::Point)?, indexed(number, &text_condition("value", *operator, text)?))
        }
        // Written alike, times in UTC sort as they follow each other.
        (Place::Indexed(number), Operand::Instant(at)) => {
            let text = time::format(*at);
            (rank(*operator, &text, Rank::Point)?, indexed(number, &text_condition("value", *operator, &text)?))
        }
        // Whole numbers do not sort as their texts, but each has one text.
        (Place::Indexed(index), Operand::Number(number)) if *operator == Operator::Eq && !number.is_f64() => {
            (Rank::Point, indexed(index, &text_condition("value", *operator, &number.to_string())?))
        }
        (Place::Related(relation), Operand::Text(text)) if *operator == Operator::Eq => {
            let id: ResourceId = text.parse().ok()?;
            let [sqlite, postgres] = match relation {
                Relation::Members => HAS_MEMBER,
                // Of those who contain themselves `groups` does not say so.
                Relation::MemberOf if resource_type.relation(Relation::Members).is_some() => return None,
                Relation::MemberOf => BELONGS_TO,
            };
            (Rank::Point, Fragment::forked(sqlite, postgres, [Value::Bytes(id.to_bytes().into())]))
        }
        _ => return None,
    };
    Some(Keys { rank, exact: true, parts: vec![keys] })
}

/// The number under which it is noted which resources have values of the extension that `target` is.
pub(super) fn presence(target: &Target<'_>) -> Option<u32> {
    target.schema.filter(|_| target.in_extension && target.attribute.is_none())?.presence
}

/// The keys of the resources that have values of the extension that `target` is, among them those whose
/// values are all empty, which do not count as present.
pub(super) fn keys_of_extension(target: &Target<'_>) -> Option<Keys> {
    let keys = indexed(presence(target)?, &Fragment::new("value = ''", []));
    Some(Keys { rank: Rank::Range, exact: false, parts: vec![keys] })
}

fn indexed(number: u32, condition: &Fragment) -> Fragment {
    let start = "SELECT pk FROM attribute_values WHERE tenant = $1 AND attribute = ? AND ";
    Fragment::new(start, [Value::Int(number.into())]).and(condition)
}

// LATERAL and OFFSET 0 make PostgreSQL begin with the one resource that is named.
const HAS_MEMBER: [&str; 2] = [
    "SELECT m.group_pk AS pk FROM resources AS r \
     JOIN members AS m ON m.tenant = $1 AND m.member_pk = r.pk WHERE r.tenant = $1 AND r.id = ?",
    "SELECT m.group_pk AS pk FROM resources AS r CROSS JOIN LATERAL \
     (SELECT group_pk FROM members WHERE tenant = $1 AND member_pk = r.pk OFFSET 0) AS m \
     WHERE r.tenant = $1 AND r.id = ?",
];

const BELONGS_TO: [&str; 2] = [
    "SELECT pk FROM (WITH RECURSIVE below (pk) AS (\
     SELECT m.member_pk FROM resources AS r JOIN members AS m ON m.tenant = $1 AND m.group_pk = r.pk \
     WHERE r.tenant = $1 AND r.id = ? \
     UNION SELECT m.member_pk FROM below JOIN members AS m ON m.tenant = $1 AND m.group_pk = below.pk) \
     SELECT pk FROM below) AS below",
    "SELECT pk FROM (WITH RECURSIVE below (pk) AS (\
     SELECT m.member_pk FROM resources AS r CROSS JOIN LATERAL \
     (SELECT member_pk FROM members WHERE tenant = $1 AND group_pk = r.pk OFFSET 0) AS m \
     WHERE r.tenant = $1 AND r.id = ? \
     UNION SELECT m.member_pk FROM below CROSS JOIN LATERAL \
     (SELECT member_pk FROM members WHERE tenant = $1 AND group_pk = below.pk OFFSET 0) AS m) \
     SELECT pk FROM below) AS below",
];

fn rows_where(condition: &Fragment) -> Fragment {
    Fragment::new("SELECT pk FROM resources WHERE tenant = $1 AND type = $2 AND ", []).and(condition)
}

/// How much of an index on texts a comparison reads; `best` is what equality reads.
fn rank(operator: Operator, operand: &str, best: Rank) -> Option<Rank> {
    match operator {
        Operator::Eq => Some(best),
        Operator::Sw if operand.is_empty() => Some(Rank::Scan),
        Operator::Sw | Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => Some(Rank::Range),
        Operator::Co | Operator::Ew => Some(Rank::Scan),
        Operator::Ne => None,
    }
}

/// A comparison as a condition on a row: exact, and never NULL. `None` when the row does not tell.
pub(super) fn predicate(comparison: &Comparison<'_>, resource_type: &ResourceType) -> Option<Predicate> {
    let Comparison { target, operator, operand } = comparison;
    let place = Place::of(target, resource_type)?;
    Some(Predicate::Sql(match (place, operand) {
        (Place::TypeName, Operand::Text(_)) => {
            return Some(Predicate::Always(comparison.matches(&resource_type.name.as_str().into())));
        }
        (Place::Id, Operand::Text(text)) if matches!(operator, Operator::Eq | Operator::Ne) => {
            let equal = *operator == Operator::Eq;
            // What is no id of ours is the id of nothing.
            let Ok(id) = text.parse::<ResourceId>() else { return Some(Predicate::Always(!equal)) };
            Fragment::new(if equal { "id = ?" } else { "id <> ?" }, [Value::Bytes(id.to_bytes().into())])
        }
        (Place::Text { column, .. }, Operand::Text(text)) if *operator == Operator::Ne => {
            or_null(column, &Fragment::joined(&[column, " <> ?"], [Value::Text(text.clone())]))
        }
        (Place::Text { column, .. }, Operand::Text(text)) => {
            text_condition(column, *operator, text)?.within("coalesce(", ", FALSE)")
        }
        (Place::Active, Operand::Bool(value)) => {
            let value = [Value::Int((*value).into())];
            match operator {
                Operator::Eq => Fragment::new("coalesce(active = ?, FALSE)", value),
                Operator::Ne => or_null("active", &Fragment::new("active <> ?", value)),
                _ => return None,
            }
        }
        (Place::Created, Operand::Instant(at)) => order_condition("created", *operator, *at)?,
        (Place::Modified, Operand::Instant(at)) => order_condition("modified", *operator, *at)?,
        (Place::Related(_), Operand::Text(text))
            if *operator == Operator::Eq && text.parse::<ResourceId>().is_err() =>
        {
            return Some(Predicate::Always(false));
        }
        // A set that PostgreSQL is to make once, and not to search for each row.
        (Place::Indexed(_) | Place::Related(_), _) => {
            Fragment::new("(pk IN (", []).and(&keys(comparison, resource_type)?.sql()).and_texts("))", ")) IS TRUE")
        }
        _ => return None,
    }))
}

/// "Has a value" as a condition on a row.
pub(super) fn present(target: &Target<'_>, resource_type: &ResourceType) -> Option<Predicate> {
    match Place::of(target, resource_type)? {
        Place::Id | Place::Created | Place::Modified | Place::TypeName | Place::Meta => Some(Predicate::Always(true)),
        Place::Text { .. } if target.attribute.is_some_and(|attribute| attribute.required) => {
            Some(Predicate::Always(true))
        }
        Place::Text { column, .. } => {
            Some(Predicate::Sql(Fragment::joined(&["coalesce(", column, " <> '', FALSE)"], [])))
        }
        Place::Active => Some(Predicate::Sql(Fragment::new("active IS NOT NULL", []))),
        Place::Indexed(_) | Place::Related(_) => None,
    }
}

fn or_null(column: &'static str, condition: &Fragment) -> Fragment {
    Fragment::joined(&["(", column, " IS NULL OR "], []).and(condition).and_text(")")
}

fn order_condition(column: &'static str, operator: Operator, value: i64) -> Option<Fragment> {
    if operator == Operator::Ne {
        return Some(Fragment::joined(&[column, " <> ?"], [Value::Int(value)]));
    }
    number_condition(column, operator, value)
}

fn number_condition(column: &'static str, operator: Operator, value: i64) -> Option<Fragment> {
    Some(Fragment::joined(&[column, sign(operator)?], [Value::Int(value)]))
}

/// A comparison of texts, other than `ne`; NULL for a row without a value.
fn text_condition(column: &'static str, operator: Operator, operand: &str) -> Option<Fragment> {
    let value = || Value::Text(operand.to_owned());
    if let Some(sign) = sign(operator) {
        return Some(Fragment::joined(&[column, sign], [value()]));
    }
    match operator {
        Operator::Co | Operator::Sw | Operator::Ew if operand.is_empty() => {
            Some(Fragment::joined(&[column, " >= ''"], []))
        }
        Operator::Sw => Some(match first_after(operand) {
            Some(end) => Fragment::joined(&[column, " >= ? AND ", column, " < ?"], [value(), Value::Text(end)]),
            None => Fragment::joined(&[column, " >= ?"], [value()]),
        }),
        // Not LIKE, which takes ASCII letters of either case for the same in SQLite. `>= ''` lets
        // a partial index on what is not NULL be used.
        Operator::Co => {
            Some(Fragment::joined(&[column, " >= '' AND replace(", column, ", ?, '') <> ", column], [value()]))
        }
        Operator::Ew => {
            let long_enough = [column, " >= '' AND length(", column, ") >= length(cast(? AS text)) AND "];
            let end = ["substr(", column, ", length(", column, ") - length(cast(? AS text)) + 1) = ?"];
            Some(Fragment::joined(&long_enough, [value()]).and(&Fragment::joined(&end, [value(), value()])))
        }
        Operator::Eq | Operator::Ne | Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => None,
    }
}

/// What stands behind the column.
fn sign(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Eq => Some(" = ?"),
        Operator::Gt => Some(" > ?"),
        Operator::Ge => Some(" >= ?"),
        Operator::Lt => Some(" < ?"),
        Operator::Le => Some(" <= ?"),
        Operator::Ne | Operator::Co | Operator::Sw | Operator::Ew => None,
    }
}

/// The first text, in the order of code points, that comes after all that start with `prefix`;
/// `None` when nothing does.
fn first_after(prefix: &str) -> Option<String> {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        let next = match last {
            // Between these two lie the surrogates, which are no characters.
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_with_a_prefix_ends_before_the_next_text() {
        assert_eq!(first_after("ab").as_deref(), Some("ac"));
        assert_eq!(first_after("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(first_after("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(first_after("\u{10FFFF}"), None);
        assert_eq!(first_after(""), None);
    }
}
