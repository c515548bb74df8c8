//! An Envoy, as far as the protocol shows it: what it asks for follows from what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use isobath_xds::discovery::{DeltaRequest, ErrorDetail, Request, SotwRequest};
use isobath_xds::{Entry, Name, Protocol, ResourceType, Response};

pub(crate) type Has = BTreeMap<Name, Arc<Entry>>;

/// One type at the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeState {
    /// In use.
    pub(crate) has: Has,
    /// Taken from accepted responses: what it tells when it comes back.
    pub(crate) accepted: Has,
    /// Asked for by name.
    pub(crate) names: BTreeSet<Name>,
    started: bool,
    nonce: String,
    version: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) protocol: Protocol,
    /// A stream for each type.
    per_type: bool,
    pub(crate) types: BTreeMap<ResourceType, TypeState>,
    /// Server names whose certificates it holds or waits for, as its clients spelled them.
    pub(crate) hosts: BTreeSet<Name>,
    /// Clusters that wait for their endpoints.
    pub(crate) warming: BTreeSet<Name>,
}

impl Client {
    pub(crate) fn new(protocol: Protocol, per_type: bool) -> Self {
        let types = ResourceType::ALL.into_iter().map(|kind| (kind, TypeState::default())).collect();
        Self { protocol, per_type, types, hosts: BTreeSet::new(), warming: BTreeSet::new() }
    }

    pub(crate) fn has(&self, kind: ResourceType) -> &Has {
        &self.types[&kind].has
    }

    /// A connection ended and a new one begins: what it has stays, what it asked for is asked again.
    pub(crate) fn reconnect(&mut self) -> Vec<(ResourceType, Request)> {
        // A cluster that was warming gives up waiting after a time.
        self.warming.clear();
        for (kind, state) in &mut self.types {
            state.started = false;
            state.nonce.clear();
            if !kind.has_wildcard() {
                state.names.clear();
            }
        }
        let mut requests: Vec<_> = ResourceType::ALL
            .into_iter()
            .filter(|kind| kind.has_wildcard())
            .map(|kind| self.start(kind))
            .collect();
        requests.extend(self.follow(false));
        requests
    }

    fn start(&mut self, kind: ResourceType) -> (ResourceType, Request) {
        let request = self.request(kind, Vec::new(), Vec::new(), None);
        (kind, request)
    }

    fn request(
        &mut self,
        kind: ResourceType,
        subscribe: Vec<Name>,
        unsubscribe: Vec<Name>,
        answer: Option<(&str, Option<ErrorDetail>)>,
    ) -> Request {
        let protocol = self.protocol;
        let state = self.types.get_mut(&kind).unwrap();
        let first = !std::mem::replace(&mut state.started, true);
        let texts = |names: Vec<Name>| names.iter().map(|name| name.to_string().into()).collect();
        let (nonce, error) = answer.map_or((None, None), |(nonce, error)| (Some(nonce.to_owned()), error));
        match protocol {
            Protocol::Delta => Request::Delta(DeltaRequest {
                type_url: kind.url().into(),
                subscribe: texts(subscribe),
                unsubscribe: texts(unsubscribe),
                initial_versions: match first {
                    true => {
                        state.accepted.iter().map(|(n, e)| (n.to_string(), e.version().to_string())).collect()
                    }
                    false => BTreeMap::new(),
                },
                nonce: nonce.unwrap_or_default(),
                error,
                ..DeltaRequest::default()
            }),
            Protocol::Sotw => Request::Sotw(SotwRequest {
                type_url: kind.url().into(),
                version: state.version.clone(),
                names: state.names.iter().map(|name| name.to_string()).collect(),
                nonce: nonce.unwrap_or_else(|| state.nonce.clone()),
                error,
                ..SotwRequest::default()
            }),
        }
    }

    /// Asks for what is mentioned, forgets what is no longer. For the endpoints of clusters that have changed an
    /// Envoy asks again: with a repeated request in the state-of-the-world variant, with a new subscription on
    /// separate streams, and not at all on an aggregated delta stream.
    pub(crate) fn follow(&mut self, again: bool) -> Vec<(ResourceType, Request)> {
        let mut requests = Vec::new();
        for kind in
            [ResourceType::ClusterLoadAssignment, ResourceType::Secret, ResourceType::RouteConfiguration]
        {
            let wanted = self.wanted(kind);
            let state = self.types.get_mut(&kind).unwrap();
            let endpoints = again && kind == ResourceType::ClusterLoadAssignment;
            let once_more = endpoints && self.per_type && self.protocol == Protocol::Delta;
            let asked =
                |name: &&Name| !state.names.contains(*name) || once_more && self.warming.contains(*name);
            let new: Vec<_> = wanted.iter().filter(asked).cloned().collect();
            let gone: Vec<_> = state.names.difference(&wanted).cloned().collect();
            for name in &gone {
                state.has.remove(name);
                state.accepted.remove(name);
            }
            state.names = wanted;
            let asks_again = endpoints && self.protocol == Protocol::Sotw && !state.names.is_empty();
            if !new.is_empty() || !gone.is_empty() || asks_again {
                let request = self.request(kind, new, gone, None);
                requests.push((kind, request));
            }
        }
        requests
    }

