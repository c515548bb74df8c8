//! Scopes: what Envoy finds the table of a request by.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::envoy::config::route::v3::scoped_route_configuration::Key;
use envoy_protos::envoy::config::route::v3::scoped_route_configuration::key::Fragment;
use envoy_protos::envoy::config::route::v3::scoped_route_configuration::key::fragment::Type;
use envoy_protos::google::protobuf::Any;
use model::{Action, Host, ListenerId, PathMatch, Policies, RedirectPort, Route, VirtualHost};
use prost::Message;
use prost::encoding::{
    WireType, decode_key, decode_varint, encode_key, encode_varint, encoded_len_varint, key_len, string,
};
use rope::{Piece, Rope};

use super::route_table;
use crate::any::pack;
use crate::filters::{self, scope_miss};
use crate::names::SCOPE_HEADER;
use crate::route::{Style, answer_all};
use crate::virtual_host::{Asked, bare, certified, misdirected, virtual_host};
use crate::{Reference, References, Resource, ResourceType, route};

/// Connections that share scopes. A scope's key is its class and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class<'a> {
    /// Those of a plaintext listener, by its word.
    Http(&'a str),
    /// Those of the TLS chain that most hosts share.
    Https,
    /// Those of a host's own TLS chain.
    Own(Guard),
    /// Those of the TLS chain for clients that name no host that is served.
    Fallback,
}

impl<'a> Class<'a> {
    /// The word that keys begin with; neither a slash nor a colon is in it.
    pub(super) const fn word(self) -> &'a str {
        match self {
            Self::Http(word) => word,
            Self::Https => "https",
            Self::Own(Guard::Nothing) => "chain",
            Self::Own(Guard::Tokens) => "token",
            Self::Own(Guard::Authorization) => "authorized",
            Self::Own(Guard::Both) => "authorizedtoken",
            Self::Fallback => "fallback",
        }
    }

    /// The key of a host.
    pub(super) fn key(self, host: &Host) -> String {
        [self.word(), "/", host.as_str()].concat()
    }

    /// The name of a host's scope.
    pub(super) fn name(self, host: &Host) -> Arc<str> {
        scope_name(&self.key(host))
    }

    /// The host of a scope of this class.
    pub(super) fn host(self, scope: &Resource) -> Option<Host> {
        key_of(scope)?.strip_prefix(self.word())?.strip_prefix('/').map(Host::new)
    }
}

/// The longest name that Envoy copies without an allocation for it, in bytes: it copies those of all scopes when one
/// changes. Sixteen bytes in base 64 are as long.
const SHORT: usize = 22;

/// The name of the scope with a key: the key, or a digest of one that is longer than 22 bytes. No digest has a slash, as
/// keys have. Why: `docs/decisions/0034-short-names.md`.
#[must_use]
pub fn scope_name(key: &str) -> Arc<str> {
    if key.len() <= SHORT {
        return key.into();
    }
    let digest = digest::digest(&digest::SHA256, key.as_bytes());
    let mut name = [0; SHORT];
    let written = URL_SAFE_NO_PAD.encode_slice(&digest.as_ref()[..16], &mut name);
    debug_assert_eq!(written, Ok(SHORT));
    str::from_utf8(&name).expect("digits are ASCII").into()
}

/// The key of a scope, as it stands in its bytes before all that is long.
fn key_of(scope: &Resource) -> Option<String> {
    let mut bytes = &**scope.body.pieces().first()?.bytes();
    loop {
        let (number, _) = decode_key(&mut bytes).ok()?;
        let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
        let (field, rest) = bytes.split_at_checked(length)?;
        if number == KEY {
            let Type::StringKey(key) = Key::decode(field).ok()?.fragments.pop()?.r#type?;
            return Some(key);
        }
        bytes = rest;
    }
}

/// What a host's own TLS chain looks at. It is the chain that looks, not the table: what came by a chain that does not
/// must not find a table whose routes rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    /// Nothing that a table could not bring.
    Nothing,
    /// Tokens.
    Tokens,
    /// What a service says that it asks.
    Authorization,
    /// Both.
    Both,
}

impl Guard {
    pub(super) const ALL: [Self; 4] = [Self::Nothing, Self::Tokens, Self::Authorization, Self::Both];

    /// That of a host that has its own chain.
    pub(super) fn of(value: &VirtualHost) -> Self {
        match (!value.jwt_providers.is_empty(), value.is_authorized()) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Tokens,
            (false, true) => Self::Authorization,
            (true, true) => Self::Both,
        }
    }

    /// Whether it looks at all that another looks at.
    pub(super) fn covers(self, other: Self) -> bool {
        self == Self::Both || self == other || other == Self::Nothing
    }

    /// Whether a service of the host's own is asked.
    pub(super) const fn asks(self) -> bool {
        matches!(self, Self::Authorization | Self::Both)
    }

    /// What follows the host in the name of a route configuration.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Tokens => "/tokens",
            Self::Authorization => "/authorization",
            Self::Both => "/authorization/tokens",
        }
    }

    /// The host of a name that ends with it and such a suffix, and what that means.
    pub(super) fn told_by(name: &str) -> Option<(Host, Self)> {
        let (host, _) = name.split_once('/').unwrap_or((name, ""));
        let guard = Self::ALL.into_iter().find(|guard| guard.suffix() == &name[host.len()..])?;
        Some((Host::new(host), guard))
    }
}

