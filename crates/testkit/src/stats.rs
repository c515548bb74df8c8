//! Envoy's counters and gauges.

use std::collections::BTreeMap;

/// The counters and gauges of an Envoy at one moment, by their full names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// Reads what `/stats` answers; histograms and texts are left out.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.rsplit_once(": "));
        Self(lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    /// A figure; 0 when Envoy does not have it (many appear at their first use).
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// The sum of all figures whose name begins and ends so.
    pub fn sum(&self, beginning: &str, end: &str) -> u64 {
        let figures = self.0.iter().filter(|(name, _)| name.starts_with(beginning) && name.ends_with(end));
        figures.map(|(_, value)| value).sum()
    }

    /// What differs from an earlier moment: name, figure then, figure now.
    pub fn since(&self, earlier: &Self) -> Vec<(String, u64, u64)> {
        let now = self.0.iter().map(|(name, value)| (name.clone(), earlier.get(name), *value));
        now.filter(|(_, before, after)| before != after).collect()
    }

    /// The updates that Envoy rejected, of any kind. A test that injects none expects 0.
    pub fn rejected_updates(&self) -> u64 {
        self.sum("", "update_rejected")
    }

    /// All figures, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_and_histograms_left_out() {
        let stats = Stats::parse("a.b: 3\na.[::1]_80: 4\na.time: P0(1,1) P100(2,2)\na.text: \"x\"\nc.b: 5\n");
        assert_eq!(stats.iter().collect::<Vec<_>>(), [("a.[::1]_80", 4), ("a.b", 3), ("c.b", 5)]);
        assert_eq!(
            (stats.get("a.b"), stats.get("none"), stats.sum("a.", "b"), stats.sum("", "b")),
            (3, 0, 3, 8)
        );
    }

    #[test]
    fn only_what_changed_is_told() {
        let (before, after) = (Stats::parse("a: 1\nb: 1"), Stats::parse("a: 1\nb: 2\nc: 1"));
        assert_eq!(after.since(&before), [("b".into(), 1, 2), ("c".into(), 0, 1)]);
    }
}
