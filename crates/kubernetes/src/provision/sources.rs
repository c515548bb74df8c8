//! What the provisioner watches: classes, Gateways and what they refer to, and, by their label, the objects that were made
//! for them.

use std::collections::BTreeSet;

use api::ContourDeployment;
use api::gateway_api::{Gateway, GatewayClass, ListenerSet};
use futures::stream::{BoxStream, select_all};
use futures::{Stream, StreamExt};
use kube::api::DynamicObject;
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use provisioner::{ChildId, ChildKind, MANAGED_BY, MANAGER, ObjectName, World};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::gateways::is_stale;

/// What one watch follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Classes,
    Gateways,
    ListenerSets,
    Parameters,
    Children(ChildKind),
}

impl Source {
    fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Classes, Self::Gateways, Self::ListenerSets, Self::Parameters];
        others.into_iter().chain(ChildKind::all().map(Self::Children))
    }

    pub(super) fn resource(self) -> ApiResource {
        let (group_and_version, kind, plural) = match self {
            Self::Classes => ("gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses"),
            Self::Gateways => ("gateway.networking.k8s.io/v1", "Gateway", "gateways"),
            Self::ListenerSets => ("gateway.networking.k8s.io/v1", "ListenerSet", "listenersets"),
            Self::Parameters => ("projectcontour.io/v1alpha1", "ContourDeployment", "contourdeployments"),
            Self::Children(kind) => return resource(kind),
        };
        of(group_and_version, kind, plural)
    }

    /// Whether only Gateways with controllers of their own need what is watched.
    const fn is_of_own_controllers(self) -> bool {
        use ChildKind::{ClusterRoleBinding, ContourConfiguration, RoleBinding};
        matches!(self, Self::Children(ClusterRoleBinding | ContourConfiguration | RoleBinding))
    }

    fn config(self) -> watcher::Config {
        match self {
            Self::Children(_) => watcher::Config::default().labels(&format!("{MANAGED_BY}={MANAGER}")),
            Self::Classes | Self::Gateways | Self::ListenerSets | Self::Parameters => {
                watcher::Config::default()
            }
        }
    }
}

/// Where objects of a kind are that are made.
pub(super) fn resource(kind: ChildKind) -> ApiResource {
    of(kind.api_version(), kind.name(), kind.plural())
}

fn of(group_and_version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = group_and_version.split_once('/').unwrap_or(("", group_and_version));
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

type News = (Source, Result<Event<DynamicObject>, watcher::Error>);

/// All watches, and how far each has come.
pub(super) struct Sources {
    news: futures::stream::SelectAll<BoxStream<'static, News>>,
    followed: Vec<Followed>,
}

/// What is known by one watch.
struct Followed {
    source: Source,
    known: BTreeSet<ObjectName>,
    /// What the list that is being read has said.
    listed: BTreeSet<ObjectName>,
    progress: Progress,
}

/// How far a watch has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// What there is has not been told yet.
    Listing,
    /// We may not see it, and go on without.
    Forbidden,
    /// It is known, and what changes.
    Synced,
}

impl Sources {
    pub(super) fn new(client: &Client) -> Self {
        let streams = Source::all().map(|source| watched(client.clone(), source).boxed());
        Self { news: select_all(streams), followed: Source::all().map(Followed::new).collect() }
    }

    /// Whether everything that there is, and that we may see, has been told.
    pub(super) fn are_synced(&self) -> bool {
        self.followed.iter().all(|followed| followed.progress != Progress::Listing)
    }

    /// Tells the world the next news.
    pub(super) async fn follow(&mut self, world: &mut World) {
        let Some((source, news)) = self.news.next().await else { return std::future::pending().await };
        let Some(followed) = self.followed.iter_mut().find(|followed| followed.source == source) else {
            return;
        };
        match news {
            Ok(event) => followed.take(event, world),
            Err(error) if is_absent(&error) => followed.progress = Progress::Synced,
            Err(error) if source.is_of_own_controllers() && is_forbidden(&error) => {
                if std::mem::replace(&mut followed.progress, Progress::Forbidden) != Progress::Forbidden {
                    tracing::warn!(what = ?source, %error, "a right is missing: Gateways get no controllers of their own");
                }
            }
            Err(error) if is_stale(&error) => {}
            Err(error) => {
                tracing::warn!(what = ?source, %error, "what runs Envoys of Gateways cannot be watched");
            }
        }
    }
}

/// Whether the API server does not have the kind.
fn is_absent(error: &watcher::Error) -> bool {
    is_refused(error, 404)
}

/// Whether we may not see objects of the kind.
fn is_forbidden(error: &watcher::Error) -> bool {
    is_refused(error, 403)
}

fn is_refused(error: &watcher::Error, code: u16) -> bool {
    matches!(error, watcher::Error::InitialListFailed(kube::Error::Api(refusal)) if refusal.code == code)
}

fn watched(client: Client, source: Source) -> impl Stream<Item = News> {
    let objects: Api<DynamicObject> = Api::all_with(client, &source.resource());
    watcher(objects, source.config()).default_backoff().map(move |event| (source, event))
}

impl Followed {
    fn new(source: Source) -> Self {
        Self { source, known: BTreeSet::new(), listed: BTreeSet::new(), progress: Progress::Listing }
    }

