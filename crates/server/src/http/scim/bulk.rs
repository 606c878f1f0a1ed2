//! `/Bulk` (RFC 7644 §3.7).

use axum::extract::State;
use http::{HeaderMap, HeaderName, StatusCode};
use scim::ScimError;
use scim::message::{
    BulkRequest, BulkResponse, BulkResponseOperation, EnvelopeError, Loc as EnvelopeLoc, MessageError,
};
use service::provisioning::{BulkOutcome, BulkRun, IdempotencyKey, NotAKey};
use service::request_log::{AskedOperation, Told};
use service::{App, FieldError, Loc, ServiceError, StoreError};
use tracing::Instrument;

use crate::http::exchange::Exchange;
use crate::http::extract::{AtBulk, ScimBody, ScimCaller};
use crate::http::problem::{Problem, of_operation};
use crate::http::respond::Answer;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `POST /Bulk`: what became of each operation, in request order.
///
/// A key in the header `Idempotency-Key` makes a request that is sent again answer what its first
/// run answered. The run goes on when the client goes away, so that it can ask again.
pub(crate) async fn run(
    State(app): State<App>,
    exchange: Exchange,
    AtBulk(scim): AtBulk,
    headers: HeaderMap,
    body: ScimBody,
) -> Result<Answer, Problem> {
    let key = idempotency_key(&headers)?;
    let span = tracing::Span::current();
    let work = async move {
        // Kept to the end, also when nobody waits for it any more.
        let ScimBody { bytes, plain, room: _room } = body;
        let operations_max = scim.caller.tenant.limits.bulk_operations_max;
        let text = bytes.clone();
        let request = app.at_length(&scim.caller, move || envelope(&text, plain, operations_max)).await??;
        let run = answer(&app, &scim, &exchange, (request, &bytes));
        let answer = match key {
            Some(key) => app.once(&scim.caller, &key, &bytes, run).await?,
            None => run.await?,
        };
        Ok(Answer::scim(StatusCode::OK, answer))
    };
    tokio::spawn(work.instrument(span)).await.unwrap_or(Err(Problem::Panic))
}

/// Runs the request, which comes with its text, and words what became of it.
async fn answer(
    app: &App,
    scim: &ScimCaller,
    exchange: &Exchange,
    (request, text): (BulkRequest, &[u8]),
) -> Result<String, ServiceError> {
    let below_host = scim.base_url.strip_prefix(exchange.base()).unwrap_or(&scim.base_url);
    let run = app.bulk(&scim.caller, request, text, &[&scim.base_url, below_host]).await?;
    let (exchange, base_url) = (exchange.clone(), scim.base_url.clone());
    let words = app.at_length(&scim.caller, move || words(run, &exchange, &base_url)).await?;
    words.map_err(|error| ServiceError::Store(StoreError::Corrupt(error.to_string())))
}

/// The response, and what the request log is to say.
fn words(run: BulkRun, exchange: &Exchange, base_url: &str) -> serde_json::Result<String> {
    let mut operations = Vec::with_capacity(run.outcomes.len());
    let logged = run.outcomes.into_iter().map(|outcome| {
        let (operation, logged) = entry(outcome, base_url);
        operations.push(operation);
        logged
    });
    exchange.note_work(|work| {
        work.notes.join(&run.notes);
        work.keep_operations(logged);
    });
    serde_json::to_string(&BulkResponse::new(operations))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get(&IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().parse();
    key.map(Some).map_err(|error: NotAKey| ScimError::Syntax(error.to_string()).into())
}

/// The envelope. What does not fit is 422 in the shape of the admin dialect for clients that speak
/// plain JSON, as the contract for this endpoint has it, and `invalidSyntax` for those that speak
/// SCIM.
fn envelope(body: &[u8], plain: bool, operations_max: u32) -> Result<BulkRequest, Problem> {
    BulkRequest::read(body, operations_max as usize).map_err(|error| match error {
        MessageError::Misfit(errors) if plain => Problem::Envelope(errors.into_iter().map(field).collect()),
        error @ (MessageError::Misfit(_) | MessageError::TooLarge(_)) => ScimError::from(error).into(),
    })
}

fn field(error: EnvelopeError) -> FieldError {
    let step = |step| match step {
        EnvelopeLoc::Key(name) => Loc::from(name),
        EnvelopeLoc::Index(place) => Loc::from(place),
    };
    FieldError { loc: error.loc.into_iter().map(step).collect(), msg: error.msg, kind: error.kind }
}

/// An operation of the response (RFC 7644 §3.7.3), and of the request log.
fn entry(outcome: BulkOutcome, base_url: &str) -> (BulkResponseOperation, AskedOperation) {
    let BulkOutcome { place, head, result, notes } = outcome;
    let posts = head.method == "POST";
    let mut logged = AskedOperation {
        place,
        method: head.method.clone(),
        bulk_id: head.bulk_id.clone(),
        status: 0,
        told: None,
        resource_type: head.resource_type,
        resource: head.target.map(|(_, id)| id),
        notes,
        change: None,
    };
    let location = head.location.map(|below| format!("{base_url}{below}"));
    let answer = match result {
        Ok(mut written) => {
            let status = success(&head.method);
            logged.status = status.as_u16();
            logged.change = written.change.take();
            BulkResponseOperation {
                status: status.as_str().to_owned(),
                version: (head.method != "DELETE").then(|| written.version.to_string()),
                location,
                method: head.method,
                bulk_id: head.bulk_id,
                response: None,
            }
        }
        Err(error) => {
            let body = of_operation(&error);
            logged.status = body.status;
            logged.told = Some(Told {
                status: body.status,
                scim_type: body.scim_type,
                detail: body.detail.clone(),
                attribute: error.attribute().map(str::to_owned),
            });
            BulkResponseOperation {
                status: body.status.to_string(),
                version: None,
                location: if posts { None } else { location },
                method: head.method,
                bulk_id: head.bulk_id,
                response: Some(body),
            }
        }
    };
    (answer, logged)
}

/// The status that the operation would have had alone. A PATCH shows no resource here.
fn success(method: &str) -> StatusCode {
    match method {
        "POST" => StatusCode::CREATED,
        "DELETE" => StatusCode::NO_CONTENT,
        _ => StatusCode::OK,
    }
}
