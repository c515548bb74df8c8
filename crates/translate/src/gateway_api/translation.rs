//! One route on its way to a contribution.

use std::collections::{BTreeMap, BTreeSet};

use api::gateway_api::GROUP;
use model::{
    AncestorStatus, Condition, GatewayApiStatus, Holds, Kind, ObjectId, ParentRef, ParentStatus, Policies,
    Problem, Settings, Severity, Traffic, VirtualHostKey,
};
use store::{Age, Carries, Name, OfferedListener, Reader, Shown};

use super::attach::{self, Attachment, Place};
use super::hosts;
use super::statement::{ACCEPTED, Failure, RESOLVED_REFS, fails, unless};
use crate::contribution::Standing;
use crate::field_path::FieldPath;
use crate::http_proxy::authorization;
use crate::text::quoted;
use crate::{Contribution, Fragment, Note, Origin, Rank};

/// Where everything stands.
pub(super) static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// One route on its way to a contribution.
pub(super) struct Translation<'r, 's> {
    pub(super) reader: &'r Reader<'s>,
    pub(super) settings: &'r Settings,
    pub(super) id: &'r ObjectId,
    pub(super) out: Contribution,
    /// What is shown to backends that ask who asks them.
    pub(super) shown: Shown,
    /// The first reference that comes to nothing.
    unresolved: Option<Failure>,
    /// The values that cannot be served, each once, with where they stand.
    unsupported: Vec<(String, Failure)>,
    /// Whether there is a rule without such a value.
    pub(super) serves: bool,
    /// The name of the rule that is looked at, if it has one.
    pub(super) rule: Option<String>,
    /// Policies that backends have, with what came of them.
    pub(super) policies: BTreeMap<ObjectId, Vec<Condition>>,
}

impl<'r, 's> Translation<'r, 's> {
    pub(super) fn new(reader: &'r Reader<'s>, settings: &'r Settings, id: &'r ObjectId) -> Self {
        Self {
            reader,
            settings,
            id,
            out: Contribution::default(),
            shown: Shown::Usual,
            unresolved: None,
            unsupported: vec![],
            serves: false,
            rule: None,
            policies: BTreeMap::new(),
        }
    }

    /// Tells which hosts of the route cannot be had; they are left out.
    pub(super) fn check_hosts(&mut self, hosts: &[String]) {
        for (index, named) in hosts.iter().enumerate() {
            if let Err(why) = hosts::host(named) {
                self.unsupported(&SPEC.item("hostnames", index), why);
            }
        }
    }

    /// A reference comes to nothing.
    pub(super) fn unresolved(&mut self, at: &FieldPath<'_>, failure: Failure) {
        self.problem(RESOLVED_REFS, at.to_string(), &failure);
        self.unresolved.get_or_insert(failure);
    }

    /// A value cannot be served.
    pub(super) fn unsupported(&mut self, at: &FieldPath<'_>, message: impl Into<String>) {
        let failure = Failure::new("UnsupportedValue", message);
        self.problem(ACCEPTED, at.to_string(), &failure);
        let place = match &self.rule {
            Some(rule) => format!("{at} of rule {}", quoted(rule)),
            None => at.to_string(),
        };
        let unsupported = (place, failure);
        if !self.unsupported.contains(&unsupported) {
            self.unsupported.push(unsupported);
        }
    }

    /// Something has no effect, and the rest has.
    pub(super) fn warn(&mut self, at: &FieldPath<'_>, failure: &Failure) {
        let Failure { reason, message } = failure.clone();
        let (severity, kind, path) = (Severity::Warning, ACCEPTED, at.to_string());
        self.note(Problem { severity, kind, reason, path, message, help: None });
    }

    fn problem(&mut self, kind: &'static str, path: String, failure: &Failure) {
        let Failure { reason, message } = failure.clone();
        let severity = Severity::Error;
        self.note(Problem { severity, kind, reason, path, message, help: None });
    }

    /// There is something to say about the route, once.
    pub(super) fn note(&mut self, problem: Problem) {
        let note = self.out.notes.entry(self.id.clone()).or_default();
        if !note.problems.contains(&problem) {
            note.problems.push(problem);
        }
    }

