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
use crate::written::Written;

/// The keys of each topic, in the order of the documentation.
static KEYS: [&[Key]; 15] = [
    objects::KEYS,
    listeners::KEYS,
    listener::KEYS,
    tls::KEYS,
    logging::KEYS,
    timeouts::KEYS,
    policy::KEYS,
    backends::KEYS,
    surroundings::KEYS,
    runtime::KEYS,
    rate_limit::KEYS,
    authorization::KEYS,
    tracing::KEYS,
    cluster::KEYS,
    process::KEYS,
];

/// What makes settings of a topic.
type Section = fn(&Written, &mut Settings, &mut Faults);

const SECTIONS: [Section; 10] = [
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
];

/// All keys.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().flat_map(|keys| keys.iter())
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
