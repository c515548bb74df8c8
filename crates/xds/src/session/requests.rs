//! Requests: which channel, what they answer, what they change in the subscription.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::channel::{Channel, Claim, Pending};
use super::{Close, Scope, Session, StreamId};
use crate::discovery::{DeltaRequest, Request, SotwRequest};
use crate::on_demand::Hosts;
use crate::resource::{Name, ResourceType};
use crate::settings::Moment;
use crate::subscription::Change;
use crate::wire::Protocol;

impl Session {
    pub(super) fn request(&mut self, now: Moment, stream: StreamId, request: Request) {
        let Some(open) = self.streams.get(&stream).copied() else { return };
        let kind = match self.kind_of(open.scope, request.type_url()) {
            Ok(Some(kind)) => kind,
            Ok(None) => return self.unknown_types += 1,
            Err(why) => return self.close(stream, why),
        };
        match (open.protocol, request) {
            (Protocol::Delta, Request::Delta(request)) => self.delta(now, stream, kind, request),
            (Protocol::Sotw, Request::Sotw(request)) => self.sotw(now, stream, kind, request),
            (Protocol::Delta, Request::Sotw(_)) | (Protocol::Sotw, Request::Delta(_)) => {
                let why = "a request of the other variant of the protocol".to_owned();
                return self.close(stream, Close::InvalidArgument(why));
            }
        }
        self.check_strangers(stream);
    }

    /// A client that goes on asking while it leaves so many refusals unanswered is not an honest Envoy.
    fn is_flooded(&self, key: (ResourceType, StreamId)) -> bool {
        self.channels.get(&key).is_some_and(|channel| channel.refused.len() > self.settings.unknown_names)
    }

    /// The type of a request; `None` for one that is not served, which harms nobody.
    fn kind_of(&self, scope: Scope, url: &str) -> Result<Option<ResourceType>, Close> {
        match scope {
            Scope::Aggregated if url.is_empty() => {
                Err(Close::InvalidArgument("type_url: required on an aggregated stream".into()))
            }
            Scope::Aggregated => Ok(ResourceType::from_url(url)),
            Scope::Single(kind) if url.is_empty() || url == kind.url() => Ok(Some(kind)),
            Scope::Single(kind) => {
                Err(Close::InvalidArgument(format!("type_url: this stream serves {} only", kind.url())))
            }
        }
    }

    fn delta(&mut self, now: Moment, stream: StreamId, kind: ResourceType, request: DeltaRequest) {
        let key = (kind, stream);
        if self.is_flooded(key) {
            let why = "resource names: too many are refused and not acknowledged".to_owned();
            return self.close(stream, Close::ResourceExhausted(why));
        }
        let first = self.create_channel(now, key, Protocol::Delta);
        // Nonces of an earlier stream mean nothing on this one.
        if !first && !request.nonce.is_empty() {
            self.answered(now, key, &request.nonce, request.error);
        }
        let subscribe = request.subscribe.iter().filter_map(|name| self.read(kind, name)).collect();
        let unsubscribe: Vec<_> =
            request.unsubscribe.iter().filter_map(|name| self.read(kind, name)).collect();
        let versions = match first {
            true => request.initial_versions.into_iter().map(|(n, v)| (self.intern(kind, &n), v)).collect(),
            false => Default::default(),
        };
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let change = channel.subscription.delta(kind, first, subscribe, &unsubscribe);
        match first {
            true => self.begin(now, key, Claim { versions, version: String::new() }),
            false => self.apply(now, key, &change),
        }
    }

    fn sotw(&mut self, now: Moment, stream: StreamId, kind: ResourceType, request: SotwRequest) {
        let key = (kind, stream);
        let first = self.create_channel(now, key, Protocol::Sotw);
        let repeats = !first && self.repeats_last_answer(key, &request);
        if !first && !request.nonce.is_empty() {
            self.answered(now, key, &request.nonce, request.error);
        }
        let names: BTreeSet<_> = request.names.iter().map(|name| self.intern(kind, name)).collect();
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let change = channel.subscription.sotw(kind, names);
        if first {
            return self.begin(now, key, Claim { version: request.version, ..Claim::default() });
        }
        let repeats = repeats && change == Change::default();
        self.apply(now, key, &change);
        if repeats && kind == ResourceType::ClusterLoadAssignment {
            self.answer_again(now, key);
        }
    }

