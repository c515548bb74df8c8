//! The least server, with all messages made before anything is measured: what Envoy itself needs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Effect, Engine, Event, Publication};
use envoy::{Resource, ResourceType, XdsMode};
use model::{FleetId, Settings};
use tokio::runtime::Runtime;

use super::objects::Objects;
use super::step::{Step, Transport};
use crate::floor::{self, Floor};

/// The order in which a change goes out; what is gone goes last, in the opposite order.
const ORDER: [ResourceType; 4] = [
    ResourceType::Secret,
    ResourceType::RouteConfiguration,
    ResourceType::ScopedRouteConfiguration,
    ResourceType::Listener,
];

/// A server that only knows the changes that it was made for.
pub(super) struct Least {
    floor: Floor,
    steps: BTreeMap<Step, Prepared>,
    _runtime: Runtime,
}

struct Prepared {
    publication: Publication,
    messages: Vec<Bytes>,
}

impl Least {
    /// Makes all messages, by the product's own engine.
    pub(super) fn start(settings: Settings, objects: &Objects, transport: Transport) -> Self {
        let settings = Arc::new(settings);
        let mode = XdsMode::default();
        let layout = envoy::layout(&settings, mode);
        let mut engine = Engine::new(settings, mode, layout);
        for batch in objects.batches() {
            engine.handle(Event::Changes(batch));
        }
        let first = publication(&mut engine, Event::SourceSynced);
        let prepare = |step: &Step| {
            let publication = publication(&mut engine, Event::Changes(objects.step(*step)));
            (*step, Prepared { messages: messages(&publication, *step), publication })
        };
        let steps = Step::all(transport).iter().map(prepare).collect();
        let builder = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = builder.expect("threads can be started");
        let floor = runtime.block_on(Floor::start(first.set));
        Self { floor, steps, _runtime: runtime }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.floor.address
    }

    pub(super) fn send(&self, step: Step) {
        let Prepared { publication, messages } = &self.steps[&step];
        self.floor.change(&publication.set, &publication.removed);
        messages.iter().for_each(|message| self.floor.send(message));
    }
}

fn publication(engine: &mut Engine, event: Event) -> Publication {
    let published = engine.handle(event).into_iter().find_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication),
        Effect::Dissolve(_) | Effect::Report(_) | Effect::Forget(_) => None,
    });
    engine.handle(Event::Accepted { fleet: FleetId::ingress(), generation: u64::MAX });
    published.expect("a change that matters")
}

fn messages(publication: &Publication, step: Step) -> Vec<Bytes> {
    let set = ORDER.into_iter().filter_map(|kind| {
        let changed: Vec<&Resource> =
            publication.set.iter().filter(|resource| resource.resource_type == kind).collect();
        let nonce = format!("{step:?}-{kind:?}");
        (!changed.is_empty()).then(|| floor::message(kind, changed.into_iter(), &nonce))
    });
    let removed = ORDER.into_iter().rev().filter_map(|kind| {
        let of_kind = publication.removed.iter().filter(|(gone, _)| *gone == kind);
        let names: Vec<_> = of_kind.map(|(_, name)| name.to_string()).collect();
        let nonce = format!("{step:?}-{kind:?}-gone");
        (!names.is_empty()).then(|| floor::removal(kind, names, &nonce))
    });
    set.chain(removed).collect()
}
