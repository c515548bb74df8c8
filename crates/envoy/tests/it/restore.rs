//! Which hosts changed, and putting them back as they were.

use envoy::Layout;
use model::VirtualHostKey;

use crate::values::{flushed, http, https, serving, started, with_tls};

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