/// The scope of one host, with its table inside.
///
/// What asks for another host is answered with 421 where TLS told hosts apart before; elsewhere the key did.
pub(super) fn of_host(class: Class<'_>, value: &VirtualHost, routes: &[Route], style: Style) -> Resource {
    let host = &value.host;
    let key = class.key(host);
    let mut message = certified(virtual_host(value, routes, style.scope(&key)), value);
    let filters = std::mem::take(&mut message.typed_per_filter_config);
    let own = Own { message, rest: rest(value, filters) };
    let end = match class {
        // The key leaves out all that follows a colon; what is no port makes it another host.
        Class::Http(_) if style.is_of_gateway() => &*END_OF_GATEWAY,
        Class::Http(_) | Class::Fallback => &*END,
        Class::Own(_) if host.is_any() => &*END,
        Class::Https | Class::Own(_) => misdirecting_end(Asked::by(value)),
    };
    inline(&key, Some(own), end, References::new(route::references(routes)))
}

/// What a host goes on with behind its routes. A path that is not found must not be taken for a table that is not there:
/// the last route answers for it. Nobody's policy is about that, as in a table without such a route.
fn rest(value: &VirtualHost, filters: BTreeMap<String, Any>) -> Cow<'static, [u8]> {
    static USUAL: LazyLock<Vec<u8>> = LazyLock::new(|| not_found(BTreeMap::new(), BTreeMap::new()));
    let silences = filters::silences(value);
    match silences.is_empty() && filters.is_empty() {
        true => Cow::Borrowed(&USUAL),
        false => Cow::Owned(not_found(silences, filters)),
    }
}

fn not_found(silences: BTreeMap<String, Any>, filters: BTreeMap<String, Any>) -> Vec<u8> {
    let answer = answer_all(scope_miss::NOT_FOUND_ROUTE, 404);
    let routes = vec![proto::Route { typed_per_filter_config: silences, ..answer }];
    proto::VirtualHost { routes, typed_per_filter_config: filters, ..Default::default() }.encode_to_vec()
}

/// A scope for a host that is served elsewhere now: 421 for what still comes.
pub(super) fn misdirecting(class: Class<'_>, host: &Host, listener: &ListenerId, whom: Asked) -> Resource {
    let after = References::new(vec![Reference::listener(listener.as_str().into())]);
    inline(&class.key(host), None, misdirecting_end(whom), after)
}

/// The same for a host of a table that others share.
pub(super) fn misdirecting_host(host: &Host, whom: Asked) -> proto::VirtualHost {
    proto::VirtualHost { routes: misdirected(whom).routes, ..bare(host) }
}

/// A scope whose table is a resource of its own, which others may share.
pub(super) fn sharing(class: Class<'_>, host: &Host, table: &str) -> Resource {
    let (name, key) = (class.name(host), class.key(host));
    let scope =
        proto::ScopedRouteConfiguration { route_configuration_name: table.to_owned(), ..empty(&name, &key) };
    let table = Reference::sent(ResourceType::RouteConfiguration, table);
    Resource::new(name, &scope, References::new(vec![table]))
}

/// A host with at most one colon, behind which Envoy takes anything for a port. A key leaves out all that follows the
/// first colon; with a second one it is another host, which this table is not for.
const HOST_AND_PORT: &str = "[^:]*(:[^:]*)?";

/// The table for hosts that only redirect to HTTPS, by its name.
pub(super) fn redirect_table(name: String, style: Style, whom: Asked) -> Resource {
    let mut host = bare(&Host::any());
    let redirect = route::upgrade_all("https-redirect", HOST_AND_PORT);
    host.routes.push(proto::Route { typed_per_filter_config: whom.silence(), ..redirect });
    let table = proto::RouteConfiguration { name: name.clone(), virtual_hosts: vec![host], ..own_table() };
    Resource::new(name.into(), &route_table::of_style(style, table), References::default())
}

/// Whether a host does nothing but redirect every request to HTTPS, whoever sends it. Nobody is asked about these.
pub(super) fn only_redirects(value: &VirtualHost, routes: &[Route]) -> bool {
    let is_for_all = |policies: &Policies| {
        // Whoever adds a field decides.
        let Policies { addresses, rate_limit, global_rate_limit, authorization: _ } = policies;
        addresses.is_none() && rate_limit.is_none() && global_rate_limit.is_none()
    };
    let redirects = |route: &Route| {
        matches!(route.action, Action::UpgradeToHttps(RedirectPort::Same))
            && route.response_headers.is_empty()
            && is_for_all(&route.policies)
    };
    is_for_all(&value.policies) && routes.iter().all(redirects) && routes.iter().any(takes_everything)
}

