//! The page of metrics says what there is.

use std::path::Path;

use super::*;

/// What follows it in the page is written from the code.
const MARK: &str = "<!-- From here on written from the code. -->\n";

fn metrics() -> Metrics {
    let (hub, _) = Hub::new(xds::Settings::default());
    let (tallies, certificates) = (Tallies::default(), None);
    let (leads, contour) = (tokio::sync::watch::channel(false).1, Some(Contour::default()));
    let statuses = Arc::default();
    Metrics { hub, tallies, certificates, leads, statuses, contour, happened: Happened::default() }
}

/// A row for each metric: its name, its kind, its meaning.
fn rows(text: &str) -> String {
    let mut rows = String::from("\n| metric | kind | meaning |\n|---|---|---|\n");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("# HELP ") else { continue };
        let (name, help) = head.split_once(' ').unwrap();
        let kind = lines.next().unwrap().rsplit(' ').next().unwrap();
        rows.push_str(&format!("| `{name}` | {kind} | {help} |\n"));
    }
    rows
}

#[test]
fn every_metric_is_in_the_page() {
    let mut exposition = Exposition::default();
    metrics().write(false, &mut exposition);
    let mut expected = rows(exposition.text());
    // Without files there is none.
    expected.push_str(&format!("| `{EXPIRY}` | gauge | {EXPIRY_HELP} |\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("docs/metrics.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, found) = page.split_once(MARK).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{head}{MARK}{expected}")).unwrap();
    } else {
        assert_eq!(found, expected, "UPDATE=1 writes the page anew");
    }
}
