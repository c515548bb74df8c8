//! Secrets whose names are hosts, for Envoy's on-demand certificates: which one answers for a server name as a client
//! spelled it, and which names that were asked for it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::resource::{Name, ResourceType};
use crate::snapshot::{Entry, Snapshot};

/// The longest name in the domain name system.
const NAME_LENGTH: usize = 253;
/// The longest part of a name.
const LABEL_LENGTH: usize = 63;

/// Whether a name asks for the Secret of a host. Those with a slash are what other resources refer to.
pub(crate) fn asks_for_host(name: &str) -> bool {
    !name.contains('/')
}

/// A host, whatever the spelling. In the order of the wildcards that cover them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// `*.example.com`; a name of one label has none above it.
    wildcard: Option<Name>,
    /// `a.example.com`, in lower case and without a dot at the end.
    exact: Name,
}

impl Host {
    /// The host that a client means; `None` when that can be none, whatever is configured.
    pub(crate) fn of(asked: &Name) -> Option<Self> {
        let name = asked.strip_suffix('.').unwrap_or(asked);
        let canonical = name.len() == asked.len() && !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let exact = || if canonical { Arc::clone(asked) } else { name.to_ascii_lowercase().into() };
        is_host(name).then(exact).map(|exact| Self { wildcard: wildcard_above(&exact), exact })
    }

    /// The resource that answers for it: its own, else that of the wildcard.
    pub(crate) fn resolve<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Arc<Entry>> {
        let own = snapshot.get(ResourceType::Secret, &self.exact);
        own.or_else(|| snapshot.get(ResourceType::Secret, self.wildcard.as_deref()?))
    }

    fn is_exactly(&self, name: &str) -> bool {
        *self.exact == *name
    }
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LABEL_LENGTH).contains(&label.len()) && label.bytes().all(known)
    };
    name.len() <= NAME_LENGTH && name.split('.').all(is_label)
}

fn wildcard_above(exact: &str) -> Option<Name> {
    exact.split_once('.').map(|(_, parent)| format!("*.{parent}").into())
}

/// How many names of hosts a stream may ask for that are no resource's own name: there are 2ⁿ spellings of a host, and
/// no end of hosts below a wildcard, and an Envoy that has asked never forgets. Names beyond the limits are answered
/// as if they did not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnDemandSecrets {
    /// Spellings of one host at one time, beside the usual one in lower case.
    pub spellings: usize,
    /// Names in all.
    pub aliases: usize,
}

impl Default for OnDemandSecrets {
    fn default() -> Self {
        Self { spellings: 8, aliases: 10_000 }
    }
}

/// Whether a name was its resource's own when it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Own,
    Alias,
}

/// The names of hosts that one stream has asked for.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    limits: OnDemandSecrets,
    spellings: BTreeMap<(Host, Name), Standing>,
    aliases: usize,
}

