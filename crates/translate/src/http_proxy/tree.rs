//! The tree of includes below a root, walked without recursion: users decide how deep it is.

use std::collections::BTreeSet;
use std::rc::Rc;

use api::HttpProxySpec;
use api::http_proxy::Include;
use model::{Action, DirectResponse, HeaderEdits, ObjectId, Policies, Route, RouteMatch};
use store::HttpProxyFact;

use super::conditions::{self, Conditions};
use super::root::Context;
use super::route::{self, FromRoot, Scope};
use super::{Fault, SPEC, included, ours, without_effect};
use crate::duplicates::{self, Candidate};
use crate::field_path::FieldPath;

/// How many objects an include may be away from the root.
pub(crate) const MAX_DEPTH: usize = 200;
/// How many includes one root may follow: a bound for trees that meet the same part again and again.
pub(crate) const MAX_INCLUDES: usize = 20_000;
/// How many routes one root may have, for the same reason.
pub(crate) const MAX_ROUTES: usize = 100_000;

/// A route of the tree, and whether it may be served without TLS.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) route: Route,
    pub(crate) permit_insecure: bool,
    /// Its place in `spec.routes` of the object that it comes from; none for what answers for an include.
    pub(crate) index: Option<usize>,
    /// Whether it only completes another one (reference 3.11).
    pub(crate) implied: bool,
}

impl Candidate for Entry {
    fn matches(&self) -> &RouteMatch {
        &self.route.matches
    }

    fn is_implied(&self) -> bool {
        self.implied
    }
}

/// One object on the way from the root to where the walk is.
struct Frame {
    object: ObjectId,
    spec: Rc<HttpProxySpec>,
    conditions: Conditions,
    /// The next include to follow.
    next: usize,
    /// Include conditions that were met already in this object.
    seen: BTreeSet<RouteMatch>,
    /// Where the routes of this object and of what it includes begin.
    start: usize,
}

/// All routes below a root.
pub(super) fn routes(
    context: &mut Context<'_, '_>,
    id: &ObjectId,
    fact: &HttpProxyFact,
    root: &FromRoot<'_>,
) -> Vec<Entry> {
    let mut walk = Walk { frames: vec![], on_path: BTreeSet::new(), entries: vec![], includes: 0, root };
    walk.enter(context, id.clone(), fact, Conditions::default());
    while let Some(frame) = walk.frames.last_mut() {
        let (spec, index) = (Rc::clone(&frame.spec), frame.next);
        if let Some(include) = spec.includes.get(index) {
            frame.next += 1;
            walk.follow(context, index, include);
            continue;
        }
        let Some(done) = walk.frames.pop() else { break };
        walk.on_path.remove(&done.object);
        walk.own_routes(context, &done);
    }
    without_duplicates(context, walk.entries)
}

/// The state of a walk.
struct Walk<'a> {
    frames: Vec<Frame>,
    on_path: BTreeSet<ObjectId>,
    entries: Vec<Entry>,
    includes: usize,
    root: &'a FromRoot<'a>,
}

