//! The table of all scenarios in `docs/conformance/ingress.md`.

use std::fmt::Write as _;

use super::{Expected, Feature, features};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance/ingress.md");
/// What follows this line is written by the test, with `UPDATE=1`.
const HEAD: &str = "| feature | scenario | what is asked | what comes |\n|---|---|---|---|\n";

fn table(features: &[Feature]) -> String {
    let mut table = HEAD.to_owned();
    for feature in features {
        for scenario in &feature.scenarios {
            let (asked, comes) = columns(feature, &scenario.expected);
            writeln!(table, "| {} | {} | {asked} | {comes} |", feature.feature, scenario.title).unwrap();
        }
    }
    table
}

/// What is asked and what comes, each in the words of the page.
fn columns(feature: &Feature, expected: &Expected) -> (String, String) {
    match expected {
        Expected::Answers(answers) => {
            let lines = |line: &dyn Fn((&String, &String)) -> String| {
                answers.iter().map(line).collect::<Vec<_>>().join("<br>")
            };
            (lines(&|(request, _)| format!("`{request}`")), lines(&|(_, answer)| answer.clone()))
        }
        Expected::EveryPod { of, request, times } => {
            (format!("`{request}`, {times} times"), format!("{of}, all of its {} pods", feature.backends[of]))
        }
        Expected::NoAddress(name) => (format!("the status of the Ingress {name}"), "no address".to_owned()),
    }
}

#[test]
fn the_page_shows_all_25_scenarios() {
    let features = features();
    assert_eq!(features.iter().map(|feature| feature.scenarios.len()).sum::<usize>(), 25);
    let found = std::fs::read_to_string(PAGE).unwrap();
    let (before, _) = found.split_once(HEAD).expect("the page has the table");
    let wanted = format!("{before}{}", table(&features));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
        return;
    }
    assert_eq!(found, wanted, "UPDATE=1 cargo test -p isobath-cluster-tests the_page_shows");
}