    fn take(&mut self, event: Event<DynamicObject>, world: &mut World) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(object) => {
                self.listed.insert(id(&object));
                self.applied(object, world);
            }
            Event::InitDone => {
                // What was applied may have gone before a watch has told of it.
                if let Source::Children(kind) = self.source {
                    let made = world.made(kind);
                    self.known.extend(made.map(|child| ObjectName::new(&*child.namespace, &*child.name)));
                }
                let gone: Vec<_> = self.known.difference(&self.listed).cloned().collect();
                gone.into_iter().for_each(|id| self.removed(id, world));
                self.progress = Progress::Synced;
            }
            Event::Apply(object) => self.applied(object, world),
            Event::Delete(object) => self.removed(id(&object), world),
        }
    }

    fn applied(&mut self, object: DynamicObject, world: &mut World) {
        let id = id(&object);
        let object = value(object, self.source);
        let is_read = match self.source {
            Source::Classes => read(object).map(|class: GatewayClass| world.apply_class(class)),
            Source::Gateways => read(object).map(|gateway: Gateway| world.apply_gateway(gateway)),
            Source::ListenerSets => read(object).map(|set: ListenerSet| world.apply_listener_set(set)),
            Source::Parameters => read(object).map(|each: ContourDeployment| world.apply_parameters(each)),
            Source::Children(_) => {
                world.see(object);
                Ok(())
            }
        };
        match is_read {
            Ok(()) => drop(self.known.insert(id)),
            Err(error) => {
                tracing::warn!(what = ?self.source, object = %id, %error, "an object cannot be read");
            }
        }
    }

    fn removed(&mut self, id: ObjectName, world: &mut World) {
        self.known.remove(&id);
        match self.source {
            Source::Classes => world.remove_class(&id.name),
            Source::Gateways => world.remove_gateway(&id.into()),
            Source::ListenerSets => world.remove_listener_set(&id),
            Source::Parameters => world.remove_parameters(&id),
            Source::Children(kind) => {
                world.lose(&ChildId { kind, namespace: id.namespace, name: id.name });
            }
        }
    }
}

fn read<T: DeserializeOwned>(object: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(object)
}

fn id(object: &DynamicObject) -> ObjectName {
    ObjectName::new(object.namespace().unwrap_or_default(), object.name_any())
}

/// The whole object; in lists objects do not say their kind.
fn value(mut object: DynamicObject, source: Source) -> Value {
    let resource = source.resource();
    object.metadata.managed_fields = None;
    object.types = Some(kube::core::TypeMeta { api_version: resource.api_version, kind: resource.kind });
    serde_json::to_value(object).unwrap_or_default()
}

/// An object that was made, as an API server says it.
pub(super) fn child(object: DynamicObject, kind: ChildKind) -> Value {
    value(object, Source::Children(kind))
}

#[cfg(test)]
mod tests {
    use model::FleetOwner;
    use provisioner::Settings;
    use serde_json::json;

    use super::*;

    fn world() -> World {
        World::new(Settings {
            controller_name: "example.com/controller".to_owned(),
            namespace: String::new(),
            isobath_image: String::new(),
            envoy_image: String::new(),
            xds_address: String::new(),
            xds_port: 8001,
            dedicated_role: String::new(),
            stats_port: 8002,
        })
    }

    #[test]
    fn what_was_applied_and_went_before_a_watch_told_of_it_is_missed_by_the_next_list() {
        let mut world = world();
        let object = json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {
                "namespace": "ns",
                "name": "isobath-web",
                "annotations": {"projectcontour.io/made-by-gateway-controller": "example.com/controller"},
                "ownerReferences": [{
                    "apiVersion": "gateway.networking.k8s.io/v1",
                    "kind": "Gateway",
                    "name": "web",
                    "uid": "1",
                    "controller": true,
                }],
            },
        });
        let fleet = FleetOwner::gateway("ns", "web");
        world.end(&fleet, vec![(object.clone(), object.clone())]);
        assert!(world.knows(&fleet, &object));
        let mut followed = Followed::new(Source::Children(ChildKind::DaemonSet));
        followed.take(Event::Init, &mut world);
        followed.take(Event::InitDone, &mut world);
        assert!(!world.knows(&fleet, &object));
        assert_eq!(world.next_fleet(), Some(fleet));
    }

    /// What is not waited for any more when the API server refuses to list anything.
    async fn settled_when_refused(code: u16) -> Vec<Source> {
        let refusal = kube::core::Status::failure("refused", "Refused").with_code(code).boxed();
        let refused = Source::all().map(|source| {
            let error = watcher::Error::InitialListFailed(kube::Error::Api(refusal.clone()));
            (source, Err(error))
        });
        let news: Vec<News> = refused.collect();
        let count = news.len();
        let followed = Source::all().map(Followed::new).collect();
        let mut sources = Sources { news: select_all([futures::stream::iter(news).boxed()]), followed };
        for _ in 0..count {
            sources.follow(&mut world()).await;
        }
        let settled = sources.followed.iter().filter(|followed| followed.progress != Progress::Listing);
        settled.map(|followed| followed.source).collect()
    }

    #[tokio::test]
    async fn who_may_not_see_what_own_controllers_need_goes_on_without() {
        let of_own = [ChildKind::RoleBinding, ChildKind::ClusterRoleBinding, ChildKind::ContourConfiguration];
        assert_eq!(settled_when_refused(403).await, of_own.map(Source::Children));
        assert_eq!(settled_when_refused(404).await, Source::all().collect::<Vec<_>>());
        assert_eq!(settled_when_refused(500).await, []);
    }
}
