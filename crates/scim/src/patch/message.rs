//! The PatchOp message (RFC 7644 §3.5.2): body → operations, not yet understood.

use crate::dialect::{Dialect, EMPTY_AS_UNASSIGNED, MISSING_SCHEMAS, ONE_AS_MANY, OP_IN_ANY_CASE};
use crate::error::ScimError;
use crate::json::{Json, Object};
use crate::resource::Notes;

/// How many operations one PATCH request may have; as many as a bulk request, since authentik
/// sends one for each member and cuts its requests by that number.
pub const OPERATIONS_MAX: usize = 10_000;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// One operation as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    /// `None` also when it is `null` or empty.
    pub(super) path: Option<String>,
    /// `Some(Json::Null)` when it is there and `null`.
    pub(super) value: Option<Json>,
}

/// The `op` of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Remove,
    Replace,
}

/// Reads the operations, and the dialect that their spelling tells.
///
/// Names of members have any case, unknown ones are ignored, `schemas` may be missing.
///
/// # Errors
/// [`ScimError::Syntax`] when it is no PatchOp, [`ScimError::TooLarge`] beyond [`OPERATIONS_MAX`].
pub(super) fn read(body: Json, dialect: Dialect, notes: &mut Notes) -> Result<(Vec<Operation>, Dialect), ScimError> {
    let Json::Object(mut body) = body else {
        return Err(syntax("The body of a PATCH is a JSON object with 'Operations'".into()));
    };
    check_schemas(take(&mut body, "schemas", "the body")?.as_ref(), notes)?;
    let operations = match take(&mut body, "Operations", "the body")? {
        Some(Json::Array(operations)) if !operations.is_empty() => operations,
        Some(one @ Json::Object(_)) => {
            notes.mended(&ONE_AS_MANY);
            vec![one]
        }
        _ => return Err(syntax("'Operations' is missing or is not an array of one or more operations".into())),
    };
    if operations.len() > OPERATIONS_MAX {
        let text = format!("A PATCH has at most {OPERATIONS_MAX} operations, this one has {}", operations.len());
        return Err(ScimError::TooLarge(text));
    }
    let mut read = Vec::with_capacity(operations.len());
    let mut dialect = dialect;
    for (place, operation) in operations.into_iter().enumerate() {
        let (operation, heard) = read_operation(operation, place + 1, dialect, notes)?;
        dialect = heard;
        read.push(operation);
    }
    Ok((read, dialect))
}

fn read_operation(
    json: Json,
    number: usize,
    dialect: Dialect,
    notes: &mut Notes,
) -> Result<(Operation, Dialect), ScimError> {
    let whose = format!("operation {number}");
    let Json::Object(mut members) = json else {
        return Err(syntax(format!("{whose} is not a JSON object")));
    };
    let Some(Json::String(op)) = take(&mut members, "op", &whose)? else {
        return Err(syntax(format!("{whose} has no 'op', which is 'add', 'remove' or 'replace'")));
    };
    let lower = op.to_ascii_lowercase();
    if lower != op {
        notes.mended(&OP_IN_ANY_CASE);
    }
    let verb = match lower.as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        _ => {
            let op: String = op.chars().take(30).collect();
            return Err(syntax(format!("{whose} has the unknown 'op' '{op}'; known are add, remove and replace")));
        }
    };
    let path = match take(&mut members, "path", &whose)? {
        Some(Json::String(path)) if path.is_empty() => {
            notes.mended(&EMPTY_AS_UNASSIGNED);
            None
        }
        Some(Json::String(path)) => Some(path),
        Some(Json::Null) | None => None,
        Some(_) => return Err(ScimError::path("", format!("the path of {whose} is not a string"))),
    };
    let value = take(&mut members, "value", &whose)?;
    for name in members.keys() {
        notes.ignored(format!("Operations.{name}"));
    }
    Ok((Operation { verb, path, value }, dialect.hearing(&op)))
}

fn check_schemas(schemas: Option<&Json>, notes: &mut Notes) -> Result<(), ScimError> {
    let named = match schemas {
        Some(Json::Array(urns)) if !urns.is_empty() => urns.as_slice(),
        None | Some(Json::Null | Json::Array(_)) => {
            notes.mended(&MISSING_SCHEMAS);
            return Ok(());
        }
        Some(one) => {
            notes.mended(&ONE_AS_MANY);
            std::slice::from_ref(one)
        }
    };
    let is_patch_op = |urn: &Json| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP));
    if named.iter().any(is_patch_op) { Ok(()) } else { Err(syntax(format!("'schemas' of a PATCH names {PATCH_OP}"))) }
}

/// Takes out the member of that name in any spelling.
fn take(members: &mut Object, name: &str, whose: &str) -> Result<Option<Json>, ScimError> {
    let mut spellings = members.keys().filter(|key| key.eq_ignore_ascii_case(name));
    let Some(spelling) = spellings.next().cloned() else { return Ok(None) };
    if spellings.next().is_some() {
        return Err(syntax(format!("{whose} has '{name}' more than once, in different spellings")));
    }
    Ok(members.remove(&spelling))
}

fn syntax(text: String) -> ScimError {
    ScimError::Syntax(text)
}