    fn create_channel(&mut self, now: Moment, key: (ResourceType, StreamId), protocol: Protocol) -> bool {
        let first = !self.channels.contains_key(&key);
        if first {
            let mut channel = Channel::new(key.0, protocol, now);
            let on_demand = key.0 == ResourceType::Secret && protocol == Protocol::Delta;
            channel.hosts = self.settings.on_demand_secrets.filter(|_| on_demand).map(Hosts::new);
            self.channels.insert(key, channel);
        }
        first
    }

    /// A request that acknowledges nothing and rejects nothing, because its response was acknowledged before: it
    /// asks again. Envoy does so for endpoints after a cluster has changed.
    fn repeats_last_answer(&self, key: (ResourceType, StreamId), request: &SotwRequest) -> bool {
        let Some(channel) = self.channels.get(&key) else { return false };
        let current = channel.last_answered.is_some_and(|nonce| nonce.to_string() == request.nonce);
        channel.outstanding.is_empty() && current && request.error.is_none()
    }

    fn answer_again(&mut self, now: Moment, key: (ResourceType, StreamId)) {
        let names: Vec<_> = self.channels[&key].subscription.names().iter().cloned().collect();
        self.force(now, key, &names, Pending::forced);
    }

    /// The first request of a type on a stream.
    fn begin(&mut self, now: Moment, key: (ResourceType, StreamId), claim: Claim) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.blank = claim.version.is_empty() && claim.versions.is_empty();
        channel.claim = claim;
        if self.snapshot.is_some() {
            self.resume(now, key);
        }
    }

    fn apply(&mut self, now: Moment, key: (ResourceType, StreamId), change: &Change) {
        // As in nearly all acknowledgements.
        if *change == Change::default() {
            return;
        }
        let Some(channel) = self.channels.get_mut(&key) else { return };
        for name in &change.dropped {
            channel.drop_name(name);
        }
        if change.not_all {
            channel.drop_uncovered();
        }
        let Some(snapshot) = &self.snapshot else { return };
        if change.all {
            channel.answer_due = true;
            let names: Vec<_> = snapshot.table(key.0).keys().cloned().collect();
            self.force(now, key, &names, Pending::forced);
        }
        let (hosts, others) = self.admit(key, &change.asked);
        for name in &others {
            self.owed.remove(&(key.0, Arc::clone(name)));
        }
        self.note_strangers(key, &others);
        self.force(now, key, &others, Pending::asked);
        self.force(now, key, &hosts, Pending::asked_meanwhile);
    }

    fn note_strangers(&mut self, key: (ResourceType, StreamId), asked: &[Name]) {
        let Some(snapshot) = &self.snapshot else { return };
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let table = snapshot.table(key.0);
        channel.strangers.extend(asked.iter().filter(|name| !table.contains_key(*name)).cloned());
    }

    pub(super) fn force(
        &mut self,
        now: Moment,
        key: (ResourceType, StreamId),
        names: &[Name],
        how: fn(Pending) -> Pending,
    ) {
        let Some(snapshot) = &self.snapshot else { return };
        let pending = how(Pending::new(snapshot.generation(), now));
        let Some(channel) = self.channels.get_mut(&key) else { return };
        for name in names.iter().filter(|name| channel.subscription.covers(name)).collect::<Vec<_>>() {
            channel.force(name, pending.clone());
        }
    }

    /// Names that exist are never capped, others are.
    pub(super) fn check_strangers(&mut self, stream: StreamId) {
        let of_stream = ResourceType::ALL.into_iter().filter_map(|kind| self.channels.get(&(kind, stream)));
        let strangers: usize = of_stream.map(|channel| channel.strangers.len()).sum();
        let limit = self.settings.unknown_names;
        if strangers > limit {
            let why =
                format!("resource names: {strangers} that do not exist, at most {limit} are remembered");
            self.close(stream, Close::ResourceExhausted(why));
        }
    }

    /// The name, if it is text. Others are not even refused: Envoy sends them, but ends the stream at a response that
    /// holds one (seen with 1.40.0), and would ask again for ever.
    fn read(&self, kind: ResourceType, name: &[u8]) -> Option<Name> {
        std::str::from_utf8(name).ok().map(|name| self.intern(kind, name))
    }

    /// The name as the configuration holds it, so that it is in memory once.
    fn intern(&self, kind: ResourceType, name: &str) -> Name {
        self.current(kind, name).map_or_else(|| name.into(), |entry| Arc::clone(entry.name()))
    }
}
