//! Hosts of listeners and of routes: which one is within which, and what two have in common.

use model::Host;

/// Whether every name that `inner` takes is taken by `outer`, too. A wildcard takes one label or more.
pub(super) fn is_within(inner: &Host, outer: &Host) -> bool {
    if outer.is_any() || inner == outer {
        return true;
    }
    let Some(parent) = outer.wildcard_parent() else { return false };
    let name = inner.wildcard_parent().map_or(inner.as_str(), |parent| parent);
    let is_below = name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    // `*.a.example` is within itself only, and so is what is below it; `a.example` is not.
    is_below || inner.wildcard_parent().is_some_and(|inner| inner == parent)
}

/// What two hosts have in common; `None` for nothing.
pub(super) fn in_common<'h>(one: &'h Host, other: &'h Host) -> Option<&'h Host> {
    if is_within(one, other) { Some(one) } else { is_within(other, one).then_some(other) }
}

/// A host of a listener or of a route, in its canonical spelling. What an API server would refuse is none.
pub(super) fn host(text: &str) -> Result<Host, String> {
    crate::text::host_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_take_one_label_or_more() {
        let within = |inner: &str, outer: &str| is_within(&Host::new(inner), &Host::new(outer));
        for (inner, outer) in [
            ("a.example", "a.example"),
            ("a.example", "*"),
            ("b.a.example", "*.a.example"),
            ("c.b.a.example", "*.a.example"),
            ("*.b.a.example", "*.a.example"),
            ("*.a.example", "*.a.example"),
            ("*", "*"),
        ] {
            assert!(within(inner, outer), "{inner} within {outer}");
        }
        for (inner, outer) in [
            ("a.example", "*.a.example"),
            ("ba.example", "*.a.example"),
            ("*.ba.example", "*.a.example"),
            ("*", "*.a.example"),
            ("*.example", "*.a.example"),
            ("*.a.example", "b.a.example"),
            ("a.example", "b.example"),
        ] {
            assert!(!within(inner, outer), "{inner} within {outer}");
        }
    }

    #[test]
    fn the_narrower_of_two_is_what_they_have_in_common() {
        let common = |one: &str, other: &str| {
            let (one, other) = (Host::new(one), Host::new(other));
            let both = in_common(&one, &other).cloned();
            assert_eq!(both, in_common(&other, &one).cloned());
            both.map(|host| host.to_string())
        };
        assert_eq!(common("*.example", "*.a.example").as_deref(), Some("*.a.example"));
        assert_eq!(common("*", "b.example").as_deref(), Some("b.example"));
        assert_eq!(common("*.a.example", "*.b.example"), None);
    }
}
