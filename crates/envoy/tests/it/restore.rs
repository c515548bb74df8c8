//! Which hosts changed, and putting them back as they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use envoy::{Layout, Output, ResourceType, XdsMode};
use model::{Settings, VirtualHost, VirtualHostKey, WeightedCluster};
use rope::Rope;

use crate::values::{
    flushed, http, https, key, passthrough, restricting, serving, started, with_authorization, with_tls,
    with_tokens,
};

fn replaced(layout: &mut Box<dyn Layout>) -> Vec<VirtualHostKey> {
    layout.take_replaced().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn hosts_whose_bytes_changed_are_told_once_and_in_order() {
    let mut layout = started();
    for key in [https("b.com"), http("b.com"), http("a.com")] {
        layout.set(&key, Some(&with_tls("s", serving(key.host.as_str(), "x"))));
    }
    assert_eq!(replaced(&mut layout), [], "nothing is published yet");
    layout.flush();
    assert_eq!(replaced(&mut layout), [http("a.com"), http("b.com"), https("b.com")]);
    assert_eq!(replaced(&mut layout), []);
    layout.set(&http("a.com"), Some(&serving("a.com", "x")));
    layout.set(&https("b.com"), None);
    layout.flush();
    assert_eq!(replaced(&mut layout), [https("b.com")]);
}

#[test]
fn a_tls_host_is_put_back_with_its_chain_and_its_table() {
    let mut layout = started();
    let key = https("a.com");
    layout.set(&key, Some(&with_tls("s", serving("a.com", "x"))));
    let published = layout.flush();
    layout.take_replaced();
    layout.set(&key, Some(&with_tls("s", serving("a.com", "y"))));
    layout.flush();
    let before = layout.take_replaced().remove(0).1;
    layout.set(&key, None);
    layout.flush();
    layout.restore(&key, before);
    assert_eq!(layout.flush(), published);
}

#[test]
fn a_host_that_was_not_there_is_taken_away() {
    let mut layout = started();
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    layout.flush();
    let (key, before) = layout.take_replaced().remove(0);
    layout.restore(&key, before);
    assert_eq!(flushed(&mut layout), ["- RouteConfiguration https/a.com", "- Listener ingress_https"]);
}

/// A host in all the ways in which its table travels, and without any.
fn all_ways(host: &str) -> Vec<Option<VirtualHost>> {
    let carried = || passthrough(host, vec![WeightedCluster::plain(key("tcp"), 1)]);
    let ended = || with_tls("s", serving(host, "x"));
    let restricted = |value: VirtualHost| VirtualHost { policies: restricting(), ..value };
    let ways = [
        carried(),
        restricted(carried()),
        ended(),
        restricted(ended()),
        with_tokens(ended()),
        with_authorization(ended()),
        with_authorization(with_tokens(ended())),
    ];
    ways.into_iter().map(Some).chain([None]).collect()
}

/// What is published, by kind and name.
type Published = BTreeMap<(ResourceType, Arc<str>), Rope>;

fn publish(layout: &mut Box<dyn Layout>, published: &mut Published) {
    for output in layout.flush() {
        match output {
            Output::Set(resource) => {
                published.insert((resource.resource_type, resource.name), resource.body);
            }
            Output::Remove(resource_type, name) => drop(published.remove(&(resource_type, name))),
        }
    }
}

/// Makes a host one thing after another, and the first again.
fn put_back(choice: model::Layout, key: &VirtualHostKey, [first, between @ ..]: [&Option<VirtualHost>; 3]) {
    let settings = Settings { layout: choice, ..Settings::default() };
    let mut layout = envoy::layout(&settings, XdsMode::AdsDelta);
    let mut published = Published::new();
    layout.set(key, first.as_ref());
    publish(&mut layout, &mut published);
    layout.take_replaced();
    let before = published.clone();
    let mut replaced = BTreeMap::new();
    for value in between {
        layout.set(key, value.as_ref());
        publish(&mut layout, &mut published);
        for (key, form) in layout.take_replaced() {
            replaced.entry(key).or_insert(form);
        }
    }
    replaced.into_iter().for_each(|(key, form)| layout.restore(&key, form));
    publish(&mut layout, &mut published);
    assert_eq!(published, before, "{choice:?} {key:?} {first:#?} {between:#?}");
}

#[test]
fn a_host_is_put_back_from_whatever_it_became() {
    for choice in [model::Layout::Table, model::Layout::Scoped, model::Layout::OnDemand] {
        for host in ["*", "*.a.com", "a.com"] {
            let (key, ways) = (https(host), all_ways(host));
            for (first, second) in
                ways.iter().flat_map(|first| ways.iter().map(move |second| (first, second)))
            {
                ways.iter().for_each(|third| put_back(choice, &key, [first, second, third]));
            }
        }
    }
}