    /// Adds what happens at a host of a listener.
    pub(super) fn add(&mut self, age: Age, place: Place<'_>, traffic: Traffic) {
        let Place { listener, on, host } = place;
        let origin = Origin::Route;
        let rank = Rank { origin, age, root: self.id.clone() };
        let policies =
            Policies { authorization: authorization::of_all(self.settings), ..Policies::default() };
        let tls = on.tls.clone();
        let is_member = listener.carries == Carries::Https && host != listener.host;
        let section = is_member.then(|| listener.host.clone());
        let (cors, jwt_providers, closed, authorization) = (None, vec![], false, None);
        let fragment =
            Fragment { rank, section, tls, traffic, policies, cors, jwt_providers, closed, authorization };
        self.out.fragments.insert(VirtualHostKey { listener: on.listener.clone(), host }, fragment);
    }

    /// Writes down what is said of the route at its parents, of these what the route adds to them, and of policies where
    /// they have effect.
    pub(super) fn finish(mut self, attachments: &[Attachment<'_>]) -> Contribution {
        for (index, attachment) in attachments.iter().enumerate() {
            if let Err(failure) = &attachment.listeners {
                self.problem(ACCEPTED, SPEC.item("parentRefs", index).to_string(), failure);
            }
        }
        let refused = self.unsupported.first().filter(|_| !self.serves).map(|(_, failure)| failure);
        let statuses = attachments.iter().map(|attachment| ParentStatus {
            parent: attachment.reference.clone(),
            conditions: self.conditions(attachment, refused),
        });
        let standing = Standing::Whole(GatewayApiStatus::Route(statuses.collect()));
        self.out.notes.entry(self.id.clone()).or_default().standing = Some(Box::new(standing));
        for attachment in attachments {
            let Ok(listeners) = &attachment.listeners else { continue };
            let names = listeners.iter().map(|(listener, _)| listener.name.clone());
            let note: &mut Note = self.out.notes.entry(attachment.parent.clone()).or_default();
            match note.standing.as_deref_mut() {
                Some(Standing::Attached(attached)) => attached.extend(names),
                Some(_) | None => note.standing = Some(Box::new(Standing::Attached(names.collect()))),
            }
        }
        for (policy, conditions) in std::mem::take(&mut self.policies) {
            let gateways: BTreeSet<_> = attachments
                .iter()
                .filter(|attachment| reaches(policy.kind, attachment))
                .map(|attachment| gateway_ref(attachment.gateway))
                .collect();
            let ancestor = |gateway| AncestorStatus { ancestor: gateway, conditions: conditions.clone() };
            let standing = Standing::Reached(gateways.into_iter().map(ancestor).collect());
            self.out.notes.entry(policy).or_default().standing = Some(Box::new(standing));
        }
        self.out.keep_what_is_named();
        self.out
    }

    fn conditions(&self, attachment: &Attachment<'_>, refused: Option<&Failure>) -> Vec<Condition> {
        let failure = attachment.listeners.as_ref().err().or(refused);
        let mut conditions = vec![
            unless(ACCEPTED, ACCEPTED, failure),
            unless(RESOLVED_REFS, RESOLVED_REFS, self.unresolved.as_ref()),
        ];
        if let (None, Some((_, first))) = (failure, self.unsupported.first()) {
            let dropped = Failure::new(first.reason, self.dropped());
            conditions.push(Condition { holds: Holds::Yes, ..fails("PartiallyInvalid", &dropped) });
        }
        conditions
    }

    /// What is not served; the first words are those of the specification (`PartiallyInvalid`).
    fn dropped(&self) -> String {
        let each = self.unsupported.iter().map(|(place, why)| format!("{place}: {}", why.message));
        format!("Dropped Rule, or part of it: {}", each.collect::<Vec<_>>().join("; "))
    }
}

/// Whether a policy of this kind has effect for what comes by an attachment: TLS of clients that passes is theirs.
fn reaches(policy: Kind, attachment: &Attachment<'_>) -> bool {
    let ends_here = |listener: &OfferedListener| listener.carries != Carries::PassedTls;
    let mut listeners = attach::attached(std::slice::from_ref(attachment));
    listeners.any(|listener| policy != Kind::BackendTlsPolicy || ends_here(listener))
}

/// A Gateway, for the status of a policy.
fn gateway_ref(gateway: &Name) -> ParentRef {
    ParentRef {
        group: GROUP.into(),
        kind: "Gateway".into(),
        namespace: Some(gateway.namespace.clone()),
        name: gateway.name.clone(),
        section_name: None,
        port: None,
    }
}
