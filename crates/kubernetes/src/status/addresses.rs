//! What the writer is told of objects, and of the Service in front of the Envoys.

use api::core::Service;
use futures::{Stream, StreamExt};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use status::{Input, Observation, Target, service_addresses};
use store::Change;
use tokio::sync::mpsc;

/// What a change says to the writer; `None` for objects whose status is not ours.
#[must_use]
pub fn input(change: &Change) -> Option<Input> {
    match change {
        Change::Applied(object) => {
            let (target, observation) = Observation::of(object)?;
            Some(Input::Observed(target, Box::new(observation)))
        }
        Change::Removed(id) => Target::of(id).map(Input::Gone),
    }
}

/// Tells the addresses of the Service in front of the Envoys, now and when they change, until nobody listens.
pub async fn follow_service(client: Client, namespace: &str, name: &str, tell: mpsc::UnboundedSender<Input>) {
    let services: Api<Service> = Api::namespaced(client, namespace);
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let found = watcher(services, only).default_backoff().applied_objects();
    tell_addresses(found, &tell).await;
}

async fn tell_addresses<E: std::error::Error>(
    services: impl Stream<Item = Result<Service, E>>,
    tell: &mpsc::UnboundedSender<Input>,
) {
    futures::pin_mut!(services);
    loop {
        let found = tokio::select! {
            found = services.next() => found,
            () = tell.closed() => return,
        };
        match found {
            None => return,
            Some(Err(error)) => tracing::warn!(%error, "the Service of the Envoys cannot be watched"),
            Some(Ok(service)) => drop(tell.send(Input::Addresses(service_addresses(&service)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use serde_json::{from_value, json};

    use super::*;

    #[tokio::test]
    async fn addresses_are_told_as_they_come_and_failures_in_between_are_not() {
        let service = |ip: &str| {
            let status = json!({"loadBalancer": {"ingress": [{"ip": ip}]}});
            from_value::<Service>(json!({"metadata": {}, "status": status})).unwrap()
        };
        let found = [Ok(service("192.0.2.1")), Err(std::fmt::Error), Ok(service("192.0.2.2"))];
        let (tell, mut told) = mpsc::unbounded_channel();
        tell_addresses(stream::iter(found), &tell).await;
        drop(tell);
        for ip in ["192.0.2.1", "192.0.2.2"] {
            let Some(Input::Addresses(addresses)) = told.recv().await else { panic!("addresses") };
            assert_eq!(addresses, status::service_addresses(&service(ip)));
        }
        assert!(told.recv().await.is_none());
    }

    #[test]
    fn objects_without_a_status_of_ours_are_told_of_to_nobody() {
        let service = api::decode(api::Kind::Service, json!({"metadata": {"name": "a"}})).unwrap();
        assert!(input(&Change::Applied(service.object)).is_none());
    }
}
