//! Which of a service's endpoints requests and connections go to (reference 3.14).

use std::collections::BTreeSet;

use api::Choice;
use api::http_proxy::policy::{LoadBalancerPolicy, RequestHashPolicy, Strategy};
use model::{Balancing, HashPart, HashSource, ObjectId, Problem};

use super::Fault;
use super::root::Context;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// How endpoints are chosen, and what of requests is hashed for it.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) balancing: Balancing,
    /// Something with [`Balancing::Hash`] alone.
    pub(crate) hash: Vec<HashPart>,
}

impl Chosen {
    fn plainly(balancing: Balancing) -> Self {
        Self { balancing, hash: vec![] }
    }

    fn by_hash(hash: Vec<HashPart>) -> Self {
        Self { balancing: Balancing::Hash, hash }
    }
}

/// How endpoints are chosen for the requests of a route. What cannot be honoured is told and left out.
pub(crate) fn of_requests(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policy: Option<&LoadBalancerPolicy>,
) -> Chosen {
    let Some(policy) = policy else { return Chosen::default() };
    let at = at.field("loadBalancerPolicy");
    let strategy = strategy(context, owner, &at, policy);
    if strategy == Some(Strategy::RequestHash) {
        return by_parts(context, owner, &at, &policy.request_hash_policies);
    }
    if !policy.request_hash_policies.is_empty() {
        let at = at.field("requestHashPolicies");
        let message = format!("{at} has no effect without the strategy RequestHash and is ignored");
        context.note(owner, ignored(&at, message));
    }
    match strategy {
        None | Some(Strategy::RoundRobin | Strategy::RequestHash) => Chosen::default(),
        Some(Strategy::WeightedLeastRequest) => Chosen::plainly(Balancing::LeastRequest(None)),
        Some(Strategy::Random) => Chosen::plainly(Balancing::Random),
        Some(Strategy::Cookie) => {
            Chosen::by_hash(vec![HashPart { source: HashSource::Session, terminal: false }])
        }
    }
}

/// How endpoints are chosen for connections: nothing of a request is there to be hashed.
pub(crate) fn of_connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policy: Option<&LoadBalancerPolicy>,
) -> Balancing {
    let Some(policy) = policy else { return Balancing::default() };
    let at = at.field("loadBalancerPolicy");
    match strategy(context, owner, &at, policy) {
        None | Some(Strategy::RoundRobin) => Balancing::default(),
        Some(Strategy::WeightedLeastRequest) => Balancing::LeastRequest(None),
        Some(Strategy::Random) => Balancing::Random,
        Some(strategy @ (Strategy::Cookie | Strategy::RequestHash)) => {
            let at = at.field("strategy");
            let word = Choice::from(strategy);
            let word = word.as_str();
            let message = format!("{at}: {word} is about requests and is ignored for connections");
            let fault = Fault::new("TCPProxyError", "IgnoredField", &at, message);
            context.note(owner, fault.with_help(OTHERS).warning());
            Balancing::default()
        }
    }
}

/// The strategies that connections have, too.
const OTHERS: &str = "use RoundRobin, WeightedLeastRequest or Random";

/// The strategy that is asked for; a word that none has counts as none (reference 3.14), and is told.
fn strategy(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policy: &LoadBalancerPolicy,
) -> Option<Strategy> {
    let word = policy.strategy.as_ref().filter(|word| !word.as_str().is_empty())?;
    let known = word.known();
    if known.is_none() {
        let at = at.field("strategy");
        let word = quoted(word.as_str());
        let message = format!(
            "{at} {word} is none of RoundRobin, WeightedLeastRequest, Random, Cookie and RequestHash and is ignored"
        );
        context.note(owner, ignored(&at, message));
    }
    known
}

fn ignored(at: &FieldPath<'_>, message: String) -> Problem {
    Fault::new("SpecError", "IgnoredField", at, message).warning()
}

/// The parts of requests that are hashed. Those that make no sense are left out; without any, endpoints take turns.
fn by_parts(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    policies: &[RequestHashPolicy],
) -> Chosen {
    let mut seen = BTreeSet::new();
    let mut hash = Vec::with_capacity(policies.len());
    for (index, policy) in policies.iter().enumerate() {
        match source(policy).and_then(|source| new(&mut seen, source)) {
            Ok(source) => hash.push(HashPart { source, terminal: policy.terminal }),
            Err(why) => {
                let message = format!("ignoring invalid request hash policy: {why}");
                context.note(owner, ignored(&at.item("requestHashPolicies", index), message));
            }
        }
    }
    if hash.is_empty() {
        let message =
            "ignoring strategy RequestHash without a valid request hash policy: endpoints take turns";
        context.note(owner, ignored(&at.field("requestHashPolicies"), message.to_owned()));
        return Chosen::default();
    }
    Chosen::by_hash(hash)
}

fn new(seen: &mut BTreeSet<HashSource>, source: HashSource) -> Result<HashSource, String> {
    match seen.insert(source.clone()) {
        true => Ok(source),
        false => Err("an entry before it names the same".to_owned()),
    }
}

fn source(policy: &RequestHashPolicy) -> Result<HashSource, String> {
    let RequestHashPolicy { header_hash_options: header, query_parameter_hash_options: query, .. } = policy;
    match (header, query, policy.hash_source_ip) {
        (Some(header), None, false) => rules::matched_header(&header.header_name)
            .map(|name| HashSource::Header(name.into()))
            .map_err(|why| why.to_string()),
        (None, Some(query), false) => rules::hash_parameter(&query.parameter_name)
            .map(|name| HashSource::Query(name.into()))
            .map_err(|why| why.to_string()),
        (None, None, true) => Ok(HashSource::Address),
        _ => Err("it must have exactly one of headerHashOptions, queryParameterHashOptions and hashSourceIP"
            .to_owned()),
    }
}