fn takes_everything(route: &Route) -> bool {
    let matches = &route.matches;
    matches!(&matches.path, PathMatch::Prefix(path) if &**path == "/")
        && matches.headers.is_empty()
        && matches.query.is_empty()
}

/// A host as it stands in the table that hosts of its class share.
pub(super) fn in_shared_table(
    class: Class<'_>,
    value: &VirtualHost,
    routes: &[Route],
    style: Style,
) -> proto::VirtualHost {
    virtual_host(value, routes, style.scope(&class.key(&Host::any())))
}

/// What all scoped tables have.
pub(super) fn every_table() -> proto::RouteConfiguration {
    proto::RouteConfiguration {
        request_headers_to_remove: vec![SCOPE_HEADER.to_owned()],
        ..route_table::every_table()
    }
}

/// What those have, too, that requests reach without a look elsewhere.
fn own_table() -> proto::RouteConfiguration {
    let off = || pack(&proto::FilterConfig { disabled: true, ..Default::default() });
    let typed_per_filter_config: BTreeMap<String, Any> =
        scope_miss::NAMES.into_iter().map(|name| (name.to_owned(), off())).collect();
    proto::RouteConfiguration { typed_per_filter_config, ..every_table() }
}

/// What every table of a host ends with, encoded once and shared by all of them.
static END: LazyLock<Piece> = LazyLock::new(|| Piece::from(own_table().encode_to_vec()));
/// The same on a listener of a Gateway.
static END_OF_GATEWAY: LazyLock<Piece> =
    LazyLock::new(|| Piece::from(route_table::of_gateway(own_table()).encode_to_vec()));
/// The same, with 421 for all other hosts.
fn misdirecting_end(whom: Asked) -> &'static Piece {
    static UNASKED: LazyLock<Piece> = LazyLock::new(|| misdirecting(Asked::Nobody));
    static ASKED: LazyLock<Piece> = LazyLock::new(|| misdirecting(Asked::Somebody));
    fn misdirecting(whom: Asked) -> Piece {
        let table = proto::RouteConfiguration { virtual_hosts: vec![misdirected(whom)], ..own_table() };
        Piece::from(table.encode_to_vec())
    }
    match whom {
        Asked::Nobody => &UNASKED,
        Asked::Somebody => &ASKED,
    }
}

/// A host as it stands in a table of its own: protobuf puts together what is written one after the other.
struct Own {
    message: proto::VirtualHost,
    rest: Cow<'static, [u8]>,
}

/// The number of `ScopedRouteConfiguration.key`.
const KEY: u32 = 3;
/// The number of `ScopedRouteConfiguration.route_configuration`.
const TABLE: u32 = 5;
/// The number of `RouteConfiguration.name`.
const NAME: u32 = 1;
/// The number of `RouteConfiguration.virtual_hosts`.
const HOSTS: u32 = 2;

/// A scope with its table inside: that of a host, if it has one, and how it ends.
///
/// Written field by field: each length is computed once, and what all tables share is copied. The table is called what
/// the scope's key is.
fn inline(key: &str, own: Option<Own>, end: &Piece, references: References) -> Resource {
    let (name, table) = (scope_name(key), key.to_owned());
    let scope = empty(&name, key);
    let own = own.map(|own| (own.message.encoded_len() + own.rest.len(), own));
    let own_length = own.as_ref().map_or(0, |(length, _)| length_of_field(HOSTS, *length));
    let table_length = string::encoded_len(NAME, &table) + own_length + end.bytes().len();
    let whole = scope.encoded_len() + length_of_field(TABLE, table_length);
    let mut body = Vec::with_capacity(whole - end.bytes().len());
    scope.encode_raw(&mut body);
    begin_field(TABLE, table_length, &mut body);
    string::encode(NAME, &table, &mut body);
    if let Some((length, own)) = own {
        begin_field(HOSTS, length, &mut body);
        own.message.encode_raw(&mut body);
        body.extend_from_slice(&own.rest);
    }
    let body = Rope::of([Piece::from(body), end.clone()]);
    Resource::of(ResourceType::ScopedRouteConfiguration, name, body, references)
}

/// A scope without a table.
fn empty(name: &str, key: &str) -> proto::ScopedRouteConfiguration {
    proto::ScopedRouteConfiguration { name: name.to_owned(), key: Some(fragments(key)), ..Default::default() }
}

/// A field that holds a message of this length, in bytes.
fn length_of_field(number: u32, length: usize) -> usize {
    key_len(number) + encoded_len_varint(length as u64) + length
}

fn begin_field(number: u32, length: usize, body: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, body);
    encode_varint(length as u64, body);
}

fn fragments(key: &str) -> Key {
    Key { fragments: vec![Fragment { r#type: Some(Type::StringKey(key.to_owned())) }] }
}
