//! One operation of the admin API, described step by step.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, Ref, Required};

use super::requests;

/// An operation in the making.
pub(super) struct Described {
    operation: OperationBuilder,
    answers: Vec<(u16, &'static str, Option<&'static str>)>,
    is_public: bool,
    is_token: bool,
    has_body: bool,
}

impl Described {
    pub(super) fn new(tag: &str, id: &str, summary: &str, text: &str) -> Self {
        let operation =
            OperationBuilder::new().tag(tag).operation_id(Some(id)).summary(Some(summary)).description(Some(text));
        Self { operation, answers: Vec::new(), is_public: false, is_token: false, has_body: false }
    }

    /// Everybody may call it.
    pub(super) fn in_public(self) -> Self {
        Self { is_public: true, ..self }
    }

    pub(super) fn with(self, parameter: Parameter) -> Self {
        Self { operation: self.operation.parameter(parameter), ..self }
    }

    /// It takes `page` and `per_page`.
    pub(super) fn paged(self) -> Self {
        self.with(number("page", "Which page, from 1.", service::page::PAGE_MAX)).with(per_page())
    }

    /// It takes `cursor` and `per_page`.
    pub(super) fn paged_by_cursor(self) -> Self {
        self.with(in_query("cursor", Type::String, "The `next_cursor` of the page before.")).with(per_page())
    }

    /// It takes a JSON object.
    pub(super) fn takes(self, shape: Schema, required: bool) -> Self {
        self.takes_as("application/json", shape, required)
    }

    /// It takes the fields of RFC 6749 §4.4.2, and the client's credentials by Basic or there.
    pub(super) fn takes_token_form(self) -> Self {
        let basic = SecurityRequirement::new("client", Vec::<String>::new());
        let described =
            Self { operation: self.operation.security(basic).security(SecurityRequirement::default()), ..self };
        described.takes_as("application/x-www-form-urlencoded", requests::token_form(), true)
    }

    fn takes_as(mut self, media_type: &str, shape: Schema, required: bool) -> Self {
        let required = if required { Required::True } else { Required::False };
        let body = RequestBodyBuilder::new().required(Some(required)).content(media_type, Content::new(Some(shape)));
        self.operation = self.operation.request_body(Some(body.build()));
        self.has_body = true;
        self
    }

    /// It can answer this; without a shape, without a body.
    pub(super) fn answers(mut self, status: u16, text: &'static str, shape: Option<&'static str>) -> Self {
        self.answers.push((status, text, shape));
        self
    }

    /// It can refuse with these, besides what every operation can refuse with.
    pub(super) fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self = self.answers(*status, refusal(*status), Some("Detail"));
        }
        self
    }

    /// It refuses in the words of RFC 6749 §5.2.
    pub(super) fn refuses_token(self) -> Self {
        let described = Self { is_token: true, ..self };
        [400, 401, 429, 503]
            .into_iter()
            .fold(described, |it, status| it.answers(status, refusal(status), Some("OAuthError")))
    }

    pub(super) fn into_operation(mut self) -> Operation {
        if !self.is_token {
            self = self.refuses(&[400, 503]);
        }
        if !self.is_public {
            self = self.refuses(&[401, 403]).answers(422, "The request does not fit", Some("HTTPValidationError"));
            self.operation = self.operation.security(SecurityRequirement::new("bearer", Vec::<String>::new()));
        }
        if self.has_body {
            self = self.refuses(&[408, 413]);
            if !self.is_token {
                self = self.refuses(&[415]);
            }
        }
        let mut responses = ResponsesBuilder::new();
        for (status, text, shape) in self.answers {
            let mut response = ResponseBuilder::new().description(text);
            if let Some(shape) = shape {
                response = response.content("application/json", Content::new(Some(Ref::from_schema_name(shape))));
            }
            if let Some((name, text)) = header_of(status) {
                let schema = ObjectBuilder::new().schema_type(Type::String);
                let header = HeaderBuilder::new().description(Some(text)).schema(Some(schema));
                response = response.header(name, header.build());
            }
            responses = responses.response(status.to_string(), response.build());
        }
        self.operation.responses(responses.build()).build()
    }
}

const fn header_of(status: u16) -> Option<(&'static str, &'static str)> {
    match status {
        201 => Some(("Location", "Where it is.")),
        401 => Some(("WWW-Authenticate", "What would be accepted.")),
        429 => Some(("Retry-After", "Seconds.")),
        _ => None,
    }
}

const fn refusal(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "No credential, or none that is accepted here",
        403 => "The credential does not cover this",
        404 => "There is nothing of that name, or nothing that the caller can see",
        408 => "The body took too long to arrive",
        409 => "It contradicts what is there",
        413 => "The body is beyond the limit",
        415 => "The body is not JSON",
        429 => "Too many failed attempts; `Retry-After` says when to try again",
        503 => "Too busy; nothing was changed",
        _ => "Refused",
    }
}

/// The access token, as the contract of these endpoints has it: a header like any other.
pub(super) fn header() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    let text = "`Bearer` and an access token with role or scope for this.";
    parameter("authorization", ParameterIn::Header, Required::False, text).schema(Some(schema)).build()
}

pub(super) fn in_path(name: &str, text: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    parameter(name, ParameterIn::Path, Required::True, text).schema(Some(schema)).build()
}

/// A parameter that may be absent or, if it is a text, null.
pub(super) fn in_query(name: &str, kind: Type, text: &str) -> Parameter {
    let kind = if kind == Type::String { SchemaType::from_iter([kind, Type::Null]) } else { SchemaType::Type(kind) };
    let schema = ObjectBuilder::new().schema_type(kind);
    parameter(name, ParameterIn::Query, Required::False, text).schema(Some(schema)).build()
}

fn per_page() -> Parameter {
    number("per_page", "How many a page holds; 50 without it.", service::page::PER_PAGE_MAX)
}

fn number(name: &str, text: &str, max: u32) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(max));
    parameter(name, ParameterIn::Query, Required::False, text).schema(Some(schema)).build()
}

fn parameter(name: &str, place: ParameterIn, required: Required, text: &str) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).required(required).description(Some(text))
}
