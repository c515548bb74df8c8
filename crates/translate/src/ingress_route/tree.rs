//! The tree of delegations below a root, walked without recursion: users decide how deep it is.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use api::IngressRouteSpec;
use api::ingress_route::{Delegate, Route as Spec};
use model::ObjectId;
use store::IngressRouteFact;

use super::{SPEC, delegated, ours, route};
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::http_proxy::root::Context;
use crate::http_proxy::tree::{Entry, MAX_DEPTH, MAX_INCLUDES, MAX_ROUTES, without_duplicates};
use crate::text::quoted;

/// One object on the way from the root to where the walk is.
struct Frame {
    object: ObjectId,
    spec: Rc<IngressRouteSpec>,
    /// The path that was handed over; empty for the root, which has all of them.
    prefix: String,
    /// The next route to look at for a delegation.
    next: usize,
    /// Where the routes of this object and of what it delegates to begin.
    start: usize,
}

/// All routes below a root. An object's own routes count over those that it delegates.
pub(super) fn routes(context: &mut Context<'_, '_>, id: &ObjectId, fact: &IngressRouteFact) -> Vec<Entry> {
    let mut walk = Walk::default();
    walk.enter(id.clone(), fact, String::new());
    while let Some(frame) = walk.frames.last_mut() {
        let (spec, index) = (Rc::clone(&frame.spec), frame.next);
        if let Some(route) = spec.routes.get(index) {
            frame.next += 1;
            if let Some(delegate) = &route.delegate {
                walk.follow(context, index, route, delegate);
            }
            continue;
        }
        let Some(done) = walk.frames.pop() else { break };
        walk.on_path.remove(&done.object);
        walk.own_routes(context, &done);
    }
    without_duplicates(context, walk.entries)
}

/// The state of a walk.
#[derive(Default)]
struct Walk {
    frames: Vec<Frame>,
    on_path: BTreeSet<ObjectId>,
    entries: Vec<Entry>,
    delegations: usize,
    /// What was unpacked: a part may be delegated to again and again.
    specs: BTreeMap<ObjectId, Rc<IngressRouteSpec>>,
}

impl Walk {
    fn enter(&mut self, object: ObjectId, fact: &IngressRouteFact, prefix: String) {
        let spec = self.specs.entry(object.clone()).or_insert_with(|| Rc::new(fact.spec()));
        let (spec, start) = (Rc::clone(spec), self.entries.len());
        self.on_path.insert(object.clone());
        self.frames.push(Frame { object, spec, prefix, next: 0, start });
    }

    /// Follows a delegation of the last frame, or says why there is nowhere to go. What is wrong with the route itself
    /// is said with the object's own routes.
    fn follow(&mut self, context: &mut Context<'_, '_>, index: usize, route: &Spec, delegate: &Delegate) {
        let Some(frame) = self.frames.last() else { return };
        if !route.services.is_empty() || !is_within(&route.prefix, &frame.prefix) {
            return;
        }
        let owner = frame.object.clone();
        let at = SPEC.item("routes", index);
        let target = delegated(&owner, delegate);
        self.delegations += 1;
        match self.target(context, &at.field("delegate"), &target) {
            Ok(Some(fact)) => {
                context.out.reach(&target);
                self.enter(target, fact, route.prefix.clone());
            }
            Ok(None) => {
                let message = format!(
                    "route {}: IngressRoute {} not found",
                    quoted(&route.prefix),
                    target.qualified_name()
                );
                let fault = Fault::new("IncludeError", "IncludeNotFound", &at.field("delegate"), message);
                let help = "create it with a class that is served here, or remove the route";
                context.note(&owner, fault.with_help(help).warning());
            }
            Err(fault) => context.note(&owner, fault.error()),
        }
    }

