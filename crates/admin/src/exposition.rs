//! The text that Prometheus reads (format 0.0.4).

use std::fmt::{Display, Write};

use http::StatusCode;

use crate::{Histogram, Page, Summary};

/// What Prometheus is told that the text is.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The quantiles of a summary.
const PARTS: [f64; 7] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0];

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It may be any number at any time.
    Gauge,
}

/// The metrics, as far as they are written.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a metric, whose samples follow. `help` is one sentence.
    pub fn metric(&mut self, name: &str, kind: Kind, help: &str) -> Samples<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
        Samples { text: &mut self.0, name: name.to_owned() }
    }

    /// Writes a metric with one sample.
    pub fn number(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.metric(name, kind, help).sample(&[], value);
    }

    /// Writes a histogram of seconds.
    pub fn histogram<const N: usize>(&mut self, name: &str, help: &str, histogram: &Histogram<N>) {
        self.histograms(name, help).sample(&[], histogram);
    }

    /// Begins a metric whose samples are histograms of seconds.
    pub fn histograms(&mut self, name: &str, help: &str) -> Histograms<'_> {
        self.head(name, "histogram", help);
        Histograms { text: &mut self.0, name: name.to_owned() }
    }

    /// Writes a summary of seconds.
    pub fn summary(&mut self, name: &str, help: &str, summary: &Summary) {
        self.head(name, "summary", help);
        let (seconds, sum, count) = summary.quantiles(PARTS);
        let mut samples = Samples { text: &mut self.0, name: name.to_owned() };
        for (part, seconds) in PARTS.into_iter().zip(seconds) {
            samples.sample(&[("quantile", &part)], seconds);
        }
        let _ = writeln!(self.0, "{name}_sum {sum}\n{name}_count {count}");
    }

    /// The page with everything that was written.
    #[must_use]
    pub fn page(self) -> Page {
        Page { status: StatusCode::OK, content_type: CONTENT_TYPE, body: self.0.into() }
    }

    /// Everything that was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }
}

/// The samples of one metric.
pub struct Samples<'e> {
    text: &'e mut String,
    name: String,
}

/// The samples of a metric that are histograms.
pub struct Histograms<'e> {
    text: &'e mut String,
    name: String,
}

impl Histograms<'_> {
    /// Writes one.
    pub fn sample<const N: usize>(&mut self, labels: &[(&str, &dyn Display)], histogram: &Histogram<N>) {
        // The last bucket holds all: what is counted while this is written must not make it smaller than one before.
        let mut all = 0;
        for (bound, count) in histogram.cumulative() {
            self.part("_bucket", labels, Some(&bound), count);
            all = count;
        }
        all = all.max(histogram.count());
        self.part("_bucket", labels, Some(&"+Inf"), all);
        self.part("_sum", labels, None, histogram.sum());
        self.part("_count", labels, None, all);
    }

    fn part(
        &mut self,
        end: &str,
        labels: &[(&str, &dyn Display)],
        bound: Option<&dyn Display>,
        value: impl Display,
    ) {
        let bound = bound.map(|bound| ("le", bound));
        let labels: Vec<_> = labels.iter().copied().chain(bound).collect();
        let mut samples = Samples { text: self.text, name: format!("{}{end}", self.name) };
        samples.sample(&labels, value);
    }
}

impl Samples<'_> {
    /// Writes a sample.
    pub fn sample(&mut self, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.text.push_str(&self.name);
        for (number, (label, value)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{label}=\"{}\"", Escaped(&value.to_string()));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// The value of a label.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn metrics_are_written_as_prometheus_reads_them() {
        let mut exposition = Exposition::default();
        exposition.number("a_total", Kind::Counter, "How often.", 7);
        let mut samples = exposition.metric("b", Kind::Gauge, "How many.");
        samples.sample(&[("kind", &"x"), ("said", &"a \"b\"\n\\")], 1.5);
        let expected = "# HELP a_total How often.\n# TYPE a_total counter\na_total 7\n\
                        # HELP b How many.\n# TYPE b gauge\nb{kind=\"x\",said=\"a \\\"b\\\"\\n\\\\\"} 1.5\n";
        assert_eq!(exposition.text(), expected);
    }

    #[test]
    fn histograms_count_what_is_at_most_so_long() {
        let histogram = Histogram::new([0.1, 1.0]);
        for milliseconds in [50, 100, 500, 5000] {
            histogram.observe(Duration::from_millis(milliseconds));
        }
        let mut exposition = Exposition::default();
        exposition.histogram("h_seconds", "How long.", &histogram);
        let expected = "# HELP h_seconds How long.\n# TYPE h_seconds histogram\n\
                        h_seconds_bucket{le=\"0.1\"} 2\nh_seconds_bucket{le=\"1\"} 3\n\
                        h_seconds_bucket{le=\"+Inf\"} 4\nh_seconds_sum 5.65\nh_seconds_count 4\n";
        assert_eq!(exposition.text(), expected);
    }

    #[test]
    fn histograms_may_have_labels() {
        let histogram = Histogram::new([1.0]);
        histogram.observe(Duration::from_secs(2));
        let mut exposition = Exposition::default();
        exposition.histograms("h", "How long.").sample(&[("kind", &"x")], &histogram);
        let expected = "# HELP h How long.\n# TYPE h histogram\n\
                        h_bucket{kind=\"x\",le=\"1\"} 0\nh_bucket{kind=\"x\",le=\"+Inf\"} 1\n\
                        h_sum{kind=\"x\"} 2\nh_count{kind=\"x\"} 1\n";
        assert_eq!(exposition.text(), expected);
    }

    #[test]
    fn summaries_speak_of_what_was_lately() {
        let text = |summary: &Summary| {
            let mut exposition = Exposition::default();
            exposition.summary("s", "How long.", summary);
            exposition.text().lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
        };
        let summary = Summary::default();
        assert_eq!(text(&summary)[..2], ["s{quantile=\"0\"} NaN", "s{quantile=\"0.25\"} NaN"]);
        // Only the first of these was so long ago that it does not count.
        for seconds in std::iter::once(7000).chain(1..=1000) {
            summary.observe(Duration::from_secs(seconds));
        }
        let expected = [
            "s{quantile=\"0\"} 1",
            "s{quantile=\"0.25\"} 251",
            "s{quantile=\"0.5\"} 501",
            "s{quantile=\"0.75\"} 750",
            "s{quantile=\"0.9\"} 900",
            "s{quantile=\"0.99\"} 990",
            "s{quantile=\"1\"} 1000",
            "s_sum 507500",
            "s_count 1001",
        ];
        assert_eq!(text(&summary), expected);
    }
}
