//! Objects of any content: what is published, Envoy takes; what is refused, says where and why.
//!
//! `ISOBATH_TEST_CASES_FACTOR` multiplies the number of objects, up to 20; `ISOBATH_TEST_SEED` makes others.

use std::collections::BTreeSet;
use std::sync::Arc;

use files::Severity;
use harness::anything::{Anything, surroundings};
use harness::{Edit, Options, World};
use model::{Layout, Report, Settings, Verdict};
use serde_json::Value;
use store::Change;

mod smallest;

use smallest::smallest;

/// How many objects each layout gets, with those beside them, and how many at once.
const OBJECTS: u64 = 1_000;
const BATCH: u64 = 100;
/// How many configurations of the operator, each with an Envoy of its own.
const CONFIGURATIONS: u64 = 16;

#[tokio::test]
async fn anything_that_is_published_is_taken_with_tables() {
    run(Setup::of(Layout::Table)).await;
}

#[tokio::test]
async fn anything_that_is_published_is_taken_with_scopes() {
    run(Setup::of(Layout::Scoped)).await;
}

#[tokio::test]
async fn anything_that_is_published_is_taken_on_demand() {
    run(Setup::of(Layout::OnDemand)).await;
}

#[tokio::test]
async fn any_configuration_of_the_operator_is_taken_or_refused_with_tables() {
    run_configurations(Setup::of(Layout::Table)).await;
}

#[tokio::test]
async fn any_configuration_of_the_operator_is_taken_or_refused_with_scopes() {
    run_configurations(Setup::of(Layout::Scoped)).await;
}