    /// The object that is delegated to; `None` where there is none, as if the route were not there.
    fn target<'s>(
        &self,
        context: &Context<'_, 's>,
        at: &FieldPath<'_>,
        target: &ObjectId,
    ) -> Result<Option<&'s IngressRouteFact>, Fault> {
        let fault = |reason, message: String| Err(Fault::new("IncludeError", reason, at, message));
        if self.on_path.contains(target) {
            let message =
                format!("route creates a delegation cycle: {} -> {}", self.way(), target.qualified_name());
            return fault("IncludeCreatesCycle", message);
        }
        if self.frames.len() > MAX_DEPTH {
            let message =
                format!("{} is more than {MAX_DEPTH} delegations below the root", target.qualified_name());
            return fault("IncludeTooDeep", message);
        }
        if self.delegations > MAX_INCLUDES || self.entries.len() > MAX_ROUTES {
            let message = format!(
                "{} is not followed: one root has at most {MAX_INCLUDES} delegations and {MAX_ROUTES} routes",
                target.qualified_name()
            );
            return fault("TooManyIncludes", message);
        }
        let Some(fact) = ours(context.reader, context.settings, target) else { return Ok(None) };
        if fact.is_root() {
            let message = format!(
                "root IngressRoute cannot delegate to another root IngressRoute ({})",
                target.qualified_name()
            );
            return fault("RootIncludesRoot", message);
        }
        Ok(Some(fact))
    }

    /// The objects on the way, for messages about cycles; the last of them where there are many.
    fn way(&self) -> String {
        const SHOWN: usize = 16;
        let skipped = self.frames.len().saturating_sub(SHOWN);
        let names: Vec<_> =
            self.frames[skipped..].iter().map(|frame| frame.object.qualified_name()).collect();
        let dots = if skipped > 0 { "… -> " } else { "" };
        format!("{dots}{}", names.join(" -> "))
    }

    /// Adds the routes of an object whose delegations have been walked. A fault in one of them leaves out all of the
    /// object's routes: requests must not fall through to a broader route.
    fn own_routes(&mut self, context: &mut Context<'_, '_>, frame: &Frame) {
        let mut valid = true;
        for (index, spec) in frame.spec.routes.iter().enumerate() {
            let at = SPEC.item("routes", index);
            let entries = check(&at, frame, spec).and_then(|()| {
                if spec.services.is_empty() {
                    Ok(vec![])
                } else {
                    route::entries(context, &frame.object, index, spec)
                }
            });
            match entries {
                Ok(entries) => self.entries.extend(entries),
                Err(fault) => {
                    context.note(&frame.object, fault.error());
                    valid = false;
                }
            }
            if spec.services.is_empty() && spec.delegate.is_none() {
                let message = format!("route {} has neither services nor delegate", quoted(&spec.prefix));
                let fault = Fault::new("RouteError", "RouteActionCountNotValid", &at, message);
                let help = "add services, or a delegate; requests go to a broader route";
                context.note(&frame.object, fault.with_help(help).warning());
            }
        }
        if !valid {
            self.entries.truncate(frame.start);
        }
    }
}

/// What a route must be, whatever it does.
fn check(at: &FieldPath<'_>, frame: &Frame, spec: &Spec) -> Result<(), Fault> {
    if !spec.services.is_empty() && spec.delegate.is_some() {
        let message =
            format!("route {}: cannot specify services and delegate in the same route", quoted(&spec.prefix));
        let fault = Fault::new("RouteError", "RouteActionCountNotValid", at, message);
        return Err(fault.with_help("keep one of the two"));
    }
    if !is_within(&spec.prefix, &frame.prefix) {
        let message = format!(
            "the path prefix {} does not match the parent's path prefix {}",
            quoted(&spec.prefix),
            quoted(&frame.prefix)
        );
        let fault = Fault::new("RouteError", "PathMatchConditionsNotValid", &at.field("match"), message);
        return Err(fault.with_help("begin the path with that which was delegated"));
    }
    Ok(())
}

/// Whether a path is below another, by whole segments, or the same; several slashes are one, as in requests.
fn is_within(path: &str, prefix: &str) -> bool {
    let [mut path, mut prefix] = [path, prefix].map(|text| text.split('/').filter(|part| !part.is_empty()));
    prefix.all(|part| path.next() == Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_within_others_by_whole_segments() {
        for (path, prefix) in [
            ("/a", ""),
            ("/a", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a", "/a/"),
            ("/a/b", "/a"),
            ("/a/b/", "/a/b"),
            ("/a//b", "/a/b"),
            ("//a/b/c", "/a//b/"),
        ] {
            assert!(is_within(path, prefix), "{path} {prefix}");
        }
        for (path, prefix) in [("/ab", "/a"), ("/", "/a"), ("/b/a", "/a"), ("", "/a")] {
            assert!(!is_within(path, prefix), "{path} {prefix}");
        }
    }
}
