//! Habits of identity providers that we accept though the RFCs do not ask for it.
//!
//! Two tables. [`REPAIRS`]: what is accepted, and as what; each repair made is named in
//! [`crate::resource::Notes`]. [`HABITS`]: which product does what, by which repair it is understood
//! if it needs one, and which recorded transcript shows it. A repair that contradicts no MUST is made
//! for everybody; the others only where [`Dialect::makes`] says so. Nothing else in the workspace asks
//! which product is at the other end.

mod habits;

pub use habits::{HABITS, Habit, Level, Product};

use crate::resource::Notes;

/// Whose rules apply where a client's habit contradicts the RFCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The RFCs'.
    #[default]
    Generic,
    /// Microsoft Entra ID's.
    Entra,
    /// OneLogin's.
    OneLogin,
}

impl Dialect {
    /// The dialect of the product that a token was made for: `entra`, or any other name.
    #[must_use]
    pub fn of(identity_provider: &str) -> Self {
        match identity_provider {
            "entra" => Self::Entra,
            "onelogin" => Self::OneLogin,
            _ => Self::Generic,
        }
    }

    /// The dialect after a PATCH operation called `op` was seen: only Entra ID capitalises them
    /// (transcript `entra/add-single-value-capitalised`).
    #[must_use]
    pub fn hearing(self, op: &str) -> Self {
        if matches!(op, "Add" | "Replace" | "Remove") { Self::Entra } else { self }
    }

    /// Whether a repair is made in this dialect.
    #[must_use]
    pub fn makes(self, repair: &Repair) -> bool {
        repair.only_in.is_none_or(|only| only == self)
    }
}

/// A way of accepting what the RFCs do not ask us to accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// Its name in the request log, and in refusals by strict tenants.
    pub name: &'static str,
    /// What is accepted, and as what.
    pub accepts: &'static str,
    /// Made in this dialect only, as it contradicts a MUST or SHALL; `None`: made for everybody.
    pub only_in: Option<Dialect>,
}

macro_rules! repairs {
    ($($constant:ident: $name:literal, $only_in:expr, $accepts:literal;)*) => {
        $(
            #[doc = $accepts]
            pub const $constant: Repair = Repair { name: $name, accepts: $accepts, only_in: $only_in };
        )*
        /// The table of repairs.
        pub const REPAIRS: &[Repair] = &[$($constant),*];
    };
}

