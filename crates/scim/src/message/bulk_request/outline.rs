//! Reading the outline: one visitor for each level of it. A value of the wrong shape is noted and
//! reading goes on behind it; only what is not JSON ends it.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::BulkOperation;
use super::BulkRequest;
use super::names::{EnvelopeMember, Name, OperationMember};
use crate::message::BULK_REQUEST;
use crate::message::envelope::{At, Errors, Misfit};

/// What is known while the body is read.
pub(super) struct Outline {
    pub(super) errors: Errors,
    pub(super) operations_max: usize,
    /// Reading ended, as there were more.
    pub(super) too_many: bool,
}

const OPERATIONS: &str = "Operations";

/// Writes the visits of what is not of the shape that a visitor reads: each is an error of the
/// outline, `$misfit`, and reading goes on behind it.
macro_rules! otherwise {
    ($($visit:ident($value:ty)),*) => {
        $(fn $visit<E: de::Error>(self, _: $value) -> Result<Self::Value, E> {
            Ok(self.misfit())
        })*

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(self.misfit())
        }
    };
}

/// Keeps a member's value; the second of that name is refused, as in [`crate::json`].
fn keep<'de, A: MapAccess<'de>>(
    slot: &mut Option<&'de RawValue>,
    map: &mut A,
    name: &'static str,
) -> Result<(), A::Error> {
    match slot.replace(map.next_value()?) {
        None => Ok(()),
        Some(_) => Err(twice(name)),
    }
}

fn twice<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("the member '{name}' is there twice"))
}

/// The whole body. `None` when something is wrong with it.
pub(super) struct Envelope<'o>(pub(super) &'o mut Outline);

impl Envelope<'_> {
    fn misfit(self) -> Option<BulkRequest> {
        self.0.errors.add(At::Body, Misfit::NotModel);
        None
    }
}

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = Option<BulkRequest>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = Option<BulkRequest>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bulk request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut schemas, mut fail_on_errors, mut operations) = (None, None, None);
        while let Some(Name(member)) = map.next_key::<Name<EnvelopeMember>>()? {
            match member {
                EnvelopeMember::Schemas => keep(&mut schemas, &mut map, "schemas")?,
                EnvelopeMember::FailOnErrors => keep(&mut fail_on_errors, &mut map, "failOnErrors")?,
                EnvelopeMember::Operations => {
                    if operations.replace(map.next_value_seed(Operations(&mut *self.0))?).is_some() {
                        return Err(twice(OPERATIONS));
                    }
                }
                EnvelopeMember::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }

        // Errors are told in the order in which the contract lists the members.
        let of_operations = std::mem::take(&mut self.0.errors.0);
        let schemas = read_schemas(&mut self.0.errors, schemas);
        let fail_on_errors = self.0.errors.optional_positive(At::Member("failOnErrors"), fail_on_errors);
        self.0.errors.0.extend(of_operations);
        if operations.is_none() {
            self.0.errors.add(At::Member(OPERATIONS), Misfit::Missing);
        }
        Ok(operations.flatten().map(|operations| BulkRequest { schemas, fail_on_errors, operations }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.misfit())
    }

    otherwise!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

fn read_schemas(errors: &mut Errors, value: Option<&RawValue>) -> Vec<String> {
    let Some(value) = value else {
        return vec![BULK_REQUEST.into()];
    };
    // It is JSON already, so it is a list or it is not.
    let Ok(urns) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        errors.add(At::Member("schemas"), Misfit::NotList);
        return Vec::new();
    };
    let urns = urns.into_iter().enumerate();
    urns.filter_map(|(place, urn)| errors.text(At::Element("schemas", place), Some(urn))).collect()
}

/// The list of operations. `None` when it is no list.
struct Operations<'o>(&'o mut Outline);

impl Operations<'_> {
    fn misfit(self) -> Option<Vec<BulkOperation>> {
        self.0.errors.add(At::Member(OPERATIONS), Misfit::NotList);
        None
    }
}

impl<'de> DeserializeSeed<'de> for Operations<'_> {
    type Value = Option<Vec<BulkOperation>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Operations<'_> {
    type Value = Option<Vec<BulkOperation>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of operations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut operations = Vec::new();
        for index in 0.. {
            let Some(operation) = seq.next_element_seed(OneOperation { outline: &mut *self.0, index })? else {
                break;
            };
            operations.extend(operation);
        }
        Ok(Some(operations))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.misfit())
    }

    otherwise!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

/// One operation. `None` when something is wrong with it.
struct OneOperation<'o> {
    outline: &'o mut Outline,
    index: usize,
}

impl OneOperation<'_> {
    fn misfit(self) -> Option<BulkOperation> {
        self.outline.errors.add(At::Element(OPERATIONS, self.index), Misfit::NotModel);
        None
    }
}

impl<'de> DeserializeSeed<'de> for OneOperation<'_> {
    type Value = Option<BulkOperation>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.index >= self.outline.operations_max {
            self.outline.too_many = true;
            return Err(de::Error::custom("too many operations"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOperation<'_> {
    type Value = Option<BulkOperation>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut method, mut bulk_id, mut version, mut path, mut data) = (None, None, None, None, None);
        while let Some(Name(member)) = map.next_key::<Name<OperationMember>>()? {
            match member {
                OperationMember::Method => keep(&mut method, &mut map, "method")?,
                OperationMember::BulkId => keep(&mut bulk_id, &mut map, "bulkId")?,
                OperationMember::Version => keep(&mut version, &mut map, "version")?,
                OperationMember::Path => keep(&mut path, &mut map, "path")?,
                OperationMember::Data => keep(&mut data, &mut map, "data")?,
                OperationMember::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }

        let at = |part| At::Part(OPERATIONS, self.index, part);
        let errors = &mut self.outline.errors;
        let method = errors.text(at("method"), method);
        let bulk_id = errors.optional_text(at("bulkId"), bulk_id);
        let version = errors.optional_text(at("version"), version);
        let path = errors.text(at("path"), path);
        let data = errors.optional_object(at("data"), data);
        Ok(method.zip(path).map(|(method, path)| BulkOperation { method, bulk_id, version, path, data }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.misfit())
    }

    otherwise!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}
