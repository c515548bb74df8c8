//! The tree of includes below a root, walked without recursion: users decide how deep it is.

use std::collections::BTreeSet;

use api::http_proxy::Include;
use model::{Action, DirectResponse, HeaderEdits, ObjectId, PathMatch, Route};
use store::HttpProxyFact;

use super::conditions::{self, Conditions};
use super::root::{Context, Entry};
use super::{Fault, id, ours, route};

/// How many includes one root may follow: a bound for trees that meet the same part again and again.
const MAX_INCLUDES: usize = 20_000;

/// One object on the way from the root to where the walk is.
struct Frame<'s> {
    object: ObjectId,
    fact: &'s HttpProxyFact,
    conditions: Conditions,
    /// The next include to follow.
    next: usize,
    /// Include conditions that were met already in this object.
    seen: Vec<Conditions>,
    /// Where the routes of this object and of what it includes begin.
    start: usize,
}

/// All routes below a root. With `closed`, those that would forward answer 500.
pub(super) fn routes<'s>(
    context: &mut Context<'_, 's>,
    root: &ObjectId,
    fact: &'s HttpProxyFact,
    closed: bool,
) -> Vec<Entry> {
    let mut walk = Walk { entries: vec![], on_path: BTreeSet::from([root.clone()]), includes: 0, closed };
    let mut frames = vec![Frame {
        object: root.clone(),
        fact,
        conditions: Conditions::default(),
        next: 0,
        seen: vec![],
        start: 0,
    }];
    while let Some(frame) = frames.last_mut() {
        if let Some(include) = frame.fact.spec.includes.get(frame.next) {
            frame.next += 1;
            if let Some(child) = walk.follow(context, &mut frames, include) {
                walk.on_path.insert(child.object.clone());
                frames.push(child);
            }
            continue;
        }
        let Some(done) = frames.pop() else { break };
        walk.on_path.remove(&done.object);
        walk.own_routes(context, &done);
    }
    walk.entries
}

/// The state of a walk.
struct Walk {
    entries: Vec<Entry>,
    on_path: BTreeSet<ObjectId>,
    includes: usize,
    closed: bool,
}

impl Walk {
    /// Follows an include of the last frame; `None` when there is nowhere to go.
    fn follow<'s>(
        &mut self,
        context: &mut Context<'_, 's>,
        frames: &mut [Frame<'s>],
        include: &Include,
    ) -> Option<Frame<'s>> {
        let chain = path_of(frames);
        let frame = frames.last_mut()?;
        let owner = frame.object.clone();
        let path = format!("spec.includes[{}]", frame.next - 1);
        self.includes += 1;
        if self.includes > MAX_INCLUDES {
            if self.includes == MAX_INCLUDES + 1 {
                let message = format!("more than {MAX_INCLUDES} includes are reached from one root");
                context.note(&owner, Fault::new("IncludeError", "TooManyIncludes", path, message).error());
            }
            return None;
        }
        let own = match conditions::include(&path, &include.conditions) {
            Ok(own) => own,
            Err(fault) => {
                context.note(&owner, fault.error());
                return None;
            }
        };
        if !own.is_empty() && frame.seen.contains(&own) {
            let message = "duplicate conditions defined on an include";
            let fault = Fault::new("IncludeError", "DuplicateMatchConditions", path, message);
            context.note(&owner, fault.error());
            return None;
        }
        frame.seen.push(own.clone());
        let merged = frame.conditions.join(&own);
        let namespace = include.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let target = id(namespace.unwrap_or(&owner.namespace), &include.name);
        match self.target(context, &chain, &path, &target) {
            Ok(fact) => {
                context.out.reach(&target);
                let start = self.entries.len();
                let conditions = merged;
                Some(Frame { object: target, fact, conditions, next: 0, seen: vec![], start })
            }
            Err((fault, answers)) => {
                context.note(&owner, fault.error());
                if answers && !own.is_empty() {
                    self.entries.push(bad_gateway(&owner, &merged));
                }
                None
            }
        }
    }

    /// The object that an include names; or the fault, and whether its conditions answer 502.
    fn target<'s>(
        &self,
        context: &Context<'_, 's>,
        chain: &str,
        path: &str,
        target: &ObjectId,
    ) -> Result<&'s HttpProxyFact, (Fault, bool)> {
        let name = format!("{}/{}", target.namespace, target.name);
        let fault = |reason, message: String| Fault::new("IncludeError", reason, path.to_owned(), message);
        if self.on_path.contains(target) {
            let message = format!("include creates an include cycle: {chain} -> {name}");
            return Err((fault("IncludeCreatesCycle", message), false));
        }
        let Some(fact) = ours(context.reader, context.settings, &target.namespace, &target.name) else {
            return Err((fault("IncludeNotFound", format!("include {name} not found")), true));
        };
        if fact.spec.virtualhost.is_some() {
            let message = format!("root httpproxy cannot include another root httpproxy ({name})");
            return Err((fault("RootIncludesRoot", message), true));
        }
        Ok(fact)
    }

    /// Adds the routes of an object whose includes have been walked. A fault in one of them leaves out all
    /// of the object's routes and includes: requests must not fall through to a broader route.
    fn own_routes(&mut self, context: &mut Context<'_, '_>, frame: &Frame<'_>) {
        let mut valid = true;
        let mut entries = Vec::new();
        for (index, spec) in frame.fact.spec.routes.iter().enumerate() {
            let path = format!("spec.routes[{index}]");
            match route::entries(context, &frame.object, &path, &frame.conditions, spec, self.closed) {
                Ok(found) => entries.extend(found),
                Err(fault) => {
                    context.note(&frame.object, fault.error());
                    valid = false;
                }
            }
        }
        if valid {
            self.entries.extend(entries);
        } else {
            self.entries.truncate(frame.start);
        }
    }
}

/// The objects on the way, for messages about cycles.
fn path_of(frames: &[Frame<'_>]) -> String {
    const SHOWN: usize = 16;
    let names = frames.iter().map(|frame| format!("{}/{}", frame.object.namespace, frame.object.name));
    let skipped = frames.len().saturating_sub(SHOWN);
    let mut names: Vec<_> = names.skip(skipped).collect();
    if skipped > 0 {
        names.insert(0, "…".into());
    }
    names.join(" -> ")
}

/// What answers in the place of an include that leads nowhere.
fn bad_gateway(owner: &ObjectId, conditions: &Conditions) -> Entry {
    let route = Route {
        matches: conditions.matching(PathMatch::Prefix(conditions.path().into())),
        action: Action::Respond(DirectResponse { status: 502, body: "".into() }),
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        origin: owner.clone(),
    };
    Entry { route, permit_insecure: false }
}
