//! How writing statuses fares.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use admin::{Exposition, Histogram, Kind};
use kubernetes::status::{Ended, Observe};

use super::TIMES;

/// How writing statuses fares.
#[derive(Debug)]
pub(in crate::serve) struct Writes {
    ended: [[AtomicU64; Ended::ALL.len()]; status::Kind::ALL.len()],
    waiting: AtomicU64,
    took: Times,
}

/// How long writes took, by kind: those that were done, and the others.
type Times = [[Histogram<{ TIMES.len() }>; 2]; status::Kind::ALL.len()];

impl Default for Writes {
    fn default() -> Self {
        let took = std::array::from_fn(|_| std::array::from_fn(|_| Histogram::new(TIMES)));
        Self { ended: Default::default(), waiting: AtomicU64::new(0), took }
    }
}

impl Observe for Writes {
    fn ended(&self, kind: status::Kind, ended: Ended, took: Duration) {
        self.ended[kind as usize][ended as usize].fetch_add(1, Ordering::Relaxed);
        self.took[kind as usize][usize::from(ended != Ended::Written)].observe(took);
    }

    fn waiting(&self, count: usize) {
        self.waiting.store(count as u64, Ordering::Relaxed);
    }
}

impl Writes {
    pub(super) fn write(&self, to: &mut Exposition) {
        let help = "Statuses that wait to be written.";
        to.number("isobath_statuses_waiting", Kind::Gauge, help, self.waiting.load(Ordering::Relaxed));
        let mut samples =
            to.metric("isobath_status_writes_total", Kind::Counter, "Writes of statuses, by how they ended.");
        for ((kind, ended), count) in self.counts() {
            samples.sample(&[("kind", &kind), ("outcome", &ended.as_str())], count);
        }
        self.write_times(
            "isobath_status_write_seconds",
            "How long writes of statuses took, those that were tried.",
            to,
        );
    }

    /// The same under Contour's names. What is no change is not written.
    pub(super) fn write_as_contour(&self, to: &mut Exposition) {
        let mut write = |name, help, counts: fn(Ended) -> bool| {
            let mut kinds = BTreeMap::new();
            for ((kind, ended), count) in self.counts() {
                *kinds.entry(kind).or_insert(0) += if counts(ended) { count } else { 0 };
            }
            let mut samples = to.metric(name, Kind::Counter, help);
            kinds.into_iter().for_each(|(kind, count)| samples.sample(&[("kind", &kind)], count));
        };
        write("contour_status_update_total", "Writes of statuses.", |_| true);
        write("contour_status_update_success_total", "Those that were done.", |ended| {
            ended == Ended::Written
        });
        write("contour_status_update_failed_total", "Those that were not.", |ended| ended != Ended::Written);
        write("contour_status_update_conflict_total", "Those of objects that had changed.", |ended| {
            ended == Ended::Outdated
        });
        write("contour_status_update_noop_total", "Always 0: what is no change is not written.", |_| false);
        self.write_times("contour_status_update_duration_seconds", "How long writes of statuses took.", to);
    }

    fn write_times(&self, name: &str, help: &str, to: &mut Exposition) {
        let mut samples = to.histograms(name, help);
        for (kind, [good, bad]) in status::Kind::ALL.into_iter().zip(&self.took) {
            for (error, took) in [("false", good), ("true", bad)] {
                if took.count() > 0 {
                    let group = kind.group();
                    samples.sample(&[("kind", &kind.as_str()), ("group", &group), ("error", &error)], took);
                }
            }
        }
    }

    /// How many writes ended how, by the names of kinds: two have one name.
    fn counts(&self) -> BTreeMap<(&'static str, Ended), u64> {
        let mut writes = BTreeMap::new();
        for (kind, counts) in status::Kind::ALL.into_iter().zip(&self.ended) {
            for (ended, count) in Ended::ALL.into_iter().zip(counts) {
                *writes.entry((kind.as_str(), ended)).or_default() += count.load(Ordering::Relaxed);
            }
        }
        writes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_counted_under_both_names() {
        let writes = Writes::default();
        writes.waiting(3);
        writes.ended(status::Kind::HttpProxy, Ended::Written, Duration::from_millis(3));
        writes.ended(status::Kind::HttpProxy, Ended::Busy, Duration::from_secs(20));
        let mut to = Exposition::default();
        writes.write(&mut to);
        writes.write_as_contour(&mut to);
        let text = to.text();
        for told in [
            "isobath_statuses_waiting 3",
            "isobath_status_writes_total{kind=\"HTTPProxy\",outcome=\"written\"} 1",
            "isobath_status_writes_total{kind=\"HTTPProxy\",outcome=\"busy\"} 1",
            "isobath_status_writes_total{kind=\"HTTPProxy\",outcome=\"failed\"} 0",
            "isobath_status_write_seconds_bucket{kind=\"HTTPProxy\",group=\"projectcontour.io\",error=\"false\",le=\"0.005\"} 1",
            "isobath_status_write_seconds_count{kind=\"HTTPProxy\",group=\"projectcontour.io\",error=\"false\"} 1",
            "contour_status_update_total{kind=\"HTTPProxy\"} 2",
            "contour_status_update_success_total{kind=\"HTTPProxy\"} 1",
            "contour_status_update_failed_total{kind=\"HTTPProxy\"} 1",
            "contour_status_update_conflict_total{kind=\"HTTPProxy\"} 0",
            "contour_status_update_noop_total{kind=\"HTTPProxy\"} 0",
            "contour_status_update_duration_seconds_sum{kind=\"HTTPProxy\",group=\"projectcontour.io\",error=\"true\"} 20",
        ] {
            assert!(text.lines().any(|line| line == told), "{told}\n{text}");
        }
    }
}