impl Walk<'_> {
    fn enter(
        &mut self,
        context: &mut Context<'_, '_>,
        object: ObjectId,
        fact: &HttpProxyFact,
        conditions: Conditions,
    ) {
        let spec = context.spec(&object, fact);
        let start = self.entries.len();
        self.on_path.insert(object.clone());
        self.frames.push(Frame { object, spec, conditions, next: 0, seen: BTreeSet::new(), start });
    }

    /// Follows an include of the last frame, or says why there is nowhere to go.
    fn follow(&mut self, context: &mut Context<'_, '_>, index: usize, include: &Include) {
        let at = SPEC.item("includes", index);
        let Some(frame) = self.frames.last_mut() else { return };
        let owner = frame.object.clone();
        without_effect::include(context, &owner, &frame.conditions, &at, include);
        let (own, joined) = match include_conditions(frame, &at, include) {
            Ok(conditions) => conditions,
            Err(fault) => return context.note(&owner, fault.error()),
        };
        let target = included(&owner, include.namespace.as_deref(), &include.name);
        self.includes += 1;
        match self.target(context, &at, &target) {
            Ok(fact) => {
                context.out.reach(&target);
                self.enter(context, target, fact, joined);
            }
            Err(dead) => {
                context.note(&owner, dead.fault.error());
                if dead.answers && !own.is_empty() {
                    self.entries.push(bad_gateway(owner, joined));
                }
            }
        }
    }

    /// The object that an include names.
    fn target<'s>(
        &self,
        context: &Context<'_, 's>,
        at: &FieldPath<'_>,
        target: &ObjectId,
    ) -> Result<&'s HttpProxyFact, DeadEnd> {
        let name = || target.qualified_name();
        let dead = |reason, answers, message: String| DeadEnd {
            fault: Fault::new("IncludeError", reason, at, message),
            answers,
        };
        if self.on_path.contains(target) {
            let message = format!("include creates an include cycle: {} -> {}", self.way(), name());
            return Err(dead("IncludeCreatesCycle", false, message));
        }
        if self.frames.len() > MAX_DEPTH {
            let message = format!("include {} is more than {MAX_DEPTH} includes below the root", name());
            return Err(dead("IncludeTooDeep", true, message));
        }
        if self.includes > MAX_INCLUDES || self.entries.len() > MAX_ROUTES {
            let message = format!(
                "include {} is not followed: one root has at most {MAX_INCLUDES} includes and {MAX_ROUTES} \
                 routes, counted again wherever a part is included again",
                name()
            );
            return Err(dead("TooManyIncludes", true, message));
        }
        let Some(fact) = ours(context.reader, context.settings, &target.namespace, &target.name) else {
            return Err(dead("IncludeNotFound", true, format!("include {} not found", name())));
        };
        if fact.is_root() {
            let message = format!("root httpproxy cannot include another root httpproxy ({})", name());
            return Err(dead("RootIncludesRoot", true, message));
        }
        Ok(fact)
    }

    /// The objects on the way, for messages about cycles; the last of them where there are many.
    fn way(&self) -> String {
        const SHOWN: usize = 16;
        let skipped = self.frames.len().saturating_sub(SHOWN);
        let names = self.frames[skipped..].iter().map(|frame| frame.object.qualified_name());
        let mut names: Vec<_> = names.collect();
        if skipped > 0 {
            names.insert(0, "…".into());
        }
        names.join(" -> ")
    }

    /// Adds the routes of an object whose includes have been walked. A fault in one of them leaves out all
    /// of the object's routes and includes: requests must not fall through to a broader route.
    fn own_routes(&mut self, context: &mut Context<'_, '_>, frame: &Frame) {
        let mut valid = true;
        for (index, spec) in frame.spec.routes.iter().enumerate() {
            let at = SPEC.item("routes", index);
            let scope = Scope { owner: &frame.object, above: &frame.conditions, at: &at, root: self.root };
            match route::entries(context, &scope, index, spec) {
                Ok(entries) => self.entries.extend(entries),
                Err(fault) => {
                    context.note(&frame.object, fault.error());
                    valid = false;
                }
            }
        }
        if !valid {
            self.entries.truncate(frame.start);
        }
    }
}

/// An include that leads nowhere, and whether its conditions answer 502.
struct DeadEnd {
    fault: Fault,
    answers: bool,
}

/// The conditions of an include by themselves and with those above; each set but the empty one may stand
/// once in an object.
fn include_conditions(
    frame: &mut Frame,
    at: &FieldPath<'_>,
    include: &Include,
) -> Result<(Conditions, Conditions), Fault> {
    let (own, joined) = conditions::include(&frame.conditions, at, &include.conditions)?;
    if !own.is_empty() && !frame.seen.insert(own.clone().matching()) {
        let message = "duplicate conditions defined on an include";
        return Err(Fault::new("IncludeError", "DuplicateMatchConditions", at, message));
    }
    Ok((own, joined))
}

/// What answers in the place of an include that leads nowhere.
fn bad_gateway(owner: ObjectId, conditions: Conditions) -> Entry {
    let route = Route {
        matches: conditions.matching(),
        action: Action::Respond(DirectResponse { status: 502, body: "".into() }),
        policies: Policies::default(),
        jwt: None,
        authorization: None,
        cors: None,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        origin: owner,
    };
    Entry { route, permit_insecure: false, index: None, implied: false }
}

/// Leaves out routes that a later one with the same conditions makes useless, and says so.
pub(crate) fn without_duplicates(context: &mut Context<'_, '_>, entries: Vec<Entry>) -> Vec<Entry> {
    let (stays, losers) = duplicates::settle(entries);
    for (loser, winner) in losers {
        let Some(index) = loser.index else { continue };
        let winner = &stays[winner];
        if winner.index == loser.index && winner.route.origin == loser.route.origin {
            // The same route, met twice: parts may be included again and again.
            continue;
        }
        let place = winner.index.map_or_else(|| "an include".into(), |index| format!("spec.routes[{index}]"));
        let message = format!("is never used: {place} of {} has the same conditions", winner.route.origin);
        let fault = Fault::new("RouteError", "RouteConflict", &SPEC.item("routes", index), message);
        context.note(&loser.route.origin, fault.with_help("give them different conditions").warning());
    }
    stays
}
