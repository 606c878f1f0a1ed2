//! What the operator can watch, in the text format of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Counters and histograms of the HTTP side, and the registry in which all metrics are.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answered, Counter>,
    seconds: Family<Routed, Histogram, Buckets>,
    in_flight: Gauge,
}

/// Labels of a finished request. The route is the template, never the path: ids in labels would
/// make a series per user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: MethodLabel,
    route: Route,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    method: MethodLabel,
    route: Route,
}

/// The template of a route; `None` for a path that no route has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Route(Option<Arc<str>>);

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.0.as_deref().unwrap_or("none").encode(encoder)
    }
}

/// A method; all those that no route has count as one, since clients can make them up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct MethodLabel(Option<Method>);

impl MethodLabel {
    fn of(method: &Method) -> Self {
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        Self(known.contains(method).then(|| method.clone()))
    }
}

impl EncodeLabelValue for MethodLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.0.as_ref().map_or("other", Method::as_str).encode(encoder)
    }
}

/// From half a millisecond, where a read is, to half a minute, where a large bulk may be.
#[derive(Debug, Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
    }
}

impl Metrics {
    /// The metrics of one server, and those that `register` adds.
    #[must_use]
    pub fn new(register: impl FnOnce(&mut Registry)) -> Self {
        let requests = Family::default();
        let seconds = Family::new_with_constructor(Buckets);
        let in_flight = Gauge::default();
        let mut registry = Registry::with_prefix("muster");
        registry.register("http_requests", "Answered requests by route template and status", requests.clone());
        registry.register("http_request_duration_seconds", "Time from head read to answer ready", seconds.clone());
        registry.register("http_requests_in_flight", "Requests being worked on", in_flight.clone());
        register(&mut registry);
        Self { registry: Arc::new(registry), requests, seconds, in_flight }
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request has been answered.
    pub(crate) fn answered(&self, method: &Method, route: Option<Arc<str>>, status: StatusCode, took: Duration) {
        let (method, route) = (MethodLabel::of(method), Route(route));
        self.seconds
            .get_or_create(&Routed { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { method, route, status: status.as_u16() }).inc();
    }

    /// All metrics in the text format.
    ///
    /// # Errors
    /// Never in practice: writing to a `String` does not fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counts as in flight until dropped, however the request ends.
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_template_and_status() {
        let metrics = Metrics::new(|_| {});

        metrics.answered(&Method::GET, Some("/{endpoint}/{id}".into()), StatusCode::OK, Duration::from_millis(3));
        metrics.answered(&Method::GET, Some("/{endpoint}/{id}".into()), StatusCode::OK, Duration::from_millis(3));
        metrics.answered(
            &Method::from_bytes(b"FROB").unwrap(),
            None,
            StatusCode::METHOD_NOT_ALLOWED,
            Duration::from_millis(3),
        );

        let text = metrics.text().unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("muster_http_requests_total")).collect();
        assert!(lines.contains(&r#"muster_http_requests_total{method="GET",route="/{endpoint}/{id}",status="200"} 2"#));
        assert!(lines.contains(&r#"muster_http_requests_total{method="other",route="none",status="405"} 1"#));
    }

    #[test]
    fn a_request_is_in_flight_until_it_is_dropped() {
        let metrics = Metrics::new(|_| {});
        let running = metrics.begin();
        assert!(metrics.text().unwrap().contains("muster_http_requests_in_flight 1"));

        drop(running);

        assert!(metrics.text().unwrap().contains("muster_http_requests_in_flight 0"));
    }
}
