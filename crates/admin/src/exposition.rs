//! The text that Prometheus reads (format 0.0.4).

use std::fmt::{Display, Write};

use http::StatusCode;

use crate::{Histogram, Page};

/// What Prometheus is told that the text is.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

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
        self.head(name, "histogram", help);
        let mut samples = Samples { text: &mut self.0, name: format!("{name}_bucket") };
        // The last bucket holds all: what is counted while this is written must not make it smaller than one before.
        let mut all = 0;
        for (bound, count) in histogram.cumulative() {
            samples.sample(&[("le", &bound)], count);
            all = count;
        }
        all = all.max(histogram.count());
        samples.sample(&[("le", &"+Inf")], all);
        let _ = writeln!(self.0, "{name}_sum {}\n{name}_count {all}", histogram.sum());
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
}