repairs! {
    BOOLEAN_AS_TEXT: "boolean-as-text", None,
        "`\"True\"` and `\"False\"`, in any letter case, where a boolean belongs: in values and in filters";
    UNQUOTED_OPERAND: "unquoted-operand", None,
        "A value after `eq` without quotes, for an attribute that holds text: that text";
    SUB_ATTRIBUTE_OF_VALUES: "sub-attribute-of-values", None,
        "`emails[type eq \"work\"].value eq \"x\"` as a filter: `emails[type eq \"work\" and value eq \"x\"]`";
    BARE_REFERENCE: "bare-reference", None,
        "An attribute with one complex value in a filter, as in `manager eq \"x\"`: its `value`";
    REFERENCE_AS_TEXT: "reference-as-text", None,
        "A complex attribute with a `value` as a bare string: that `value`";
    ONE_AS_MANY: "one-as-many", None,
        "A single value where a list belongs: the list of it";
    MANY_AS_ONE: "many-as-one", None,
        "A list of one where a single value belongs: that value";
    REMOVE_LISTED: "remove-listed-values", None,
        "`remove` of a multi-valued attribute with a list of values: those values only";
    DOTTED_KEY: "dotted-key", None,
        "Keys `name.givenName` and `URN:attribute` in a PATCH value without path, the latter in a POST or PUT too: that path";
    DOTTED_EXTENSION: "dotted-extension", None,
        "`URN.attribute`, with a dot where a colon belongs: that attribute of the extension";
    UNQUALIFIED_NAME: "unqualified-name", None,
        "The attribute of an extension without the URN before it, in a filter or a PATCH path, if no other attribute has that name: that attribute (RFC 7644 section 3.10: SHOULD be qualified)";
    UNCHANGED_ID: "unchanged-id", None,
        "`id`, `schemas` and `meta` in a PATCH value without path: nothing";
    OP_IN_ANY_CASE: "op-in-any-case", None,
        "`Add`, `Replace`, `Remove` in any letter case as the `op` of a PATCH operation: that operation";
    MISSING_SCHEMAS: "missing-schemas", None,
        "A body without `schemas`: that of the endpoint";
    UNKNOWN_SCHEMA: "unknown-schema", None,
        "A URI in the `schemas` of a resource that the tenant does not know: nothing";
    EMPTY_AS_UNASSIGNED: "empty-as-unassigned", None,
        "`\"\"` for what no empty string can be (an object, a reference, a time, binary data): unassigned";
    BOTH_SELECTIONS: "both-selections", None,
        "`attributes` together with `excludedAttributes`, which exclude each other: `attributes` alone";
    REPLACE_CREATES: "replace-creates", Some(Dialect::Entra),
        "`replace` through a value filter that matches nothing: the value is created (RFC 7644 section 3.5.2.3: noTarget)";
    EMPTY_CLEARS: "empty-clears", Some(Dialect::Entra),
        "`\"\"` as the new value of an attribute that is not required: the attribute is unassigned";
    UNKNOWN_EXTENSION: "unknown-extension", Some(Dialect::Entra),
        "A PATCH path into an extension that the tenant does not know: nothing";
    PLAIN_JSON: "plain-json", Some(Dialect::OneLogin),
        "No `Accept`, or one that admits anything: the answer is `application/json` (RFC 7644 section 8.1: `application/scim+json`)";
}

/// What a tenant whose setting `strict` is on says to a request that needed repairs; `None` when it
/// needed none.
#[must_use]
pub fn refusal(notes: &Notes) -> Option<String> {
    let needed = REPAIRS.iter().filter(|repair| notes.repairs.contains(&repair.name));
    let named: Vec<String> = needed.map(|repair| format!("{} ({})", repair.name, repair.accepts)).collect();
    if named.is_empty() {
        return None;
    }
    Some(format!("The setting 'strict' of this tenant allows no repairs, and the request needs: {}", named.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_repair_has_a_name_of_its_own() {
        for (place, repair) in REPAIRS.iter().enumerate() {
            assert!(REPAIRS[..place].iter().all(|other| other.name != repair.name), "{}", repair.name);
        }
    }

    #[test]
    fn each_repair_is_somebodys_habit() {
        for repair in REPAIRS {
            assert!(HABITS.iter().any(|habit| habit.repair == Some(repair)), "{}: nobody needs it", repair.name);
        }
    }

    #[test]
    fn a_repair_that_contradicts_the_rfcs_is_made_for_its_own_product_only() {
        for habit in HABITS {
            let Some(repair) = habit.repair else { continue };
            let own = Dialect::of(habit.product.folder());
            assert!(own.makes(repair), "{}: {}", habit.product.name(), repair.name);
            assert_eq!(Dialect::Generic.makes(repair), repair.only_in.is_none(), "{}", repair.name);
        }
    }

    #[test]
    fn capitalised_operations_are_the_dialect_of_entra() {
        assert_eq!(Dialect::Generic.hearing("Replace"), Dialect::Entra);
        assert_eq!(Dialect::Generic.hearing("REPLACE"), Dialect::Generic);
        assert_eq!(Dialect::of("entra").hearing("add"), Dialect::Entra);
        assert_eq!(Dialect::of("okta"), Dialect::Generic);
    }

    #[test]
    fn a_refusal_names_the_setting_and_each_repair() {
        let mut notes = Notes::default();
        assert_eq!(refusal(&notes), None);

        notes.mended(&BOOLEAN_AS_TEXT);
        notes.mended(&ONE_AS_MANY);

        let refusal = refusal(&notes).unwrap();
        for word in ["'strict'", "boolean-as-text", "one-as-many"] {
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
