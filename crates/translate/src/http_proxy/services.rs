//! The services of a route or of a TCP proxy (reference 3.10).

mod reach;

use api::http_proxy::Service;
use model::{Fraction, Mirror, ObjectId, WeightedCluster};

use super::headers::{self, Whose};
use super::root::Context;
use super::{Fault, cookies};
use crate::field_path::FieldPath;
use crate::{default_headers, text};
use reach::{cluster, port};

pub(crate) use reach::{Carried, Found, Way};

/// The services of a route: those that share its requests, and the one that gets copies.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) clusters: Vec<WeightedCluster>,
    pub(super) mirrors: Vec<Mirror>,
}

/// The services of a route. One that cannot be reached, or not as it must be, is told and left out; other faults stop
/// the object.
pub(super) fn services(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    specs: &[Service],
    way: &Way<'_>,
) -> Result<Services, Fault> {
    one_mirror(at, specs)?;
    let mut services = Services::default();
    for (index, service) in specs.iter().enumerate() {
        let at = at.item("services", index);
        let copied = if service.mirror { Some(copied(&at, service)?) } else { None };
        match share(context, owner, &at, service, way)? {
            Err(fault) => context.note(owner, fault.error()),
            Ok(share) => match copied {
                Some(copied) => services.mirrors.push(Mirror { cluster: share.cluster, share: copied }),
                None => services.clusters.push(share),
            },
        }
    }
    if specs.iter().all(|service| service.mirror) {
        let message = "every service is a mirror, so that nobody answers";
        let fault = Fault::new("ServiceError", "OnlyMirrors", &at.field("services"), message);
        context.note(owner, fault.error());
    }
    even(at, &mut services.clusters)?;
    Ok(services)
}

/// The services of a TCP proxy: all must be there.
pub(super) fn connections(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    specs: &[Service],
    way: &Way<'_>,
) -> Result<Vec<WeightedCluster>, Fault> {
    let mut clusters = Vec::with_capacity(specs.len());
    for (index, service) in specs.iter().enumerate() {
        let at = at.item("services", index);
        let weight = weight(&at, service)?;
        let cluster = cluster(context, owner, &at, service, way, None)??;
        clusters.push(WeightedCluster::plain(cluster, weight));
    }
    even(at, &mut clusters)?;
    clusters.retain(|cluster| cluster.weight > 0);
    Ok(clusters)
}

/// One of the services that share requests.
pub(crate) fn share(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    at: &FieldPath<'_>,
    service: &Service,
    way: &Way<'_>,
) -> Result<Found<WeightedCluster>, Fault> {
    let weight = weight(at, service)?;
    let whose = Whose::service(owner, &service.name, port(at, service)?);
    let request = headers::request(at, &whose, service.request_headers_policy.as_deref())?;
    let response_headers = headers::response(at, &whose, service.response_headers_policy.as_deref())?;
    let (request_headers, response_headers) = whose
        .with_defaults(&context.settings.default_headers, request.edits, response_headers)
        .map_err(|why| Fault::new("ServiceError", "RequestHeadersPolicyInvalid", at, why.to_string()))?;
    let cookies = cookies::rewrites(at, &service.cookie_rewrite_policies)?;
    let host = request.host.or_else(|| match way.host {
        Some(_) => None,
        None => default_headers::host(context.settings),
    });
    let cluster = cluster(context, owner, at, service, way, host.as_ref())?;
    Ok(cluster.map(|cluster| WeightedCluster {
        cluster,
        weight,
        request_headers,
        response_headers,
        host,
        cookies: cookies::joined(cookies, &way.cookies),
    }))
}

fn weight(at: &FieldPath<'_>, service: &Service) -> Result<u32, Fault> {
    u32::try_from(service.weight).map_err(|_| {
        let (name, weight) = (text::quoted(&service.name), service.weight);
        let message = format!("service {name}: weight {weight} must be in the range 0-4294967295");
        Fault::new("ServiceError", "WeightNotValid", &at.field("weight"), message)
    })
}

fn one_mirror(at: &FieldPath<'_>, specs: &[Service]) -> Result<(), Fault> {
    match specs.iter().enumerate().filter(|(_, service)| service.mirror).nth(1) {
        None => Ok(()),
        Some((index, _)) => {
            let message = "only one service per route may be nominated as mirror";
            let at = at.item("services", index);
            Err(Fault::new("ServiceError", "OnlyOneMirror", &at.field("mirror"), message))
        }
    }
}

/// How much is mirrored: the weight in percent, all when it is 0.
fn copied(at: &FieldPath<'_>, service: &Service) -> Result<Fraction, Fault> {
    let percent = rules::percent(service.weight).map_err(|why| {
        let message = format!("the weight of a mirror: {why}");
        Fault::new("ServiceError", "WeightNotValid", &at.field("weight"), message)
    })?;
    Ok(Fraction::percent(percent).unwrap_or(Fraction::ALL))
}

/// Gives every service the same share when no share is given, and bounds the sum.
pub(crate) fn even(at: &FieldPath<'_>, clusters: &mut [WeightedCluster]) -> Result<(), Fault> {
    let sum: u64 = clusters.iter().map(|cluster| u64::from(cluster.weight)).sum();
    if sum == 0 {
        clusters.iter_mut().for_each(|cluster| cluster.weight = 1);
    }
    if u32::try_from(sum).is_err() {
        let message = format!("the weights add up to {sum}, more than 4294967295");
        return Err(Fault::new("ServiceError", "WeightNotValid", &at.field("services"), message));
    }
    Ok(())
}
