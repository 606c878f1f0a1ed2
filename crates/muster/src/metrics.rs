//! What the store says about itself, for Prometheus.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use server::Metrics;
use service::App;
use store::WRITES_PER_COMMIT_BUCKETS;

/// The metrics of the HTTP side, and with them those of the store.
pub(crate) fn metrics(app: &App) -> Metrics {
    let store = StoreCollector(app.clone());
    Metrics::new(|registry| registry.register_collector(Box::new(store)))
}

/// Asks the store whenever Prometheus does.
#[derive(Debug)]
struct StoreCollector(App);

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let stats = self.0.store_stats();
        let gauges = [
            ("store_writes_waiting", "Writes that wait for the writer", stats.writes_waiting),
            ("store_reads_waiting", "Short reads that wait for a reader", stats.reads_waiting),
            ("store_scans_waiting", "Scans that wait for the slow lane", stats.scans_waiting),
            ("store_wal_bytes", "Size of the write-ahead log", usize::try_from(stats.wal_bytes).unwrap_or(usize::MAX)),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let writes =
            encoder.encode_descriptor("store_writes", "Writes that were answered", None, MetricType::Counter)?;
        ConstCounter::new(stats.writes).encode(writes)?;

        let help = "How many writes shared a commit";
        let mut commits = encoder.encode_descriptor("store_writes_per_commit", help, None, MetricType::Histogram)?;
        #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
        let (sum, bounds) = (stats.writes as f64, WRITES_PER_COMMIT_BUCKETS.map(|bound| bound as f64));
        let mut buckets: Vec<(f64, u64)> = bounds.into_iter().zip(stats.writes_per_commit).collect();
        buckets.push((f64::MAX, 0));
        commits.encode_histogram::<NoLabelSet>(sum, stats.commits, &buckets, None)
    }
}
