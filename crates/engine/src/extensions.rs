//! The ExtensionServices that are asked about all hosts.
//!
//! Their clusters keep their names, whatever changes in them: every listener names them, and a change of each of these
//! would end all connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy::{Resource, XdsMode};
use model::{ExtensionName, Known, Settings};
use translate::Extension;

use crate::fleet::Needs;

/// What is published of each, and what the settings come to by that.
#[derive(Debug)]
pub(crate) struct Extensions {
    /// As the operator wrote them.
    written: Arc<Settings>,
    /// With what is known by now.
    informed: Arc<Settings>,
    made: BTreeMap<ExtensionName, Made>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) resource: Resource,
    pub(crate) needs: Needs,
    known: Known,
}

impl Made {
    pub(crate) fn new(name: &ExtensionName, extension: Extension, mode: XdsMode) -> Self {
        let Extension { cluster, authority, response } = extension;
        let resource = envoy::cluster(&name.cluster(), &cluster, mode);
        Self { resource, needs: Needs::of(&cluster), known: Known { authority, response } }
    }
}

impl Extensions {
    pub(crate) fn new(written: Arc<Settings>) -> Self {
        Self { informed: written.clone(), written, made: BTreeMap::new() }
    }

    /// Puts one in place of what it was. Gives what that needed, and the settings if they come to something else now.
    pub(crate) fn replace(&mut self, name: &ExtensionName, made: Made) -> (Needs, Option<Arc<Settings>>) {
        let before = self.made.insert(name.clone(), made);
        let known = |name: &ExtensionName| self.made.get(name).map(|made| made.known.clone());
        let informed = self.written.informed(known);
        let changed = (informed != *self.informed).then(|| {
            self.informed = Arc::new(informed);
            self.informed.clone()
        });
        (before.map(|before| before.needs).unwrap_or_default(), changed)
    }

    /// The one that a cluster is of.
    pub(crate) fn of_cluster(&self, cluster: &str) -> Option<ExtensionName> {
        self.made.keys().find(|name| name.cluster().as_str() == cluster).cloned()
    }
}
