//! What a run shows: one line for each thing that happens, problems in full.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use files::{Diagnostic, Severity, Style, render};
use model::FleetId;
use runtime::Published;

/// What the Envoy of a fleet is called.
pub(super) fn envoy_of(fleet: &FleetId) -> String {
    if fleet.is_ingress() { "envoy".into() } else { format!("envoy of {fleet}") }
}

/// What a change of a fleet is called.
fn change(fleet: &FleetId, generation: u64) -> String {
    if fleet.is_ingress() { format!("change {generation}") } else { format!("{fleet}: change {generation}") }
}

/// Standard output, shared by whoever has something to say.
pub(super) struct Screen {
    out: Mutex<Box<dyn Write + Send>>,
    style: Style,
}

impl Screen {
    /// The terminal, or the pipe.
    pub(super) fn new() -> Self {
        let out = io::stdout();
        let style = if out.is_terminal() { Style::Coloured } else { Style::Plain };
        Self { out: Mutex::new(Box::new(out)), style }
    }

    /// Shows a line. Whoever read it may have gone: the run goes on.
    pub(super) fn line(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Shows a problem with its source.
    pub(super) fn diagnostic(&self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Note {
            return self.line(&format!("{}: {}", diagnostic.place(), diagnostic.title()));
        }
        self.line(render(diagnostic, self.style).trim_end());
    }

    /// Shows what a change came to, and how long Envoy took; `None` when it has not answered yet.
    pub(super) fn published(&self, published: &Published, acknowledged: Option<Duration>) {
        let Published { fleet, generation, set, removed, work, engine_time } = published;
        let answer = match acknowledged {
            Some(after) => format!("acknowledged after {}", milliseconds(after)),
            None => "not acknowledged yet".into(),
        };
        self.line(&format!(
            "{}: {}{} units recomputed in {}, {} bytes, {answer}",
            change(fleet, *generation),
            resources(set, removed),
            work.units(),
            milliseconds(*engine_time),
            work.bytes,
        ));
    }

    /// Shows that a change is in force that was shown before.
    pub(super) fn acknowledged(&self, fleet: &FleetId, generation: u64, after: Duration) {
        self.line(&format!("{}: acknowledged after {}", change(fleet, generation), milliseconds(after)));
    }
}

/// What was set and removed, in a few words.
fn resources(set: &[String], removed: &[String]) -> String {
    let parts: Vec<_> = few(set, "").into_iter().chain(few(removed, "-")).collect();
    if parts.is_empty() { String::new() } else { format!("{}; ", parts.join(", ")) }
}

/// The names of a few resources, or how many there are of each type.
fn few(names: &[String], sign: &str) -> Vec<String> {
    const NAMED: usize = 3;
    if names.len() <= NAMED {
        return names.iter().map(|name| format!("{sign}{name}")).collect();
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let counts = by_type(names).into_iter();
    counts.map(|(kind, count)| format!("{sign}{count} {kind}{}", plural(count))).collect()
}

/// How many names begin with each type.
fn by_type(names: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.split_once(' ').map_or(name.as_str(), |(kind, _)| kind)).or_default() += 1;
    }
    counts
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_resources_are_named_and_many_are_counted() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let many = names(&["Cluster a", "Cluster b", "Cluster c", "Secret d"]);
        assert_eq!(resources(&names(&["Cluster a"]), &names(&["Secret b"])), "Cluster a, -Secret b; ");
        assert_eq!(resources(&many, &[]), "3 Clusters, 1 Secret; ");
        assert_eq!(resources(&[], &[]), "");
    }
}
