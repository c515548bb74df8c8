//! The world as facts: changes in, units to recompute out.
//!
//! [`Store::apply`] keeps the parts of an object that translation uses, compares them with what was
//! there, and says which units read them; an equal part dirties nothing. A [`Reader`] records every
//! read of a unit, of things that are not there too, so that their coming is noticed.
//!
//! It decides nothing but which routes have the hosts that two kinds cannot share: what a field means is `translate`'s,
//! what is done with the result is `engine`'s.
//! No clock, no IO.
//!
//! The three types to know: [`Store`], [`Reader`], [`Unit`].

mod change;
mod claims;
mod facts;
mod gateway_api;
mod index;
mod name;
mod namespaces;
mod offer;
mod proxies;
mod read;
mod reader;
mod store;
mod unit;

pub use change::{Change, api_kind, kind};
pub use claims::{Claims, ListenerRef};
pub use facts::{
    Age, Annotations, BackendTlsPolicyFact, BackendTrafficPolicyFact, ConfigMapFact, ContourDeploymentFact,
    DelegationFact, ExtensionServiceFact, GatewayClassFact, GatewayFact, GrpcRouteFact, HttpProxyFact,
    HttpRouteFact, IngressFact, IngressRouteFact, InvalidJwks, ListenerSetFact, NamespaceFact, PortProtocol,
    ProxyFact, ReferenceGrantFact, SecretFact, SecretType, ServiceFact, ServicePort, SliceEndpoint,
    SliceFact, SpecFact, Strays, TcpRouteFact, TlsRouteFact, UdpRouteFact, annotated_kind,
};
pub use gateway_api::parent;
pub use name::{Name, NameRef};
pub use offer::{AllowedNamespaces, Carries, Offer, OfferedListener, ServedOn, Shown};
pub use read::{Read, Source};
pub use reader::{Claimant, Reader};
pub use store::Store;
pub use unit::Unit;
