//! What resources belong to, as long as that does not belong to anything itself: most groups are in no
//! group, and then there is nothing to be followed.

use std::collections::HashMap;

use super::{Membership, MembershipRow, gather};
use crate::error::StoreError;
use crate::resources::ResourceKey;
use crate::sql;
use crate::sql::Stmt;
use crate::tenants::TenantKey;
use crate::tx::{Row, Tx};
use scim::id::ResourceId;

/// What the resources from one key to another belong to, in the order in which the groups were created; one
/// that belongs to nothing is not in the answer. One statement. `None` when that is not all, since
/// some of it belongs to something else, or there are more than `most` memberships.
///
/// # Errors
/// [`StoreError`] of the reading.
pub(crate) async fn of_range(
    tx: &mut Tx,
    tenant: TenantKey,
    (first, last): (ResourceKey, ResourceKey),
    most: u32,
) -> Result<Option<HashMap<ResourceKey, Vec<Membership>>>, StoreError> {
    let params = [tenant.into(), first.0.into(), last.0.into(), (most + 1).into()];
    let read = |row: &Row<'_>| Ok((MembershipRow::read(row)?, row.bool(6)?));
    let mut rows = tx.query(&OF_RANGE, &params, read).await?;
    if rows.len() > most as usize || rows.iter().any(|(_, is_within)| *is_within) {
        return Ok(None);
    }
    rows.sort_by_key(|(row, _)| row.key);
    Ok(Some(gather(rows.into_iter().map(|(row, _)| (row.of, row.membership)))))
}

pub(crate) static OF_RANGE: Stmt = sql! {
    sqlite: "SELECT m.member_pk, g.pk, g.id, g.type, g.display, 1,
                    EXISTS (SELECT 1 FROM members AS above WHERE above.tenant = $1 AND above.member_pk = g.pk)
             FROM members AS m CROSS JOIN resources AS g ON g.tenant = $1 AND g.pk = m.group_pk
             WHERE m.tenant = $1 AND m.member_pk BETWEEN $2 AND $3 AND m.group_pk <> m.member_pk LIMIT $4",
    postgres: "SELECT m.member_pk, g.pk, g.id, g.type, g.display, 1, g.is_within
               FROM (SELECT member_pk, group_pk FROM members
                     WHERE tenant = $1 AND member_pk BETWEEN $2 AND $3 AND group_pk <> member_pk LIMIT $4) AS m
               CROSS JOIN LATERAL (
                   SELECT pk, id, type, display,
                          CASE WHEN EXISTS (SELECT 1 FROM members AS above WHERE above.tenant = $1
                                                AND above.member_pk = resources.pk OFFSET 0) THEN 1 ELSE 0 END AS is_within
                   FROM resources WHERE tenant = $1 AND pk = m.group_pk OFFSET 0) AS g",
};

/// A column of a statement that reads `resources`: what the row belongs to, as JSON that [`read`]
/// understands.
macro_rules! column {
    (sqlite) => {
        "(SELECT json_group_array(json_array(g.pk, hex(g.id), g.type, g.display,
                 EXISTS (SELECT 1 FROM members AS above WHERE above.tenant = $1 AND above.member_pk = g.pk)))
          FROM members AS m CROSS JOIN resources AS g ON g.tenant = $1 AND g.pk = m.group_pk
          WHERE m.tenant = $1 AND m.member_pk = resources.pk AND m.group_pk <> m.member_pk)"
    };
    (postgres) => {
        "(SELECT cast(json_agg(json_build_array(g.pk, encode(g.id, 'hex'), g.type, g.display, g.is_within)) AS text)
          FROM (SELECT group_pk FROM members
                WHERE tenant = $1 AND member_pk = resources.pk AND group_pk <> member_pk OFFSET 0) AS m
          CROSS JOIN LATERAL (
              SELECT pk, id, type, display,
                     CASE WHEN EXISTS (SELECT 1 FROM members AS above WHERE above.tenant = $1
                                           AND above.member_pk = resources.pk OFFSET 0) THEN 1 ELSE 0 END AS is_within
              FROM resources WHERE tenant = $1 AND pk = m.group_pk OFFSET 0) AS g)"
    };
}

pub(crate) use column;

/// Reads that column. `None` when it is not all, as in [`of_range`].
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not what the column gives.
pub(crate) fn read(row: &Row<'_>, column: usize) -> Result<Option<Vec<Membership>>, StoreError> {
    // Most belong to nothing.
    let Some(text) = row.opt_text_ref(column)?.filter(|text| *text != "[]") else { return Ok(Some(Vec::new())) };
    let broken = || StoreError::Corrupt(format!("column {column} should be memberships"));
    let mut groups: Vec<Group> = serde_json::from_str(text).map_err(|_| broken())?;
    if groups.iter().any(|group| group.4 != 0) {
        return Ok(None);
    }
    groups.sort_unstable_by_key(|group| group.0);
    let membership = |Group(_, id, resource_type, display, _)| {
        Some(Membership { id: id_of(&id)?, resource_type, display, direct: true })
    };
    groups.into_iter().map(membership).collect::<Option<Vec<_>>>().ok_or_else(broken).map(Some)
}

/// Key, id in hexadecimal, type, name, whether it belongs to something itself.
#[derive(serde::Deserialize)]
struct Group(i64, String, u16, Option<String>, u8);

fn id_of(hex: &str) -> Option<ResourceId> {
    let mut bytes = [0; ResourceId::BYTES];
    if hex.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(digits[0])? << 4 | digit(digits[1])?).ok()?;
    }
    ResourceId::from_bytes(&bytes).ok()
}
