//! Rows on their way into the database, many in one statement.

use std::collections::{BTreeMap, HashMap};

use scim::id::ResourceId;
use scim::resource::Document;
use scim::schema::{Registry, ResourceType};

use super::lines::Line;
use super::{Fault, Refusal};
use crate::attributes::Keys;
use crate::error::StoreError;
use crate::resources::apply::Context;
use crate::resources::read_id;
use crate::resources::rows::{BLOCK_BITS, Columns};
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::transfer::statements::{insert, insert_resources};
use crate::transfer::tables::{Column, InFile, Table, named};
use crate::transfer::values::{Given, Rows};
use crate::tx::{Param, Tx, Value};

/// A batch goes into the database when it has so many rows, or so many bytes.
const ROWS_MAX: u64 = 500;
const BYTES_MAX: usize = 1024 * 1024;

/// Rows of one kind from lines that follow each other.
pub(super) struct Batch {
    tenant: TenantKey,
    context: Context,
    /// `None`: members.
    table: Option<&'static Table>,
    rows: Rows,
    /// What else is written for each resource.
    resources: Vec<(ResourceId, u16, Keys)>,
    first: u64,
    last: u64,
}

impl Batch {
    pub(super) fn new(tenant: TenantKey, context: Context) -> Self {
        Self { tenant, context, table: None, rows: Rows::default(), resources: Vec::new(), first: 0, last: 0 }
    }

    /// What the tenant knows.
    pub(super) fn registry(&self) -> &Registry {
        &self.context.registry
    }

    /// Goes by what the tenant has defined, from here on. Nothing is waiting.
    pub(super) fn goes_by(&mut self, context: Context) {
        self.context = context;
    }

    /// Takes a line, which may send those before it on their way.
    pub(super) async fn add(&mut self, tx: &mut Tx, number: u64, line: Line) -> Result<(), Fault> {
        let table = if let Line::Row(table, _) = &line { Some(*table) } else { None };
        let is_same = table.map(|table| table.name) == self.table.map(|table| table.name);
        if !is_same || self.rows.count() >= ROWS_MAX || self.rows.len() >= BYTES_MAX {
            self.flush(tx).await?;
        }
        if self.rows.count() == 0 {
            (self.table, self.first) = (table, number);
        }
        self.last = number;
        match line {
            Line::Row(table, row) if table.in_file == InFile::Resources => {
                self.add_resource(table, &row).map_err(|reason| Refusal::Line { line: number, reason })?;
            }
            Line::Row(_, row) => {
                self.rows.begin();
                for given in row {
                    self.rows.push(given.value());
                }
            }
            Line::Members { group, members } => {
                for member in members {
                    self.rows.begin();
                    self.rows.push(Value::Bytes(&group.to_bytes()));
                    self.rows.push(Value::Bytes(&member.to_bytes()));
                }
            }
            Line::End(_) => {}
        }
        Ok(())
    }

    /// Adds a resource with the columns that follow from its document.
    fn add_resource(&mut self, table: &Table, row: &[Given]) -> Result<(), String> {
        let given =
            |name: &str| table.file_columns(true).zip(row).find(|(column, _)| column.name == name).map(|(_, it)| it);
        let (Some(Given::Int(key)), Some(Given::Bytes(id)), Some(Given::Text(body))) =
            (given("type"), given("id"), given("body"))
        else {
            return Err("a resource has a type, an id and a body".to_owned());
        };
        let resource_type = u16::try_from(*key).ok().and_then(|key| self.context.registry.type_keyed(key));
        let resource_type = resource_type.ok_or("there is no such resource type")?;
        let id = ResourceId::from_bytes(id).map_err(|error| error.to_string())?;
        let document = read_document(body, id, resource_type)?;
        let columns = Columns::of(&document, resource_type, id);
        let text = |text: &'_ Option<String>| text.clone().map_or(Given::Null, Given::Text);
        let derived = [
            ("active", columns.indexed.active.map_or(Given::Null, |active| Given::Int(active.into()))),
            ("user_name", text(&columns.indexed.user_name)),
            ("display_name", text(&columns.display_name)),
            ("external_id", text(&columns.indexed.external_id)),
            ("display", text(&columns.display)),
            ("body", Given::Text(columns.body)),
        ];
        self.rows.begin();
        for column in resource_columns(table) {
            let derived = derived.iter().find(|(name, _)| *name == column.name).map(|(_, it)| it);
            let value = derived.or_else(|| given(column.name)).ok_or_else(|| format!("{} is missing", column.name))?;
            self.rows.push(value.value());
        }
        self.resources.push((id, resource_type.key, Keys::of(&document, resource_type, &self.context)));
        Ok(())
    }

    /// Writes what has been gathered.
    pub(super) async fn flush(&mut self, tx: &mut Tx) -> Result<(), Fault> {
        let (count, rows) = (self.rows.count(), self.rows.take());
        if count == 0 {
            return Ok(());
        }
        let resources = std::mem::take(&mut self.resources);
        let written = match self.table {
            None => add_members(tx, self.tenant, &rows, count).await,
            Some(table) if table.in_file == InFile::Resources => {
                add_resources(tx, self.tenant, table, &rows, &resources).await
            }
            Some(table) => {
                let columns: Vec<&Column> = table.file_columns(true).collect();
                write(tx, self.tenant, table, &columns, &rows).await
            }
        };
        written.map_err(|error| {
            let (first, last) = (self.first, self.last);
            let reason = match error {
                StoreError::NotUnique(column) => format!("{column} is not unique"),
                StoreError::Corrupt(reason) => reason,
                StoreError::NoSuchReference(what) => format!("they refer to what is not there: {what}"),
                error => return Fault::Store(error),
            };
            Refusal::Lines { first, last, reason }.into()
        })
    }
}

