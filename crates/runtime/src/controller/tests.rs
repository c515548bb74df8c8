//! Observations in, notices out; which Envoys there are and what they rejected is said by the test.

use std::sync::{Mutex, PoisonError};

use model::{Layout, Settings};
use serde_json::json;
use xds::discovery::SemanticVersion;
use xds::{HeldResource, ResourceType, Version};

use super::*;

const OLD: SemanticVersion = SemanticVersion { major: 1, minor: 39, patch: 0 };
const NEW: SemanticVersion = SemanticVersion { major: 1, minor: 40, patch: 0 };
/// The route table that all hosts without TLS are in.
const TABLE: &str = "ingress_http";

/// A controller whose world has one host, and the Envoys that it believes to be there.
struct Scene {
    controller: Controller,
    told: mpsc::UnboundedReceiver<Notice>,
    envoys: Arc<Mutex<Vec<NodeStatus>>>,
}

impl Scene {
    fn new() -> Self {
        // What is rejected here is a table that hosts share.
        let settings = Settings { layout: Layout::Table, ..Settings::default() };
        let (mut controller, told) = Controller::new(Options { settings, ..Options::default() });
        let envoys = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&envoys);
        controller.status = Box::new(move || asked.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let mut scene = Self { controller, told, envoys };
        scene.apply(301);
        scene.controller.handle(Event::SourceSynced);
        scene.told();
        scene
    }

    /// The host answers every request with a redirect of this code.
    fn apply(&mut self, code: u16) {
        let proxy = json!({
            "metadata": {"name": "site", "namespace": "default"},
            "spec": {
                "virtualhost": {"fqdn": "site.example"},
                "routes": [{"requestRedirectPolicy": {"hostname": "to.example", "statusCode": code}}],
            },
        });
        let decoded = api::decode(api::Kind::HttpProxy, proxy).unwrap();
        self.controller.handle(Event::Changes(vec![Change::Applied(decoded.object)]));
    }

    fn connect(&mut self, name: &str, release: SemanticVersion) {
        let node = NodeStatus {
            fleet: FleetId::default_fleet(),
            node: name.into(),
            release: Some(release),
            streams: 1,
            generation: None,
            types: Vec::new(),
            held: Vec::new(),
            unknown_types: 0,
        };
        self.envoys.lock().unwrap().push(node);
        let (fleet, node) = (FleetId::default_fleet(), name.into());
        self.controller.observe(Observation::Connected { fleet, node, release: Some(release) });
    }

    fn disconnect(&mut self, name: &str) {
        self.envoys.lock().unwrap().retain(|envoy| &*envoy.node != name);
        let (fleet, node) = (FleetId::default_fleet(), name.into());
        self.controller.observe(Observation::Disconnected { fleet, node });
    }

    /// An Envoy has acknowledged everything that was published.
    fn reach(&mut self, name: &str) {
        let (fleet, node) = (FleetId::default_fleet(), name.into());
        let generation = self.controller.hub.snapshot(&fleet).unwrap().generation();
        self.controller.observe(Observation::Reached { fleet, node, generation });
    }

    /// An Envoy rejects the route table as it is now.
    fn reject(&mut self, name: &str) {
        self.reject_current(name, ResourceType::RouteConfiguration);
    }

    /// An Envoy rejects what the route table, or the listener with the same name, is now.
    fn reject_current(&mut self, name: &str, resource_type: ResourceType) {
        let version = self.version_of(resource_type);
        let held = HeldResource {
            resource_type,
            name: TABLE.into(),
            version,
            in_force: None,
            message: "no".to_owned(),
        };
        let release = {
            let mut envoys = self.envoys.lock().unwrap();
            let envoy = envoys.iter_mut().find(|envoy| &*envoy.node == name).unwrap();
            envoy.held.push(held);
            envoy.release
        };
        self.controller.observe(Observation::Rejected {
            fleet: FleetId::default_fleet(),
            node: name.into(),
            release,
            resource_type,
            name: TABLE.into(),
            version,
            message: "unable to open file: Permission denied".to_owned(),
        });
    }

    /// The version of the route table that is published.
    fn version(&self) -> Version {
        self.version_of(ResourceType::RouteConfiguration)
    }

    fn version_of(&self, resource_type: ResourceType) -> Version {
        let snapshot = self.controller.hub.snapshot(&FleetId::default_fleet()).unwrap();
        snapshot.get(resource_type, TABLE).unwrap().version()
    }

    /// What was told since the last time, one line each.
    fn told(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.told.try_recv().ok()).map(|notice| line(&notice)).collect()
    }
}

fn line(notice: &Notice) -> String {
    match notice {
        Notice::Published(published) => format!("published {} {:?}", published.generation, published.set),
        Notice::Acknowledged { generation, nodes, .. } => format!("acknowledged {generation} by {nodes}"),
        Notice::Report { report, carried_by } => {
            format!("{} has {} problems with {carried_by}", report.object.name, report.problems.len())
        }
        Notice::Forgotten(object) => format!("{} is forgotten", object.name),
        Notice::Rejected { node, rejection, .. } => format!("{node} rejects {}", rejection.name),
        Notice::Connected { node, .. } => format!("{node} is here"),
        Notice::Dissolved(fleet) => format!("{fleet} is no more"),
        Notice::Disconnected { node, .. } => format!("{node} is gone"),
    }
}

/// The new form is taken back, and its owner is told.
fn taken_back() -> [String; 2] {
    ["site has 1 problems with 3".to_owned(), format!("published 3 [\"RouteConfiguration {TABLE}\"]")]
}