impl Hosts {
    pub(crate) fn new(limits: OnDemandSecrets) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.spellings.len()
    }

    /// The host of a name that is among these.
    pub(crate) fn get(&self, asked: &Name) -> Option<Host> {
        let key = (Host::of(asked)?, Arc::clone(asked));
        self.spellings.contains_key(&key).then_some(key.0)
    }

    /// Whether there is room for a name that this resource would answer.
    pub(crate) fn has_room(&self, host: &Host, asked: &str, answer: &Entry) -> bool {
        if *answer.name().as_ref() == *asked {
            return true;
        }
        let odd = self.of_host(host).filter(|spelling| !host.is_exactly(spelling)).count();
        self.aliases < self.limits.aliases && (host.is_exactly(asked) || odd < self.limits.spellings)
    }

    pub(crate) fn insert(&mut self, host: Host, asked: &Name, answer: Option<&Arc<Entry>>) {
        let own = answer.is_some_and(|answer| answer.name() == asked);
        let standing = if own { Standing::Own } else { Standing::Alias };
        let before = self.spellings.insert((host, Arc::clone(asked)), standing);
        self.aliases += usize::from(standing == Standing::Alias);
        self.aliases -= usize::from(before == Some(Standing::Alias));
    }

    pub(crate) fn remove(&mut self, asked: &Name) {
        let Some(host) = Host::of(asked) else { return };
        let before = self.spellings.remove(&(host, Arc::clone(asked)));
        self.aliases -= usize::from(before == Some(Standing::Alias));
    }

    /// The names whose answer may change with this resource, whether it has come, changed or gone.
    pub(crate) fn answered_by(&self, snapshot: &Snapshot, resource: &Name) -> Vec<Name> {
        if resource.starts_with("*.") {
            // A host that has its own resource either had it before, or is told because that has come.
            let lacks_own = |host: &Host| snapshot.get(ResourceType::Secret, &host.exact).is_none();
            return self
                .below(resource)
                .filter(|(host, _)| lacks_own(host))
                .map(|(_, asked)| asked)
                .collect();
        }
        let host = Host::of(resource).filter(|host| host.is_exactly(resource));
        host.iter().flat_map(|host| self.of_host(host)).cloned().collect()
    }

    fn of_host<'a>(&'a self, host: &'a Host) -> impl Iterator<Item = &'a Name> {
        let from = (host.clone(), Name::from(""));
        self.spellings
            .range(from..)
            .map(|(key, _)| key)
            .take_while(move |(of, _)| of == host)
            .map(|(_, asked)| asked)
    }

    fn below<'a>(&'a self, wildcard: &'a Name) -> impl Iterator<Item = (&'a Host, Name)> {
        let first = Host { wildcard: Some(Arc::clone(wildcard)), exact: "".into() };
        let keys = self.spellings.range((first, Name::from(""))..).map(|(key, _)| key);
        let below = keys.take_while(move |(host, _)| host.wildcard.as_ref() == Some(wildcard));
        below.map(|(host, asked)| (host, Arc::clone(asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Resource, Update};

    fn host(asked: &str) -> Option<(String, Option<String>)> {
        let host = Host::of(&asked.into())?;
        Some((host.exact.to_string(), host.wildcard.map(|wildcard| wildcard.to_string())))
    }

    fn snapshot(names: &[&str]) -> Snapshot {
        let set = names.iter().map(|name| (ResourceType::Secret, Resource::named(*name, "key"))).collect();
        Snapshot::empty().apply(Update { set, removed: Vec::new() }).unwrap()
    }

    fn resolve(snapshot: &Snapshot, asked: &str) -> Option<String> {
        Host::of(&asked.into())?.resolve(snapshot).map(|entry| entry.name().to_string())
    }

    fn hosts(snapshot: &Snapshot, asked: &[&str]) -> Hosts {
        let mut hosts = Hosts::default();
        for name in asked.iter().map(|name| Name::from(*name)) {
            let host = Host::of(&name).unwrap();
            let answer = host.resolve(snapshot);
            hosts.insert(host, &name, answer);
        }
        hosts
    }

    #[test]
    fn spellings_of_a_host_are_one_host() {
        for asked in ["a.example.com", "A.Example.COM", "a.example.com."] {
            assert_eq!(host(asked), Some(("a.example.com".into(), Some("*.example.com".into()))), "{asked}");
        }
        assert_eq!(host("localhost"), Some(("localhost".into(), None)));
    }

    #[test]
    fn what_can_be_no_host_is_none() {
        let long = format!("{}.com", "a".repeat(64));
        let longer = "a.".repeat(127) + "com";
        for asked in
            ["", ".", "*", "*.example.com", "a..b", "a b", "ä.com", "[::1]", "x:", "~a", &long, &longer]
        {
            assert_eq!(host(asked), None, "{asked}");
        }
    }

    #[test]
    fn own_resource_answers_before_the_wildcard_of_one_label() {
        let snapshot = snapshot(&["a.example.com", "*.example.com", "*.b.example.com", "*"]);
        for (asked, answer) in [
            ("A.example.com", Some("a.example.com")),
            ("q.example.com", Some("*.example.com")),
            ("q.b.example.com", Some("*.b.example.com")),
            ("q.c.example.com", None),
            ("example.com", None),
            ("*", None),
        ] {
            assert_eq!(resolve(&snapshot, asked).as_deref(), answer, "{asked}");
        }
    }

    #[test]
    fn resource_answers_the_names_of_its_host_only() {
        let snapshot = snapshot(&["a.example.com", "*.example.com", "*.b.example.com"]);
        let names = ["A.example.com", "a.example.com", "q.example.com", "q.b.example.com", "x.example.org"];
        let hosts = hosts(&snapshot, &names);
        let answered = |resource: &str| -> Vec<String> {
            hosts.answered_by(&snapshot, &resource.into()).iter().map(|name| name.to_string()).collect()
        };
        assert_eq!(answered("a.example.com"), ["A.example.com", "a.example.com"]);
        assert_eq!(answered("*.example.com"), ["q.example.com"]);
        assert_eq!(answered("*.example.org"), ["x.example.org"]);
        for resource in ["A.example.com", "example.com", "*", "*.com", ""] {
            assert_eq!(answered(resource), [""; 0], "{resource}");
        }
    }

    #[test]
    fn aliases_are_counted_and_own_names_are_not() {
        let snapshot = snapshot(&["a.example.com", "*.example.com"]);
        let mut hosts =
            hosts(&snapshot, &["a.example.com", "A.example.com", "q.example.com", "q.example.com"]);
        assert_eq!((hosts.len(), hosts.aliases), (3, 2));
        for name in ["A.example.com", "a.example.com", "q.example.com", "unknown.example.com"] {
            hosts.remove(&name.into());
        }
        assert_eq!((hosts.len(), hosts.aliases), (0, 0));
    }
}
