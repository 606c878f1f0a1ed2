//! One operation of the SCIM API, described step by step.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, Ref, Required};

/// A request body.
pub(super) enum Body {
    /// JSON of this shape.
    Schema(String),
}

/// An operation in the making.
pub(super) struct Described {
    operation: OperationBuilder,
    answers: Vec<Answer>,
    has_body: bool,
    has_precondition: bool,
    outline: bool,
}

struct Answer {
    status: u16,
    text: &'static str,
    shape: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Described {
    pub(super) fn new(tag: &str, id: &str, summary: String, text: &str) -> Self {
        let operation = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(id))
            .summary(Some(summary))
            .description(Some(text))
            .security(SecurityRequirement::new("bearer", Vec::<String>::new()))
            .parameter(in_path("tenant_id", "The tenant's id (`tnt_…`) or slug."));
        Self { operation, answers: Vec::new(), has_body: false, has_precondition: false, outline: false }
    }

    /// Its path ends with an id.
    pub(super) fn resource(mut self) -> Self {
        self.operation = self.operation.parameter(in_path("id", "The id, as the service gave it."));
        self
    }

    /// Its path begins with the endpoint of a type of the tenant's own.
    pub(super) fn endpoint(mut self) -> Self {
        let text = "The endpoint of a resource type that the tenant has defined, without the slash.";
        self.operation = self.operation.parameter(in_path("endpoint", text));
        self
    }

    /// It takes `attributes` and `excludedAttributes`.
    pub(super) fn projecting(mut self) -> Self {
        let parameter = |name, text| in_query(name, Type::String, text);
        self.operation = self
            .operation
            .parameter(parameter("attributes", "Show only these, by comma, and what is always shown."))
            .parameter(parameter("excludedAttributes", "Do not show these, by comma."));
        self
    }

    /// It takes all parameters of a query.
    pub(super) fn listing(self) -> Self {
        let mut listing = self.projecting();
        for (name, kind, text) in [
            ("filter", Type::String, "RFC 7644 §3.4.2.2, as in `userName eq \"ana\"`."),
            ("sortBy", Type::String, "The attribute to sort by; without it, by creation."),
            ("sortOrder", Type::String, "`ascending` (default) or `descending`."),
            ("startIndex", Type::Integer, "From which resource, counted from 1."),
            ("count", Type::Integer, "How many at most; 0 for `totalResults` only."),
            ("cursor", Type::String, "Empty for the first page, then the `nextCursor` before (RFC 9865)."),
        ] {
            listing.operation = listing.operation.parameter(in_query(name, kind, text));
        }
        listing
    }

    /// It takes a header.
    pub(super) fn header(mut self, name: &str, text: &str) -> Self {
        let text_type = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
        self.operation = self.operation.parameter(parameter.description(Some(text)).schema(Some(text_type)));
        self
    }

    /// It changes a resource, and takes `If-Match`.
    pub(super) fn changes(self) -> Self {
        let mut changing = self.header("If-Match", "Versions that may be changed: 412 if it is none of them.");
        changing.has_precondition = true;
        changing
    }

    /// It takes a body.
    pub(super) fn takes(mut self, body: Body) -> Self {
        let Body::Schema(shape) = body;
        let content = || Content::new(Some(Ref::from_schema_name(shape.clone())));
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/scim+json", content())
            .content("application/json", content());
        self.operation = self.operation.request_body(Some(body.build()));
        self.has_body = true;
        self
    }

    /// It can answer this; without a shape, without a body.
    pub(super) fn answers(mut self, status: u16, text: &'static str, shape: Option<&str>) -> Self {
        self.answers.push(Answer { status, text, shape: shape.map(str::to_owned), headers: Vec::new() });
        self
    }

    /// The last answer carries `Location`.
    pub(super) fn locates(self) -> Self {
        self.with_header("Location", "Where the resource is.")
    }

    /// The last answer carries `ETag`.
    pub(super) fn tags_version(self) -> Self {
        self.with_header("ETag", "The version of the resource (RFC 7644 §3.14).")
    }

    fn with_header(mut self, name: &'static str, text: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, text));
        }
        self
    }

    /// It can refuse with these, besides what every operation can refuse with.
    pub(super) fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self = self.answers(*status, refusal(*status), Some("SCIMError"));
        }
        self
    }

    /// It refuses plain JSON of a wrong outline in the shape of the admin API.
    pub(super) fn refuses_outline(mut self) -> Self {
        self.outline = true;
        self
    }

    pub(super) fn into_operation(mut self) -> Operation {
        self = self.refuses(&[401, 403, 404, 429, 503]);
        if self.has_body {
            self = self.refuses(&[408, 413, 415]);
        }
        if self.has_precondition {
            self = self.refuses(&[412]);
        }
        let mut responses = ResponsesBuilder::new();
        for answer in &self.answers {
            let mut response = ResponseBuilder::new().description(answer.text);
            if let Some(shape) = &answer.shape {
                let content = || Content::new(Some(Ref::from_schema_name(shape.clone())));
                response = response.content("application/scim+json", content()).content("application/json", content());
            }
            for (name, text) in &answer.headers {
                let text_type = ObjectBuilder::new().schema_type(Type::String);
                response = response
                    .header(*name, HeaderBuilder::new().description(Some(*text)).schema(Some(text_type)).build());
            }
            responses = responses.response(answer.status.to_string(), response.build());
        }
        if self.outline {
            let content = Content::new(Some(Ref::from_schema_name("HTTPValidationError")));
            let text = "Sent as `application/json`, the body does not fit";
            let response = ResponseBuilder::new().description(text).content("application/json", content);
            responses = responses.response("422", response.build());
        }
        self.operation.responses(responses.build()).build()
    }
}

fn refusal(status: u16) -> &'static str {
    match status {
        400 => "The request is wrong in itself; `scimType` and `detail` say what",
        401 => "No credential, or none that opens this tenant",
        403 => "The credential does not cover this",
        404 => "There is nothing of that name",
        408 => "The body took too long to arrive",
        409 => "It contradicts what is there; `uniqueness` when a value is taken",
        412 => "The resource has another version",
        413 => "The body, or the number of operations, is beyond the limit",
        415 => "The body is not JSON",
        429 => "Too many requests; `Retry-After` says when to try again",
        501 => "Not implemented",
        503 => "Too busy; nothing was changed",
        _ => "Refused",
    }
}

fn in_path(name: &str, text: &str) -> Parameter {
    parameter(name, ParameterIn::Path, Required::True, Type::String, text)
}

fn in_query(name: &str, kind: Type, text: &str) -> Parameter {
    parameter(name, ParameterIn::Query, Required::False, kind, text)
}

fn parameter(name: &str, place: ParameterIn, required: Required, kind: Type, text: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(text))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(kind))))
        .build()
}