/// One host that every Envoy has, and then another form of it that is on its way.
fn changed(envoys: &[(&str, SemanticVersion)]) -> Scene {
    let mut scene = Scene::new();
    for (name, release) in envoys {
        scene.connect(name, *release);
    }
    for (name, _) in envoys {
        scene.reach(name);
    }
    scene.apply(302);
    scene.told();
    scene
}

#[test]
fn a_configuration_is_acknowledged_once_every_connected_envoy_has_reached_it() {
    let mut scene = Scene::new();
    scene.connect("a", NEW);
    scene.connect("b", NEW);
    scene.reach("a");
    assert_eq!(scene.told(), ["a is here", "b is here"]);
    scene.reach("b");
    assert_eq!(scene.told(), ["acknowledged 1 by 2"]);
    scene.reach("b");
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn an_envoy_that_leaves_is_waited_for_no_longer() {
    let mut scene = Scene::new();
    scene.connect("a", NEW);
    scene.connect("b", NEW);
    scene.reach("a");
    scene.told();
    scene.disconnect("b");
    assert_eq!(scene.told(), ["b is gone", "acknowledged 1 by 1"]);
}

#[test]
fn somebody_who_only_looks_is_not_waited_for() {
    let mut scene = Scene::new();
    scene.connect("a", NEW);
    let (fleet, node) = (FleetId::default_fleet(), "looks".into());
    scene.controller.observe(Observation::Connected { fleet, node, release: None });
    scene.reach("a");
    assert_eq!(scene.told(), ["a is here", "looks is here", "acknowledged 1 by 1"]);
    scene.reach("looks");
    scene.disconnect("looks");
    assert_eq!(scene.told(), ["looks is gone"]);
}

#[test]
fn without_an_envoy_nothing_is_acknowledged() {
    let mut scene = Scene::new();
    scene.connect("a", NEW);
    scene.disconnect("a");
    assert_eq!(scene.told(), ["a is here", "a is gone"]);
}

#[test]
fn nothing_is_acknowledged_while_an_envoy_has_no_listener() {
    let mut scene = Scene::new();
    scene.connect("a", NEW);
    scene.reject_current("a", ResourceType::Listener);
    scene.reach("a");
    assert_eq!(scene.told(), ["a is here".to_owned(), format!("a rejects {TABLE}")]);
    // Its port is free again.
    scene.envoys.lock().unwrap()[0].held.clear();
    scene.reach("a");
    assert_eq!(scene.told(), ["acknowledged 1 by 1"]);
}

#[test]
fn what_the_only_envoy_rejects_is_taken_back() {
    let mut scene = changed(&[("a", NEW)]);
    let before = scene.version();
    scene.reject("a");
    assert_eq!(scene.told()[1..], taken_back());
    assert_ne!(scene.version(), before);
}

#[test]
fn a_rejection_by_an_envoy_of_an_older_release_quarantines_nothing() {
    let mut scene = changed(&[("old", OLD), ("new", NEW)]);
    scene.reject("old");
    assert_eq!(scene.told(), [format!("old rejects {TABLE}")]);
    // The other way round the older one has no say.
    scene.reject("new");
    assert_eq!(scene.told()[1..], taken_back());
}

#[test]
fn a_rejection_that_one_envoy_did_not_share_is_judged_again_when_it_leaves() {
    let mut scene = changed(&[("a", NEW), ("b", NEW)]);
    scene.reject("a");
    assert_eq!(scene.told(), [format!("a rejects {TABLE}")]);
    scene.disconnect("b");
    assert_eq!(scene.told()[..3], [&["b is gone".to_owned()][..], &taken_back()].concat());
}

#[test]
fn a_rejection_of_what_is_no_longer_published_changes_nothing() {
    let mut scene = changed(&[("a", NEW)]);
    let rejected = scene.version();
    scene.apply(307);
    scene.told();
    scene.controller.observe(Observation::Rejected {
        fleet: FleetId::default_fleet(),
        node: "a".into(),
        release: Some(NEW),
        resource_type: ResourceType::RouteConfiguration,
        name: TABLE.into(),
        version: rejected,
        message: "no".to_owned(),
    });
    assert_eq!(scene.told(), [format!("a rejects {TABLE}")]);
}

#[test]
fn an_object_that_cannot_be_read_is_told_until_it_is_gone_or_read() {
    let mut scene = Scene::new();
    let site = ObjectId::new(model::Kind::HttpProxy, "default", "site");
    let report = Report::new(site.clone(), 2, model::Verdict::Invalid, vec![]);
    scene.controller.change(vec![Change::Removed(site.clone())]);
    scene.controller.cannot_read(vec![report.clone()]);
    assert_eq!(scene.told().last().unwrap(), "site has 0 problems with 2");
    scene.controller.change(vec![Change::Removed(site)]);
    assert_eq!(scene.told(), ["site is forgotten"]);
    scene.controller.cannot_read(vec![report]);
    scene.apply(301);
    let told = scene.told();
    assert!(told.iter().all(|line| !line.contains("forgotten")), "{told:?}");
}

#[test]
fn names_of_hosts_are_answered_for_where_certificates_are_fetched_by_them() {
    use model::Layout;
    let asked = |layout| with_secrets_of(layout, xds::Settings::default()).on_demand_secrets;
    let answers = [Layout::Table, Layout::Scoped, Layout::OnDemand].map(asked);
    assert_eq!(answers, [None, None, Some(OnDemandSecrets::default())]);
    let limits = OnDemandSecrets { spellings: 1, aliases: 2 };
    let chosen = xds::Settings { on_demand_secrets: Some(limits), ..xds::Settings::default() };
    assert_eq!(with_secrets_of(Layout::OnDemand, chosen).on_demand_secrets, Some(limits));
}
