//! Topics: the keys of each, and how they become settings. A new topic is a file, and a line in each list here.

mod authorization;
mod backends;
mod cluster;
mod listener;
mod listeners;
mod logging;
mod objects;
mod policy;
mod process;
mod rate_limit;
mod runtime;
mod surroundings;
mod timeouts;
mod tls;
mod tracing;

use model::Settings;

use crate::fault::Faults;
use crate::key::Key;
use crate::serving::Serving;
use crate::written::Written;

/// A topic with its keys.
#[derive(Debug)]
pub struct Topic {
    /// What it is about.
    pub title: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// The topics, in the order of the documentation.
static TOPICS: [Topic; 15] = [
    Topic { title: "Which objects are read, and how", keys: objects::KEYS },
    Topic { title: "Where Envoy listens", keys: listeners::KEYS },
    Topic { title: "Connections of clients", keys: listener::KEYS },
    Topic { title: "TLS with clients", keys: tls::KEYS },
    Topic { title: "Access logs", keys: logging::KEYS },
    Topic { title: "Time limits", keys: timeouts::KEYS },
    Topic { title: "Headers of all services", keys: policy::KEYS },
    Topic { title: "Backends", keys: backends::KEYS },
    Topic { title: "What surrounds Envoy", keys: surroundings::KEYS },
    Topic { title: "Envoy's runtime", keys: runtime::KEYS },
    Topic { title: "The service that counts requests", keys: rate_limit::KEYS },
    Topic { title: "External authorization", keys: authorization::KEYS },
    Topic { title: "Traces", keys: tracing::KEYS },
    Topic { title: "The cluster that is served", keys: cluster::KEYS },
    Topic { title: "The process that serves a cluster", keys: process::KEYS },
];

/// What makes settings of a topic.
type Section = fn(&Written, &mut Settings, &mut Faults);

const SECTIONS: [Section; 13] = [
    objects::settings,
    listeners::settings,
    listener::settings,
    tls::settings,
    logging::settings,
    timeouts::settings,
    policy::settings,
    backends::settings,
    surroundings::settings,
    runtime::settings,
    rate_limit::settings,
    authorization::settings,
    tracing::settings,
];

/// Everything that decides how a cluster is served.
pub(crate) fn serving(written: &Written, settings: &Settings, faults: &mut Faults) -> Serving {
    let mut serving = Serving::default();
    cluster::serving(written, &mut serving, faults);
    process::serving(written, &mut serving, faults);
    cluster::refuse_what_is_not_watched(settings, &serving, faults);
    serving
}

/// All topics.
pub fn topics() -> &'static [Topic] {
    &TOPICS
}

/// All keys.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    topics().iter().flat_map(|topic| topic.keys)
}

/// Everything that shapes the configuration of Envoys.
pub(crate) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    for section in SECTIONS {
        section(written, settings, faults);
    }
    listeners::refuse_one_port_for_two(settings, faults);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::keys;

    #[test]
    fn every_key_has_names_of_its_own_and_a_meaning() {
        let (mut paths, mut files, mut flags) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for key in keys() {
            assert!(key.path.starts_with("spec.") || key.path.starts_with("own."), "{}", key.path);
            assert!(paths.insert(key.path), "{} twice", key.path);
            assert!(key.file.is_none_or(|file| files.insert(file)), "{:?} twice", key.file);
            assert!(key.flag.is_none_or(|flag| flags.insert(flag)), "{:?} twice", key.flag);
            assert!(key.meaning.ends_with('.'), "{}: what does it decide?", key.path);
        }
    }
}
