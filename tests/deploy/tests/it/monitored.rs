//! Alerts and dashboards speak of metrics that exist. Envoy's are looked for in a real one, by the tests of Envoy.

use std::collections::{BTreeMap, BTreeSet};

use isobath_deploy_tests::repository;
use serde_json::Value;

fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names that begin with these words, without what histograms put behind them.
fn names(text: &str, beginnings: &[&str]) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let ours = words.filter(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)));
    ours.map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned()).collect()
}

#[test]
fn every_metric_of_the_controller_exists() {
    let beginnings = ["isobath_", "process_"];
    let exist = names(&text("docs/metrics.md"), &beginnings);
    for file in
        ["deploy/monitoring/alerts.yaml", "deploy/grafana/controllers.json", "deploy/grafana/envoys.json"]
    {
        let unknown: Vec<_> = names(&text(file), &beginnings).difference(&exist).cloned().collect();
        assert_eq!(unknown, Vec::<String>::new(), "{file}");
    }
}

/// The alerts, with what each asks.
fn alerts() -> BTreeMap<String, String> {
    let rules: Value = serde_saphyr::from_str(&text("deploy/monitoring/alerts.yaml")).unwrap();
    let rules = rules.pointer("/spec/groups/0/rules").unwrap().as_array().unwrap().iter();
    let text = |rule: &Value, field: &str| rule[field].as_str().unwrap().to_owned();
    rules.map(|rule| (text(rule, "alert"), text(rule, "expr"))).collect()
}

#[test]
fn the_guide_says_what_each_alert_means() {
    let guide = text("docs/operations.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `Isobath")?.split_once('`'));
    let explained: BTreeSet<_> = rows.map(|(name, _)| format!("Isobath{name}")).collect();
    assert_eq!(alerts().into_keys().collect::<BTreeSet<_>>(), explained);
}

/// A comparison with what nobody says is silent, so one alert asks for that.
#[test]
fn one_alert_fires_when_there_is_no_controller() {
    let of_absence = alerts().into_iter().filter(|(_, question)| question.contains("absent("));
    let expected = ("IsobathNoControllers".to_owned(), "absent(isobath_ready)".to_owned());
    assert_eq!(of_absence.collect::<Vec<_>>(), [expected]);
}

#[test]
fn dashboards_are_json_with_panels_that_ask_for_something() {
    for file in ["deploy/grafana/controllers.json", "deploy/grafana/envoys.json"] {
        let board: Value = serde_json::from_str(&text(file)).unwrap();
        let panels = board["panels"].as_array().unwrap();
        assert!(panels.len() >= 10, "{file}");
        for panel in panels {
            let targets = panel["targets"].as_array().unwrap();
            assert!(
                !targets.is_empty() && targets.iter().all(|target| target["expr"].is_string()),
                "{panel}"
            );
        }
    }
}
