//! What the operator can watch, in the text format of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use service::{App, ServiceError};

/// Counters and histograms of the HTTP side, and the registry in which all metrics are.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Routed, Histogram, Buckets>,
    in_flight: Gauge,
    token_checks: Family<Checked, Counter>,
}

/// Labels of a checked credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Checked {
    /// `scim` or `admin`: what kind of route was called.
    api: &'static str,
    /// What came of it.
    outcome: &'static str,
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
    /// The metrics of one server, and those of the store of `app`.
    #[must_use]
    pub(crate) fn new(app: App) -> Self {
        Self::with(|registry| registry.register_collector(Box::new(StoreMetrics(app))))
    }

    fn with(register: impl FnOnce(&mut Registry)) -> Self {
        let requests = Family::default();
        let seconds = Family::new_with_constructor(Buckets);
        let in_flight = Gauge::default();
        let mut registry = Registry::with_prefix("muster");
        registry.register("http_requests", "Answered requests by route template and status", requests.clone());
        registry.register("http_request_duration_seconds", "Time from head read to answer ready", seconds.clone());
        registry.register("http_requests_in_flight", "Requests being worked on", in_flight.clone());
        let token_checks = Family::default();
        registry.register("token_checks", "Credentials checked, by what came of it", token_checks.clone());
        register(&mut registry);
        Self(Arc::new(Inner { registry, requests, seconds, in_flight, token_checks }))
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> InFlight {
        self.0.in_flight.inc();
        InFlight(self.0.in_flight.clone())
    }

    /// A request has been answered.
    pub(crate) fn answered(&self, method: &Method, route: Option<Arc<str>>, status: StatusCode, took: Duration) {
        let (method, route) = (MethodLabel::of(method), Route(route));
        self.0
            .seconds
            .get_or_create(&Routed { method: method.clone(), route: route.clone() })
            .observe(took.as_secs_f64());
        self.0.requests.get_or_create(&Answered { method, route, status: status.as_u16() }).inc();
    }

    /// A credential has been checked for a route of `api`; gives the outcome back.
    pub(crate) fn checked<T>(&self, api: &'static str, result: Result<T, ServiceError>) -> Result<T, ServiceError> {
        use service::Credential;
        let outcome = match &result {
            Ok(_) => "accepted",
            Err(ServiceError::Unauthenticated(Credential::Missing)) => "missing",
            Err(ServiceError::Unauthenticated(Credential::Refused)) => "refused",
            Err(ServiceError::Forbidden(_) | ServiceError::NotFound(_)) => "forbidden",
            Err(ServiceError::TooManyRequests { .. }) => "limited",
            Err(_) => "failed",
        };
        self.0.token_checks.get_or_create(&Checked { api, outcome }).inc();
        result
    }

    /// All metrics in the text format.
    ///
    /// # Errors
    /// Never in practice: writing to a `String` does not fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

/// What the store says of itself, asked when the metrics are read.
#[derive(Debug)]
struct StoreMetrics(App);

impl Collector for StoreMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.0.store_stats();
        let gauges = [
            ("store_writes_waiting", "Writes that wait for the writer", stats.writes_waiting as u64),
            ("store_reads_waiting", "Short reads that wait for a reader", stats.reads_waiting as u64),
            ("store_scans_waiting", "Scans that wait for the slow lane", stats.scans_waiting as u64),
            ("store_wal_bytes", "Size of the write-ahead log", stats.wal_bytes),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value.cast_signed());
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let counters = [
            ("store_commits", "Commits; each made one or more writes durable", stats.commits),
            ("store_writes", "Writes that were answered", stats.writes),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let log = self.0.request_log_stats();
        let waiting = ConstGauge::new(log.waiting.cast_signed());
        let help = "Requests that wait to be written to the request log";
        waiting.encode(encoder.encode_descriptor("request_log_waiting", help, None, MetricType::Gauge)?)?;
        let written = ConstCounter::new(log.written);
        let help = "Requests that were written to the request log";
        written.encode(encoder.encode_descriptor("request_log_written", help, None, MetricType::Counter)?)?;
        let help = "Requests that were not written to the request log, by why";
        let mut left_out = encoder.encode_descriptor("request_log_left_out", help, None, MetricType::Counter)?;
        for (reason, count) in
            [("queue_full", log.left_out_full), ("flood", log.left_out_flood), ("failed", log.left_out_failed)]
        {
            ConstCounter::new(count).encode(left_out.encode_family(&[("reason", reason)])?)?;
        }
        let name = "store_writes_per_commit";
        let buckets: Vec<(f64, u64)> = service::WRITES_PER_COMMIT_BUCKETS
            .iter()
            .map(|bound| f64::from(u32::try_from(*bound).unwrap_or(u32::MAX)))
            .chain([f64::MAX])
            .zip(stats.writes_per_commit.into_iter().chain([0]))
            .collect();
        let mut histogram =
            encoder.encode_descriptor(name, "Writes that shared a commit", None, MetricType::Histogram)?;
        #[expect(clippy::cast_precision_loss, reason = "a count of writes, for a graph")]
        histogram.encode_histogram::<NoLabelSet>(stats.writes as f64, stats.commits, &buckets, None)
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
        let metrics = Metrics::with(|_| {});

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
        let metrics = Metrics::with(|_| {});
        let running = metrics.begin();
        assert!(metrics.text().unwrap().contains("muster_http_requests_in_flight 1"));

        drop(running);

        assert!(metrics.text().unwrap().contains("muster_http_requests_in_flight 0"));
    }
}