    /// A client of it sends a server name. Only in the incremental variant can a certificate be refused.
    pub(crate) fn handshake(&mut self, server_name: &str) -> Vec<(ResourceType, Request)> {
        if self.protocol == Protocol::Delta {
            self.hosts.insert(server_name.into());
        }
        self.follow(false)
    }

    /// It gives up the certificate of a server name.
    pub(crate) fn give_up(&mut self, server_name: &str) -> Vec<(ResourceType, Request)> {
        self.hosts.remove(server_name);
        self.follow(false)
    }

    /// The names that are wanted of a type.
    fn wanted(&self, kind: ResourceType) -> BTreeSet<Name> {
        let hosts = self.hosts.iter().filter(|_| kind == ResourceType::Secret).cloned();
        self.mentioned(kind).into_iter().chain(hosts).collect()
    }

    fn mentioned(&self, kind: ResourceType) -> BTreeSet<Name> {
        let users = [ResourceType::Cluster, ResourceType::Listener]
            .into_iter()
            .flat_map(|user| self.has(user).values());
        let refs = users.flat_map(|entry| entry.resource().refs.iter());
        refs.filter(|to| to.resource_type == kind).map(|to| Arc::clone(&to.name)).collect()
    }

    /// Takes a response as Envoy does: clusters and listeners one by one, other types as a whole. Returns the
    /// requests that follow.
    pub(crate) fn take(
        &mut self,
        response: &Response,
        bad: impl Fn(&Entry) -> bool,
    ) -> Vec<(ResourceType, Request)> {
        let kind = response.resource_type;
        let rejected = response.resources.iter().any(|entry| bad(entry));
        let one_by_one = matches!(kind, ResourceType::Cluster | ResourceType::Listener);
        if !rejected || one_by_one {
            self.use_resources(response, &bad);
        }
        let again = kind == ResourceType::Cluster;
        let mut requests = self.follow(again);
        let state = self.types.get_mut(&kind).unwrap();
        state.nonce = response.nonce.clone();
        let error = rejected.then(|| ErrorDetail { code: 13, message: "bad".into() });
        if !rejected {
            state.version = response.version.clone();
            accept(state, kind, response);
        }
        let answer = self.request(kind, Vec::new(), Vec::new(), Some((&response.nonce, error)));
        requests.push((kind, answer));
        requests
    }

    fn use_resources(&mut self, response: &Response, bad: impl Fn(&Entry) -> bool) {
        let kind = response.resource_type;
        let full = response.protocol == Protocol::Sotw && kind.is_full_set();
        let state = self.types.get_mut(&kind).unwrap();
        if full {
            let named = |name: &Name| response.resources.iter().any(|entry| entry.name() == name);
            state.has.retain(|name, _| named(name));
        }
        for name in gone(response) {
            state.has.remove(&name);
            if kind == ResourceType::ClusterLoadAssignment {
                self.warming.remove(&name);
            }
            if kind == ResourceType::Secret {
                // Its handshakes have failed, and nothing of it is left.
                self.hosts.remove(&name);
            }
        }
        for entry in response.resources.iter().filter(|entry| !bad(entry)) {
            if !kind.has_wildcard() && !state.names.contains(entry.name()) {
                continue;
            }
            let before = state.has.insert(Arc::clone(entry.name()), Arc::clone(entry));
            if kind == ResourceType::Cluster && before.as_ref() != Some(entry) {
                self.warming.insert(Arc::clone(entry.name()));
            }
            if kind == ResourceType::ClusterLoadAssignment {
                self.warming.remove(entry.name());
            }
        }
        if kind == ResourceType::Cluster {
            self.warming.retain(|name| self.types[&kind].has.contains_key(name));
        }
    }
}

/// The names that a response tells to be gone.
pub(crate) fn gone(response: &Response) -> impl Iterator<Item = Name> {
    let refused = response.refused.iter().map(|name| std::str::from_utf8(name).unwrap().into());
    response.removed.iter().cloned().chain(refused)
}

fn accept(state: &mut TypeState, kind: ResourceType, response: &Response) {
    if response.protocol == Protocol::Sotw && kind.is_full_set() {
        state.accepted.clear();
    }
    for name in gone(response) {
        state.accepted.remove(&name);
    }
    for entry in &response.resources {
        if kind.has_wildcard() || state.names.contains(entry.name()) {
            state.accepted.insert(Arc::clone(entry.name()), Arc::clone(entry));
        }
    }
}
