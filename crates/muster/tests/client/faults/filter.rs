//! In filters.

use serde_json::json;

use crate::fault::{Asked, Fault, scim_type};

fn request(id: &'static str, edit: impl Fn(&mut Asked) + Send + Sync + 'static) -> Fault {
    Fault::request(id, "GET", "/Users", edit)
}

/// The filter is overlooked: everybody is found.
fn overlooked(id: &'static str) -> Fault {
    request(id, |asked| asked.without("filter"))
}

/// Nobody is found.
fn nobody(id: &'static str) -> Fault {
    request(id, Asked::finds_nobody)
}

/// One piece of the filter is taken for another.
fn taken(id: &'static str, piece: &'static str, other: &'static str) -> Fault {
    request(id, move |asked| asked.filter(|filter| filter.replace(piece, other)))
}

/// The filter is declined, in these words.
fn declined(id: &'static str, status: u16, scim_type: &'static str) -> Fault {
    Fault::answer(id, "GET", "/Users", move |asked, answered| {
        if asked.parameter("filter").is_some() {
            answered.refuses(status, scim_type);
        }
    })
}

/// A filter that should be declined finds everybody.
fn obeyed(id: &'static str) -> Fault {
    overlooked(id)
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all() -> Vec<Fault> {
    vec![
        overlooked("filter.eq"),
        nobody("filter.eq"),
        declined("filter.eq", 501, ""),
        overlooked("filter.ne"),
        taken("filter.ne", " ne ", " eq "),
        taken("filter.co", " co ", " ew "),
        overlooked("filter.co"),
        taken("filter.sw", " sw ", " ew "),
        taken("filter.sw", "-c", ""),
        taken("filter.ew", " ew ", " sw "),
        overlooked("filter.ew"),
        overlooked("filter.pr"),
        nobody("filter.pr"),
        overlooked("filter.pr-multi-valued"),
        taken("filter.gt", " gt ", " ge "),
        taken("filter.gt", " gt ", " lt "),
        taken("filter.ge", " ge ", " gt "),
        taken("filter.lt", " lt ", " le "),
        taken("filter.le", " le ", " lt "),
        request("filter.value-case", |asked| {
            if asked.parameter("filter").is_some_and(|filter| filter.contains("-ANA")) {
                asked.finds_nobody();
            }
        }),
        taken("filter.value-case-exact", "-x\"", "-X\""),
        nobody("filter.external-id"),
        overlooked("filter.external-id"),
        declined("filter.operator-case", 400, "invalidFilter"),
        nobody("filter.operator-case"),
        nobody("filter.attribute-case"),
        overlooked("filter.attribute-case"),
        nobody("filter.urn"),
        declined("filter.urn", 400, "invalidPath"),
        nobody("filter.extension"),
        overlooked("filter.extension"),
        taken("filter.boolean", "false", "true"),
        overlooked("filter.boolean"),
        obeyed("filter.boolean-order"),
        Fault::answer("filter.boolean-order", "GET", "/Users", scim_type("invalidValue")),
        taken("filter.date", " lt ", " gt "),
        nobody("filter.date"),
        // Compared as text.
        nobody("filter.date-zone"),
        overlooked("filter.sub-attribute"),
        nobody("filter.sub-attribute"),
        nobody("filter.multi-valued"),
        overlooked("filter.multi-valued"),
        request("filter.value-path", |asked| {
            // Each condition for itself, on any of the elements.
            asked.filter(|filter| {
                let inner = filter.trim_start_matches("emails[").trim_end_matches(']');
                inner.replace("type eq", "emails.type eq").replace("value eq", "emails.value eq")
            });
        }),
        taken("filter.value-path", " and ", " or "),
        taken("filter.and", " and ", " or "),
        taken("filter.or", " or ", " and "),
        taken("filter.not", "not ", ""),
        request("filter.precedence", |asked| {
            asked.filter(|filter| format!("({})", filter.replace(" and ", ") and ")));
        }),
        request("filter.precedence", |asked| {
            asked.filter(|filter| filter.split(" and ").next().unwrap_or_default().replace("-ben", "-cleo"));
        }),
        request("filter.parentheses", |asked| asked.filter(|filter| filter.replace(['(', ')'], ""))),
        overlooked("filter.id"),
        nobody("filter.id"),
        overlooked("filter.schemas"),
        nobody("filter.schemas"),
        nobody("filter.escapes"),
        declined("filter.escapes", 400, "invalidFilter"),
        nobody("filter.unicode"),
        Fault::answer("filter.nobody", "GET", "/Users", |asked, answered| {
            if asked.parameter("filter").is_some() {
                answered.refuses(404, "");
            }
        }),
        Fault::answer("filter.nobody", "GET", "/Users", |asked, answered| {
            if asked.parameter("filter").is_some() {
                answered.json["Resources"] = json!([{"id": "1"}]);
            }
        }),
        Fault::answer("filter.total", "GET", "/Users", |asked, answered| {
            if asked.parameter("filter").is_some() {
                answered.json["totalResults"] = json!(3);
            }
        }),
        obeyed("filter.unknown-operator"),
        Fault::answer("filter.unknown-operator", "GET", "/Users", scim_type("invalidSyntax")),
        request("filter.malformed", |asked| {
            // What follows the filter is overlooked.
            asked.filter(|filter| filter.strip_suffix(" userName").unwrap_or(filter).to_owned());
        }),
        request("filter.malformed", |asked| {
            // A parenthesis more or less.
            asked.filter(|filter| filter.replace('(', ""));
        }),
        obeyed("filter.unknown-attribute"),
        declined("filter.robust", 500, ""),
        Fault::answer("filter.robust", "GET", "/Users", |asked, answered| {
            if asked.parameter("filter").is_some_and(|filter| filter.contains("\\u0000")) {
                answered.refuses(500, "");
            }
        }),
        Fault::request("filter.group-name", "GET", "/Groups", |asked| asked.without("filter")),
        Fault::request("filter.group-name", "GET", "/Groups", |asked| {
            asked.filter(|_| "displayName eq \"nobody\"".to_owned());
        }),
        Fault::request("filter.group-member", "GET", "/Groups", |asked| asked.without("filter")),
        Fault::request("filter.group-member", "GET", "/Groups", |asked| {
            asked.filter(|_| "displayName eq \"nobody\"".to_owned());
        }),
    ]
}
