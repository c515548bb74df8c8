//! Certificates under the names by which clients ask for them. However many hosts use a Secret, its bytes are there
//! once.

use std::collections::{BTreeMap, BTreeSet};

use model::{Host, SecretContent, SecretKey, SecretUse};
use rope::Rope;

use super::Output;
use super::outbox::Outbox;
use crate::{ResourceType, secret};

/// Certificates that are fetched under the names of hosts, and those that filter chains name.
#[derive(Default)]
pub(super) struct Secrets {
    /// What each holds, without a name.
    contents: BTreeMap<SecretKey, Rope>,
    /// The hosts under whose names a certificate is fetched.
    by_host: BTreeMap<SecretKey, BTreeSet<Host>>,
    /// The hosts that a chain which names it is for.
    by_chain: BTreeMap<SecretKey, BTreeSet<Host>>,
    outbox: Outbox,
}

/// How a host comes by a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Certificate {
    /// Clients ask for it by the host's name.
    ByHost(SecretKey),
    /// A chain names it: the host's own, or that for clients that do not name the host.
    ByChain(SecretKey),
}

impl Secrets {
    /// What a Secret holds from now on. Gives whether it is kept here: the certificates of hosts
    /// only.
    pub(super) fn set(&mut self, key: &SecretKey, content: Option<&SecretContent>) -> bool {
        match key.usage {
            SecretUse::Pair => {}
            SecretUse::Ca | SecretUse::CaWithCrl(_) | SecretUse::ClientPair | SecretUse::Cas(_) => {
                return false;
            }
        }
        match content {
            Some(content) => self.contents.insert(key.clone(), secret::nameless(content)),
            None => self.contents.remove(key),
        };
        let hosts = self.by_host.get(key).cloned().unwrap_or_default();
        hosts.iter().for_each(|host| self.publish_for(host, key));
        self.publish(key);
        true
    }

    /// How a host comes by its certificates from now on.
    pub(super) fn assign(&mut self, host: &Host, old: &[Certificate], new: &[Certificate]) {
        old.iter().filter(|each| !new.contains(each)).for_each(|each| self.leave(host, each));
        new.iter().filter(|each| !old.contains(each)).for_each(|each| self.join(host, each));
    }

    fn leave(&mut self, host: &Host, certificate: &Certificate) {
        match certificate {
            Certificate::ByHost(key) => {
                leave(&mut self.by_host, host, key);
                self.outbox.remove(ResourceType::Secret, host.as_str().into());
            }
            Certificate::ByChain(key) => {
                leave(&mut self.by_chain, host, key);
                self.publish(key);
            }
        }
    }

    fn join(&mut self, host: &Host, certificate: &Certificate) {
        match certificate {
            Certificate::ByHost(key) => {
                self.by_host.entry(key.clone()).or_default().insert(host.clone());
                self.publish_for(host, key);
            }
            Certificate::ByChain(key) => {
                self.by_chain.entry(key.clone()).or_default().insert(host.clone());
                self.publish(key);
            }
        }
    }

    pub(super) fn flush(&mut self) -> Vec<Output> {
        let outputs = self.outbox.flush();
        // A Secret is not what its hosts are: what it was is kept elsewhere.
        self.outbox.take_replaced();
        outputs
    }

    /// The withdrawal of all that was published.
    pub(super) fn withdraw(&mut self) -> Vec<Output> {
        self.outbox.withdraw()
    }

    fn publish_for(&mut self, host: &Host, key: &SecretKey) {
        match self.contents.get(key) {
            Some(content) => self.outbox.put(secret::named(host.as_str(), content.clone())),
            None => self.outbox.remove(ResourceType::Secret, host.as_str().into()),
        }
    }

    fn publish(&mut self, key: &SecretKey) {
        match self.contents.get(key).filter(|_| self.by_chain.contains_key(key)) {
            Some(content) => self.outbox.put(secret::named(key.to_string(), content.clone())),
            None => self.outbox.remove(ResourceType::Secret, key.to_string().into()),
        }
    }
}

fn leave(users: &mut BTreeMap<SecretKey, BTreeSet<Host>>, host: &Host, key: &SecretKey) {
    let Some(hosts) = users.get_mut(key) else { return };
    hosts.remove(host);
    if hosts.is_empty() {
        users.remove(key);
    }
}
