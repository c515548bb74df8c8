//! The page of metrics says what there is.

use std::path::Path;

use super::*;

/// What follows it in the page is written from the code.
const MARK: &str = "<!-- From here on written from the code. -->\n";

fn metrics() -> Metrics {
    let (hub, _) = Hub::new(xds::Settings::default());
    let (tallies, certificates) = (Tallies::default(), None);
    let (leads, contour) = (Some(tokio::sync::watch::channel(false).1), Some(Contour::default()));
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

#[test]
fn of_each_role_the_certificate_that_expires_first_is_told() {
    let certificates = [(Role::Ca, 7), (Role::Ca, 5), (Role::Server, 6), (Role::Client, 4)];
    let certificates = certificates.map(|(role, not_after)| LoadedCertificate { role, not_after });
    let mut exposition = Exposition::default();
    expiry(&certificates, &mut exposition);
    let samples = exposition.text().lines().filter(|line| !line.starts_with('#'));
    let expected = [("ca", 5), ("server", 6), ("client", 4)];
    assert!(samples.eq(expected.map(|(role, end)| format!("{EXPIRY}{{role=\"{role}\"}} {end}"))));
}

#[test]
fn a_controller_that_never_writes_statuses_is_no_leader_that_is_missing() {
    let has_leader = |metrics: &Metrics| {
        let mut exposition = Exposition::default();
        metrics.write(true, &mut exposition);
        exposition.text().lines().any(|line| line == "isobath_leader 0")
    };
    let candidate = metrics();
    assert!(has_leader(&candidate));
    assert!(!has_leader(&Metrics { leads: None, ..candidate }));
}

fn published(fleet: &FleetId, generation: u64) -> Notice {
    Notice::Published(Published {
        fleet: fleet.clone(),
        generation,
        set: vec![],
        removed: vec![],
        work: Default::default(),
        engine_time: Duration::ZERO,
    })
}

fn acknowledged(fleet: &FleetId, generation: u64) -> Notice {
    let (after, in_all) = (Duration::ZERO, Duration::from_secs(60));
    Notice::Acknowledged { fleet: fleet.clone(), generation, after, in_all, nodes: 1 }
}

fn connected(fleet: &FleetId) -> Notice {
    Notice::Connected { fleet: fleet.clone(), node: "envoy".to_owned() }
}

fn disconnected(fleet: &FleetId) -> Notice {
    Notice::Disconnected { fleet: fleet.clone(), node: "envoy".to_owned() }
}

#[test]
fn what_waited_for_the_first_envoy_of_its_fleet_is_no_time_until_acknowledgement() {
    let (ingress, gateway) = (FleetId::ingress(), FleetId::gateway("default", "web"));
    let metrics = metrics();
    let counted = |notices: &[Notice]| {
        notices.iter().for_each(|notice| metrics.note(notice));
        let mut exposition = Exposition::default();
        metrics.write(true, &mut exposition);
        let mut lines = exposition.text().lines();
        let count = lines.find_map(|line| line.strip_prefix("isobath_acknowledgement_seconds_count "));
        count.unwrap().parse::<u64>().unwrap()
    };
    let seen = [connected(&ingress), published(&ingress, 1), acknowledged(&ingress, 1)];
    assert_eq!(counted(&seen), 1, "an Envoy was there");
    let waited = [published(&gateway, 2), connected(&gateway), acknowledged(&gateway, 2)];
    assert_eq!(counted(&waited), 1, "Envoys of another fleet do not listen for it");
    assert_eq!(counted(&[published(&gateway, 3), acknowledged(&gateway, 3)]), 2, "an Envoy is there now");
    let again =
        [disconnected(&gateway), published(&gateway, 4), connected(&gateway), acknowledged(&gateway, 4)];
    assert_eq!(counted(&again), 2, "the only Envoy had gone");
}
