//! The entry of fuzzers: bytes as a sequence of what happens to a session. Nothing may panic.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;

use crate::discovery::{DeltaRequest, ErrorDetail, Node, Request, SotwRequest};
use crate::fleet::FleetId;
use crate::on_demand::OnDemandSecrets;
use crate::resource::{Reference, Resource, ResourceType, Update, Warming};
use crate::session::{Input, Output, Scope, Session, StreamId};
use crate::settings::{Moment, Settings};
use crate::snapshot::Snapshot;
use crate::wire::{Encoder, Protocol};

const NAMES: [&str; 8] = ["a", "b", "a.x", "A.X.", "*.x", "*", "", "ns/d"];

/// Feeds a session with what the bytes say: streams that open and close, configurations, time, requests made of
/// fields or of raw protobuf. Responses are encoded too.
pub fn session(data: &[u8]) {
    let mut player = Player::new(data);
    while let Some(input) = player.next_input() {
        player.play(input);
    }
}

struct Player<'a> {
    data: &'a [u8],
    session: Session,
    snapshot: Snapshot,
    now: Moment,
    encoder: Encoder,
    last_nonce: String,
}

impl<'a> Player<'a> {
    fn new(data: &'a [u8]) -> Self {
        let settings = Settings {
            chunk_resources: 2,
            unknown_names: 4,
            drop_stuck: true,
            on_demand_secrets: Some(OnDemandSecrets { spellings: 1, aliases: 2 }),
            ..Settings::default()
        };
        Self {
            data,
            session: Session::new(FleetId::default_fleet(), &Node::default(), Arc::new(settings)),
            snapshot: Snapshot::empty(),
            now: Moment::ZERO,
            encoder: Encoder::default(),
            last_nonce: String::new(),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.data.split_first()?;
        self.data = rest;
        Some(*first)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        self.byte().and_then(|byte| from.get(usize::from(byte) % from.len()).copied())
    }

    fn play(&mut self, input: Input) {
        for output in self.session.handle(self.now, input) {
            if let Output::Send(_, response) = output {
                self.encoder.encode(&response);
                self.last_nonce = response.nonce;
            }
        }
        let _ = self.session.status(self.now);
    }

    fn next_input(&mut self) -> Option<Input> {
        let stream = StreamId(u64::from(self.byte()? % 4));
        Some(match self.byte()? % 8 {
            0 => Input::Opened { stream, protocol: self.protocol()?, scope: self.scope()? },
            1 => Input::Closed(stream),
            2 => {
                let steps = u32::from(self.byte()?);
                self.now += Duration::from_millis(50) * steps;
                Input::Tick
            }
            3 => self.publish()?,
            4 => Input::Request(stream, self.raw_request()?),
            _ => Input::Request(stream, self.request()?),
        })
    }

    fn protocol(&mut self) -> Option<Protocol> {
        self.pick(&[Protocol::Delta, Protocol::Sotw])
    }

    fn scope(&mut self) -> Option<Scope> {
        let kind = self.pick(&ResourceType::ALL)?;
        Some(if self.byte()? % 2 == 0 { Scope::Aggregated } else { Scope::Single(kind) })
    }

    /// Closure is not kept: a session must bear a configuration with gaps.
    fn publish(&mut self) -> Option<Input> {
        let mut update = Update::default();
        for _ in 0..self.byte()? % 4 {
            let (kind, name) = (self.pick(&ResourceType::ALL)?, self.pick(&NAMES)?);
            let (target, to) = (self.pick(&ResourceType::ALL)?, self.pick(&NAMES)?);
            let flags = self.byte()?;
            if flags % 4 == 0 {
                update.removed.push((kind, name.into()));
                continue;
            }
            let refs = match flags & 16 {
                0 => [Reference::acked(target, to)],
                _ => [Reference::sent(target, to)],
            };
            let make = if flags & 32 == 0 { Resource::named } else { Resource::new };
            let mut resource = make(name, vec![flags]).with_refs(refs);
            resource.warming = if flags % 8 == 1 { Warming::Open } else { Warming::Quick };
            update.set.push((kind, resource));
        }
        if let Some(snapshot) = self.snapshot.apply(update) {
            self.snapshot = snapshot;
        }
        Some(Input::Snapshot(Arc::new(self.snapshot.clone())))
    }

    fn raw_request(&mut self) -> Option<Request> {
        let length = usize::from(self.byte()?).min(self.data.len());
        let (raw, rest) = self.data.split_at(length);
        self.data = rest;
        Some(match self.protocol()? {
            Protocol::Delta => Request::Delta(DeltaRequest::decode(raw).ok()?),
            Protocol::Sotw => Request::Sotw(SotwRequest::decode(raw).ok()?),
        })
    }

    fn request(&mut self) -> Option<Request> {
        let type_url = self.pick(&ResourceType::ALL)?.url().to_owned();
        let flags = self.byte()?;
        let nonce = if flags & 1 == 0 { self.last_nonce.clone() } else { String::new() };
        let error = (flags & 6 == 6).then(|| ErrorDetail { code: 13, message: "-----BEGIN x".into() });
        let names = self.names()?;
        Some(match self.protocol()? {
            Protocol::Delta => Request::Delta(DeltaRequest {
                type_url,
                subscribe: names.into_iter().map(Bytes::from).collect(),
                unsubscribe: self.names()?.into_iter().map(Bytes::from).collect(),
                initial_versions: self.names()?.into_iter().map(|name| (name, String::new())).collect(),
                nonce,
                error,
                node: None,
            }),
            Protocol::Sotw => {
                Request::Sotw(SotwRequest { type_url, names, nonce, error, ..SotwRequest::default() })
            }
        })
    }

    fn names(&mut self) -> Option<Vec<String>> {
        (0..self.byte()? % 4).map(|_| self.pick(&NAMES).map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::session;
    use xxhash_rust::xxh3::xxh3_64_with_seed;

    #[test]
    fn random_bytes_never_panic() {
        for seed in 0..3_000_u64 {
            let bytes: Vec<u8> =
                (0..64_u64).flat_map(|i| xxh3_64_with_seed(&i.to_le_bytes(), seed).to_le_bytes()).collect();
            session(&bytes);
        }
    }
}