#[tokio::test]
async fn any_configuration_of_the_operator_is_taken_or_refused_on_demand() {
    run_configurations(Setup::of(Layout::OnDemand)).await;
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn seed(setup: &Setup) -> u64 {
    number("ISOBATH_TEST_SEED").unwrap_or(setup.layout as u64)
}

fn factor() -> u64 {
    number("ISOBATH_TEST_CASES_FACTOR").unwrap_or(1).min(20)
}

async fn run(setup: Setup) {
    let (seed, objects) = (seed(&setup), OBJECTS * factor());
    let mut world = world(&setup, &[]).await;
    let mut before = Vec::new();
    let mut verdicts = Verdicts::default();
    for first in (0..objects).step_by(BATCH as usize) {
        let batch: Vec<Vec<Value>> =
            (first..first + BATCH).map(|number| Anything::objects(seed, number)).collect();
        let added = applied(batch.iter().flatten());
        let removed = gone(&before, &added);
        before = added.iter().map(Change::object).collect();
        world.hand(removed.into_iter().chain(added).collect()).await;
        if let Some(complaint) = complaint(&world) {
            panic!("seed {seed}, objects from {first}: {complaint}\n{}", smallest(&setup, batch).await);
        }
        world.journal.reports.values().for_each(|report| verdicts.count(report));
    }
    world.assert_nothing_rejected().await;
    verdicts.assert_of_both_kinds();
}

/// A world for each configuration, with a few objects.
async fn run_configurations(setup: Setup) {
    let seed = seed(&setup);
    let mut taken = 0;
    for number in 0..CONFIGURATIONS * factor() {
        let configuration = Anything::configuration(seed, number);
        if settings(&configuration).is_none() {
            continue;
        }
        taken += 1;
        let others = (0..8).map(|other| Anything::objects(seed, number * 8 + other));
        let groups: Vec<_> = std::iter::once(vec![configuration]).chain(others).collect();
        let objects = groups.concat();
        let mut world = world(&setup, &objects).await;
        world.hand(applied(&objects)).await;
        if let Some(complaint) = complaint(&world) {
            panic!("seed {seed}, configuration {number}: {complaint}\n{}", smallest(&setup, groups).await);
        }
    }
    assert!(taken * 5 > CONFIGURATIONS * factor(), "{taken} could be used");
}

/// What a ContourConfiguration says; `None` when it is refused, which names field and fault.
fn settings(configuration: &Value) -> Option<Settings> {
    let (spec, _) = api::decode::part(configuration["spec"].clone()).ok()?;
    let (configuration, faults) = config::of_object(spec);
    assert!(faults.iter().all(|fault| !fault.path.is_empty() && !fault.message.is_empty()), "{faults:?}");
    let refused = faults.iter().any(|fault| fault.severity == Severity::Error);
    (!refused).then_some(configuration.settings)
}

/// What a world is like, so that another of its kind can be made.
struct Setup {
    layout: Layout,
    edit: Option<Arc<dyn Edit>>,
}

impl Setup {
    fn of(layout: Layout) -> Self {
        Self { layout, edit: None }
    }
}

/// A world with all that the objects refer to, configured by the ContourConfiguration among them.
async fn world(setup: &Setup, objects: &[Value]) -> World {
    let configuration = objects.iter().find(|object| object["kind"] == "ContourConfiguration");
    let settings =
        configuration.map_or_else(|| of_nobody(setup.layout), |found| settings(found).unwrap_or_default());
    let nowhere: Arc<str> = "/dev/null".into();
    let settings = Settings {
        external_names: true,
        layout: setup.layout,
        // Which files are there, and whether one can be written, is known to Envoy alone.
        stats_tls: None,
        http_access_log: Arc::clone(&nowhere),
        https_access_log: nowhere,
        ..settings
    };
    let mut world = World::with(Options { settings, edit: setup.edit.clone(), ..Options::default() }).await;
    world.hand(applied(&surroundings())).await;
    world
}

/// What an operator says who writes nothing down. With scopes nobody is asked about all hosts; else the service among
/// what objects refer to counts requests, and is asked whether they may pass.
fn of_nobody(layout: Layout) -> Settings {
    let text = "rateLimitService: {extensionService: default/auth}\nglobalExtAuth: {extensionService: default/auth}\n";
    match layout {
        Layout::Scoped => Settings::default(),
        Layout::Table | Layout::OnDemand => Options::configured(text).settings,
    }
}

/// The objects that can be read.
fn applied<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Vec<Change> {
    let word = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let decoded = objects.into_iter().filter_map(|object| {
        let kind = api::Kind::find(&word(object, "apiVersion"), &word(object, "kind"))?;
        let decoded = api::decode(kind, object.clone()).ok()?;
        assert!(decoded.violations.iter().all(|found| !found.path.is_empty() && !found.message.is_empty()));
        Some(Change::Applied(decoded.object))
    });
    decoded.collect()
}

fn gone(before: &[model::ObjectId], now: &[Change]) -> Vec<Change> {
    let now: BTreeSet<_> = now.iter().map(Change::object).collect();
    before.iter().filter(|id| !now.contains(id)).cloned().map(Change::Removed).collect()
}

/// What Envoy has against it.
fn complaint(world: &World) -> Option<String> {
    if !world.envoy.is_running() {
        let log = world.envoy.log();
        return Some(format!("Envoy has ended: {:#?}", &log[log.len().saturating_sub(20)..]));
    }
    let rejected = world.journal.rejected.first();
    rejected.map(|(resource, message)| format!("{resource} is rejected: {message}"))
}

/// How the objects were judged.
#[derive(Debug, Default)]
struct Verdicts {
    valid: usize,
    others: usize,
}

impl Verdicts {
    fn count(&mut self, report: &Report) {
        match report.verdict {
            Verdict::Valid => self.valid += 1,
            _ => self.others += 1,
        }
        for problem in &report.problems {
            let said = [problem.kind, problem.reason, &problem.message];
            assert!(said.iter().all(|word| !word.is_empty()), "{:?}: {problem:?}", report.object);
        }
    }

    /// A test of objects that are all right, or all wrong, would say little.
    fn assert_of_both_kinds(&self) {
        let all = self.valid + self.others;
        assert!(self.valid * 5 > all && self.others * 5 > all, "{self:?}");
    }
}
