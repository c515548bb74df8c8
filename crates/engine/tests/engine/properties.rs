//! The invariants of the engine that hold for any world.

use std::collections::BTreeMap;

use store::Change;

use crate::dice::Dice;
use crate::histories::{History, hold};
use crate::outside::{Id, Run};
use crate::world::{Edit, World, settings};

fn changes(event: &[Edit]) -> Vec<Change> {
    event.iter().map(Edit::change).collect()
}

#[test]
fn incremental_equals_scratch() {
    hold(1500, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut run = Run::new(&settings);
        let mut world = World::default();
        let every = 1 + dice.below(40);
        for (number, event) in history.iter().enumerate() {
            run.changes(changes(event));
            event.iter().for_each(|edit| world.edit(edit));
            if dice.chance(30) {
                run.accept();
            }
            if number % every == 0 || number + 1 == history.len() {
                run.equals(&Run::of(&settings, world.changes()))?;
            }
        }
        Ok(())
    });
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    hold(700, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let world = World::after(history);
        let scratch = Run::of(&settings, world.changes());
        let mut shuffled = world.changes();
        dice.shuffle(&mut shuffled);
        let mut run = if dice.chance(50) { Run::new(&settings) } else { Run::waiting(&settings) };
        while !shuffled.is_empty() {
            let size = (1 + dice.below(20)).min(shuffled.len());
            run.changes(shuffled.drain(..size).collect());
        }
        run.handle(engine::Event::SourceSynced);
        run.equals(&scratch)
    });
}

#[test]
fn references_are_closed_after_every_event() {
    hold(500, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut run = Run::new(&settings);
        run.check_closed()?;
        for event in history {
            run.changes(changes(event));
            run.check_closed()?;
        }
        let all = World::after(history).0.into_keys().map(Change::Removed).collect();
        run.changes(all);
        run.check_closed()?;
        run.equals(&Run::new(&settings))
    });
}

#[test]
fn versions_are_content() {
    hold(200, 200, |history, mut dice| {
        let settings = settings(&mut dice);
        let mut lived = Run::new(&settings);
        for event in history {
            lived.changes(changes(event));
            lived.accept();
        }
        let restarted = Run::of(&settings, World::after(history).changes());
        if versions(&lived) == versions(&restarted) { Ok(()) } else { Err("a restart sends again".into()) }
    });
}

/// What an Envoy that comes back says it has.
fn versions(run: &Run) -> BTreeMap<&Id, u128> {
    run.resources.iter().map(|(id, resource)| (id, resource.body.digest())).collect()
}

#[test]
fn every_object_that_is_ours_has_one_report() {
    hold(150, 100, |history: &History, mut dice| {
        let mut run = Run::new(&settings(&mut dice));
        let mut world = World::default();
        for event in history {
            run.changes(changes(event));
            event.iter().for_each(|edit| world.edit(edit));
        }
        let ours = |object: &&api::Object| is_reported(object);
        let expected = world.0.values().filter(ours).map(|object| Change::Applied(object.clone()).object());
        let found: Vec<_> = run.reports.keys().cloned().collect();
        let mut expected: Vec<_> = expected.collect();
        expected.sort();
        if found == expected { Ok(()) } else { Err(format!("{found:?} and not {expected:?}")) }
    });
}

/// Ingresses, HTTPProxies and IngressRoutes of our class, and all ExtensionServices and delegations.
pub(crate) fn is_reported(object: &api::Object) -> bool {
    let field = match object {
        api::Object::HttpProxy(proxy) => proxy.spec.ingress_class_name.as_deref(),
        api::Object::Ingress(ingress) => {
            ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref())
        }
        api::Object::IngressRoute(_) => None,
        api::Object::ExtensionService(_)
        | api::Object::TlsCertificateDelegation(_)
        | api::Object::HeptioCertificateDelegation(_) => return true,
        _ => return false,
    };
    let annotations = object.metadata().annotations.as_ref();
    let class = annotations.and_then(|all| all.get("projectcontour.io/ingress.class"));
    class.map(String::as_str).or(field).is_none_or(|class| class == "contour")
}

/// The properties above would hold for worlds in which nothing is ever served, too.
#[test]
fn random_worlds_serve_something_of_everything() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..60 {
        let history = crate::world::history(&mut Dice::new(seed), 150);
        let run = Run::of(&model::Settings::default(), World::after(&history).changes());
        for (kind, name) in run.resources.keys() {
            let word = if name.starts_with("chain/") { "TLS host".into() } else { format!("{kind:?}") };
            *seen.entry(word).or_default() += 1;
        }
        for report in run.reports.values() {
            *seen.entry(format!("{:?}", report.verdict)).or_default() += 1;
            for problem in &report.problems {
                *seen.entry(problem.reason.to_owned()).or_default() += 1;
            }
        }
    }
    let often = ["Cluster", "ClusterLoadAssignment", "Secret", "TLS host", "Valid", "Invalid", "Orphaned"];
    let seldom = [
        "DuplicateVhost",
        "IncludeNotFound",
        "IncludeCreatesCycle",
        "DelegationNotPermitted",
        "RouteConflict",
    ];
    for (words, least) in [(&often[..], 25), (&seldom, 3)] {
        let missing = words.iter().find(|word| seen.get(**word).is_none_or(|count| *count < least));
        assert_eq!(missing, None, "too few of it: {seen:?}");
    }
}
