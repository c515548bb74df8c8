//! The Pod that the controller runs in.

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use status::{Event, Regarding};
use tokio::time::timeout;

use crate::status::{PATIENCE, request};

/// The Pod that the controller runs in: what is wrong with the controller is told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl Pod {
    /// Tells by an Event that something is wrong. When that fails, nobody misses much: it is in the log, too.
    pub async fn warn(&self, client: Client, action_and_reason: (&str, &str), note: &str) {
        let Self { namespace, name, uid } = self.clone();
        let (api_version, kind) = ("v1".to_owned(), "Pod".to_owned());
        let regarding = Regarding { api_version, kind, namespace, name, uid };
        let event = Event::warning(regarding, action_and_reason, note, &self.name, Timestamp::now());
        let _ = timeout(PATIENCE, request::tell(client, event)).await;
    }
}
