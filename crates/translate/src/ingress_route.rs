//! IngressRoute: what Contour had before HTTPProxy (reference §4), served as an HTTPProxy is.
//!
//! Routes, services and policies are those of HTTPProxy once they are read; what is here is how they are written, how
//! objects delegate to one another, and the words of the status.

mod route;
mod tcp;
mod tls;
mod tree;

use api::IngressRouteSpec;
use api::ingress_route::Delegate;
use model::{Kind, ObjectId, Problem, Settings, Severity, Traffic};
use store::{IngressRouteFact, Reader};

use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::http_proxy::root::{self, Context, Root, Secured};
use crate::report::About;
use crate::text::quoted;
use crate::{Contribution, class};

/// Where everything stands.
static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// A fault, and the object that it is in: what a root delegates to may be somebody else's.
type Blamed = Box<(ObjectId, Fault)>;

/// What a root IngressRoute contributes.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let mut context = Context::new(reader, settings);
    if let Some(fact) = ours(reader, settings, id)
        && let Err(blamed) = translate(&mut context, id, fact)
    {
        let (owner, fault) = *blamed;
        context.note(&owner, fault.error());
    }
    context.out.keep_what_is_named();
    context.out
}

/// What its report needs to know; `None` when it is gone or not ours.
pub(crate) fn about<'s>(reader: &Reader<'s>, settings: &Settings, id: &ObjectId) -> Option<About<'s>> {
    let fact = ours(reader, settings, id)?;
    Some(About { generation: fact.generation, needs_root: !fact.is_root(), strays: &fact.strays })
}

/// What the owner of a part that no root reaches is told.
pub(crate) fn orphaned() -> Problem {
    Problem {
        severity: Severity::Error,
        kind: "Orphaned",
        reason: "Orphaned",
        path: String::new(),
        message: "this IngressRoute is not part of a delegation chain from a root IngressRoute".into(),
        help: Some("delegate to it from another IngressRoute, or give it a spec.virtualhost".into()),
    }
}

/// An IngressRoute of our class.
fn ours<'s>(reader: &Reader<'s>, settings: &Settings, id: &ObjectId) -> Option<&'s IngressRouteFact> {
    let fact = reader.ingress_route(&id.namespace, &id.name)?;
    class::is_ours(settings, fact.class.as_deref()).then_some(fact)
}

/// The IngressRoute that another delegates to; the namespace of that one is the default.
fn delegated(owner: &ObjectId, delegate: &Delegate) -> ObjectId {
    let namespace = delegate.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    let namespace = namespace.map_or_else(|| owner.namespace.clone(), Into::into);
    ObjectId::new(Kind::IngressRoute, namespace, delegate.name.as_str())
}

/// Puts a root where it is served; a fault stops all of it.
fn translate(context: &mut Context<'_, '_>, id: &ObjectId, fact: &IngressRouteFact) -> Result<(), Blamed> {
    let spec = fact.spec();
    let (Some(host), Some(virtual_host)) = (&fact.host, &spec.virtualhost) else { return Ok(()) };
    let blame = |fault| Box::new((id.clone(), fault));
    no_wildcard(&virtual_host.fqdn).map_err(blame)?;
    root::may_have(context, id, host, &virtual_host.fqdn).map_err(blame)?;
    something_is_defined(&spec).map_err(blame)?;
    let entries = tree::routes(context, id, fact);
    let front = tls::front(context, id, &spec, virtual_host).map_err(blame)?;
    let proxy = tcp::proxy(context, id, &spec)?;
    let policies = Some(model::Policies::default());
    let root = Root { id, age: fact.age, host, has_tcp: proxy.is_some(), policies, cors: None };
    if let Some(proxy) = proxy {
        root::serve_connections(context, &root, &front, Traffic::Tcp(proxy));
    }
    root::serve_requests(context, &root, front, Secured::default(), entries);
    Ok(())
}

fn no_wildcard(fqdn: &str) -> Result<(), Fault> {
    if !fqdn.contains('*') {
        return Ok(());
    }
    let at = SPEC.field("virtualhost");
    let message = format!("Spec.VirtualHost.Fqdn {} cannot use wildcards", quoted(fqdn));
    let fault = Fault::new("VirtualHostError", "FQDNNotValid", &at.field("fqdn"), message);
    Err(fault.with_help("use an HTTPProxy for a wildcard, or name one host"))
}

fn something_is_defined(spec: &IngressRouteSpec) -> Result<(), Fault> {
    if spec.routes.is_empty() && spec.tcpproxy.is_none() {
        let message = "Spec must have at least one Route, or a TCPProxy";
        let fault = Fault::new("SpecError", "NothingDefined", &SPEC, message);
        return Err(fault.with_help("add routes or a tcpproxy"));
    }
    Ok(())
}