/// The columns of a new row, but for its tenant and number.
fn resource_columns(table: &Table) -> impl Iterator<Item = &'static Column> {
    table.columns.iter().filter(|column| column.name != "tenant" && column.name != "pk")
}

fn read_document(body: &str, id: ResourceId, resource_type: &ResourceType) -> Result<Document, String> {
    if id.prefix() != resource_type.id_prefix {
        return Err(format!("{id} is not the id of a {}", resource_type.name));
    }
    let document = Document::from_body(body).map_err(|error| error.to_string())?;
    if body.contains(&format!("\"id\":\"{id}\"")) { Ok(document) } else { Err(format!("the body is not that of {id}")) }
}

async fn write(
    tx: &mut Tx,
    tenant: TenantKey,
    table: &Table,
    columns: &[&Column],
    rows: &str,
) -> Result<(), StoreError> {
    tx.execute(&insert(table, columns), &[tenant.into(), rows.into()]).await.map(drop)
}

/// Resources, then what their documents have in other tables: four statements.
async fn add_resources(
    tx: &mut Tx,
    tenant: TenantKey,
    table: &Table,
    rows: &str,
    resources: &[(ResourceId, u16, Keys)],
) -> Result<(), StoreError> {
    let columns: Vec<&Column> = resource_columns(table).collect();
    let statement = insert_resources(table, &columns);
    let pks: HashMap<ResourceId, i64> = tx
        .query(&statement, &[tenant.into(), rows.into()], |row| Ok((read_id(row, 0)?, row.int(1)?)))
        .await?
        .into_iter()
        .collect();

    let (mut indexed, mut unique, mut blocks) = (Rows::default(), Rows::default(), Rows::default());
    let mut per_block: BTreeMap<(u16, i64), i64> = BTreeMap::new();
    for (id, type_key, keys) in resources {
        let pk = *pks.get(id).ok_or_else(crate::tenants::no_row)?;
        *per_block.entry((*type_key, pk >> BLOCK_BITS)).or_default() += 1;
        for (attribute, value) in &keys.indexed {
            push(&mut indexed, &[Value::Int((*attribute).into()), Value::Text(value), Value::Int(pk)]);
        }
        for (attribute, value) in &keys.unique {
            let type_key = Value::Int((*type_key).into());
            push(&mut unique, &[type_key, Value::Text(attribute), Value::Text(value), Value::Int(pk)]);
        }
    }
    for ((type_key, block), count) in per_block {
        push(&mut blocks, &[Value::Int(type_key.into()), Value::Int(block), Value::Int(count)]);
    }
    add_derived(tx, tenant, "attribute_values", indexed).await?;
    add_derived(tx, tenant, "unique_keys", unique).await?;
    add_derived(tx, tenant, "resource_blocks", blocks).await
}

fn push(rows: &mut Rows, values: &[Value<'_>]) {
    rows.begin();
    for value in values {
        rows.push(*value);
    }
}

async fn add_derived(tx: &mut Tx, tenant: TenantKey, name: &str, mut rows: Rows) -> Result<(), StoreError> {
    let Some(table) = named(name).filter(|_| rows.count() > 0) else { return Ok(()) };
    let columns: Vec<&Column> = table.columns.iter().filter(|column| column.name != "tenant").collect();
    write(tx, tenant, table, &columns, &rows.take()).await
}

async fn add_members(tx: &mut Tx, tenant: TenantKey, rows: &str, count: u64) -> Result<(), StoreError> {
    let written = tx.execute(&ADD_MEMBERS, &[tenant.into(), Param::from(rows)]).await?;
    if written == count {
        return Ok(());
    }
    Err(StoreError::NoSuchReference("a group or a member that is not in the file".into()))
}

// LATERAL and OFFSET 0 make PostgreSQL follow the order in which this is written, as CROSS JOIN does SQLite.
pub(crate) static ADD_MEMBERS: Stmt = sql! {
    sqlite: "INSERT INTO members (tenant, group_pk, member_pk)
             SELECT $1, g.pk, m.pk FROM json_each($2) AS given
             CROSS JOIN resources AS g ON g.tenant = $1 AND g.id = unhex(given.value ->> 0)
             CROSS JOIN resources AS m ON m.tenant = $1 AND m.id = unhex(given.value ->> 1)",
    postgres: "INSERT INTO members (tenant, group_pk, member_pk)
               SELECT $1, g.pk, m.pk
               FROM (SELECT decode(e ->> 0, 'hex') AS group_id, decode(e ->> 1, 'hex') AS member_id
                     FROM jsonb_array_elements(cast($2 AS jsonb)) AS given (e) OFFSET 0) AS given
               CROSS JOIN LATERAL (SELECT pk FROM resources WHERE tenant = $1 AND id = given.group_id OFFSET 0) AS g
               CROSS JOIN LATERAL (SELECT pk FROM resources WHERE tenant = $1 AND id = given.member_id OFFSET 0) AS m",
};
