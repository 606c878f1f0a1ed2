//! The shapes of errors in the admin dialect; those of SCIM are among its messages.

use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};

/// `HTTPValidationError` and `ValidationError` as the contract has them, and `Detail` for all else.
pub(super) fn schemas() -> [(String, Schema); 3] {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let object = || ObjectBuilder::new().schema_type(Type::Object);
    let step = AnyOfBuilder::new().item(text()).item(ObjectBuilder::new().schema_type(Type::Integer));
    let one = object()
        .property("loc", ArrayBuilder::new().items(RefOr::T(Schema::from(step))))
        .property("msg", text())
        .property("type", text())
        .required("loc")
        .required("msg")
        .required("type");
    let all = object().property("detail", ArrayBuilder::new().items(Ref::from_schema_name("ValidationError")));
    let detail = object().property("detail", text()).required("detail");
    [
        ("HTTPValidationError".to_owned(), all.into()),
        ("ValidationError".to_owned(), one.into()),
        ("Detail".to_owned(), detail.into()),
    ]
}
