//! Queries in a body: `POST /.search` (RFC 7644 §3.4.3; RFC 9865 §3).

use crate::error::ScimError;
use crate::json::{self, Json};

/// The parameters of a query as they came, from a body or from a query string. Nothing is said
/// yet about whether they make sense: [`crate::query::ListQuery`] does that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchRequest {
    /// `attributes`, in any notation that the query string allows too.
    pub attributes: Vec<String>,
    /// `excludedAttributes`.
    pub excluded_attributes: Vec<String>,
    /// `filter`.
    pub filter: Option<String>,
    /// `sortBy`.
    pub sort_by: Option<String>,
    /// `sortOrder`.
    pub sort_order: Option<String>,
    /// `startIndex`, a number in a body.
    pub start_index: Option<String>,
    /// `count`, a number in a body.
    pub count: Option<String>,
    /// `cursor`; empty for the first page.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads the body of a search. Unknown members are ignored, `null` is as good as absent.
    ///
    /// # Errors
    /// [`ScimError::Syntax`] when the body is not a JSON object, [`ScimError::Value`] when a
    /// member is of the wrong type or given in two spellings.
    pub fn read(body: &[u8]) -> Result<Self, ScimError> {
        let Json::Object(members) = json::parse(body)? else {
            return Err(ScimError::Syntax("A search request is a JSON object".into()));
        };
        let mut request = Self::default();
        for (name, value) in members {
            let Some(parameter) = Parameter::named(&name).filter(|_| !value.is_null()) else { continue };
            for text in texts(parameter, value)? {
                request.set(parameter, text)?;
            }
        }
        Ok(request)
    }

    /// Reads a query string, given as decoded pairs. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`ScimError::Value`] when a parameter is there twice. Of two filters, one would have to be
    /// ignored, and the client would take what it finds for what it looked for.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ScimError> {
        let mut request = Self::default();
        for (name, value) in pairs {
            if let Some(parameter) = Parameter::named(name) {
                request.set(parameter, value.to_owned())?;
            }
        }
        Ok(request)
    }

    fn set(&mut self, parameter: Parameter, value: String) -> Result<(), ScimError> {
        let slot = match parameter {
            Parameter::Attributes => {
                self.attributes.extend(value.split(',').map(str::to_owned));
                return Ok(());
            }
            Parameter::ExcludedAttributes => {
                self.excluded_attributes.extend(value.split(',').map(str::to_owned));
                return Ok(());
            }
            Parameter::Filter => &mut self.filter,
            Parameter::SortBy => &mut self.sort_by,
            Parameter::SortOrder => &mut self.sort_order,
            Parameter::StartIndex => &mut self.start_index,
            Parameter::Count => &mut self.count,
            Parameter::Cursor => &mut self.cursor,
        };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(ScimError::value(parameter.name(), "given more than once")),
        }
    }
}

/// A parameter of RFC 7644 §3.4.2 or RFC 9865 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Attributes,
    ExcludedAttributes,
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
}

impl Parameter {
    const ALL: [Self; 8] = [
        Self::Attributes,
        Self::ExcludedAttributes,
        Self::Filter,
        Self::SortBy,
        Self::SortOrder,
        Self::StartIndex,
        Self::Count,
        Self::Cursor,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::ExcludedAttributes => "excludedAttributes",
            Self::Filter => "filter",
            Self::SortBy => "sortBy",
            Self::SortOrder => "sortOrder",
            Self::StartIndex => "startIndex",
            Self::Count => "count",
            Self::Cursor => "cursor",
        }
    }

    /// In any case: the inbound jobs of Entra ID send `startindex`.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name().eq_ignore_ascii_case(name))
    }
}

/// The value of a member as it would stand in a query string.
fn texts(parameter: Parameter, value: Json) -> Result<Vec<String>, ScimError> {
    let expected = match parameter {
        Parameter::Attributes | Parameter::ExcludedAttributes => "expected a list of attribute names",
        Parameter::StartIndex | Parameter::Count => "expected an integer",
        Parameter::Filter | Parameter::SortBy | Parameter::SortOrder | Parameter::Cursor => "expected a string",
    };
    let wrong = || ScimError::value(parameter.name(), expected);
    match (parameter, value) {
        (Parameter::Attributes | Parameter::ExcludedAttributes, Json::Array(names)) => {
            let text = |name| if let Json::String(name) = name { Ok(name) } else { Err(wrong()) };
            names.into_iter().map(text).collect()
        }
        (Parameter::StartIndex | Parameter::Count, Json::Number(number)) => Ok(vec![number.to_string()]),
        (_, Json::String(text)) => Ok(vec![text]),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let body = br#"{
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes": ["displayName", "userName"],
            "filter": "displayName sw \"smith\"",
            "startIndex": 1,
            "count": 10
        }"#;

        let request = SearchRequest::read(body).unwrap();

        assert_eq!(
            request,
            SearchRequest {
                attributes: vec!["displayName".into(), "userName".into()],
                filter: Some("displayName sw \"smith\"".into()),
                start_index: Some("1".into()),
                count: Some("10".into()),
                ..SearchRequest::default()
            }
        );
    }

    #[test]
    fn a_member_of_the_wrong_type_is_named() {
        for (body, attribute) in [
            (r#"{"filter": 1}"#, "filter"),
            (r#"{"count": [1]}"#, "count"),
            (r#"{"startIndex": {}}"#, "startIndex"),
            (r#"{"attributes": ["a", 1]}"#, "attributes"),
            (r#"{"cursor": true}"#, "cursor"),
            (r#"{"filter": "a pr", "FILTER": "b pr"}"#, "filter"),
        ] {
            let refusal = SearchRequest::read(body.as_bytes()).unwrap_err();
            assert!(matches!(&refusal, ScimError::Value { attribute: a, .. } if a == attribute), "{body}: {refusal}");
        }
        assert!(matches!(SearchRequest::read(b"[]"), Err(ScimError::Syntax(_))));
        assert!(matches!(SearchRequest::read(b""), Err(ScimError::Syntax(_))));
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused_unless_it_is_a_list() {
        let twice = SearchRequest::from_pairs([("filter", "a pr"), ("filter", "b pr")]);
        assert_eq!(twice, Err(ScimError::value("filter", "given more than once")));

        let lists = SearchRequest::from_pairs([("attributes", "a,b"), ("attributes", "c"), ("unknown", "x")]);
        assert_eq!(lists.unwrap().attributes, ["a", "b", "c"]);
    }
}
