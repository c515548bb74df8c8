//! Total: whatever parses is reported, and nothing panics.

use api::Object;
use model::Settings;
use serde_json::{Map, Value, json};
use store::Change;

use crate::dice::Dice;
use crate::histories::hold;
use crate::outside::Run;
use crate::properties::is_reported;
use crate::world::{Edit, World};

/// Fields that random worlds do not use, to be put into any map.
const FIELDS: [&str; 22] = [
    "authorization",
    "corsPolicy",
    "jwtProviders",
    "rateLimitPolicy",
    "ipAllowPolicy",
    "ipDenyPolicy",
    "authPolicy",
    "cookieRewritePolicies",
    "healthCheckPolicy",
    "internalRedirectPolicy",
    "jwtVerificationPolicy",
    "loadBalancerPolicy",
    "slowStartPolicy",
    "validation",
    "clientValidation",
    "retryPolicy",
    "timeoutPolicy",
    "pathRewritePolicy",
    "requestHeadersPolicy",
    "responseHeadersPolicy",
    "requestRedirectPolicy",
    "directResponsePolicy",
];

fn nasty_text(dice: &mut Dice) -> String {
    let texts = [
        "",
        " ",
        ".",
        "*",
        "*.",
        "**",
        "/",
        "//",
        "/%",
        "%",
        "%%",
        "%REQ(x)%",
        "a b",
        "ü.com",
        "\u{0}",
        "\n",
        "\u{7f}",
        "/(",
        "/[",
        "/((((((((((",
        "/a{1000}{1000}",
        "/.*.*.*.*$",
        "\\",
        "9999999999999999999h",
        "-1s",
        "1e9h",
        "[::1]",
        "0x7f.1",
        "../..",
        "a/b/c",
        "/a/b/c",
        "*.*.com",
        "-",
        "host:80",
        "x_y",
        "\u{202e}",
        "null",
    ];
    match dice.below(20) {
        0 => "a".repeat(300),
        1 => format!("/{}", "x/".repeat(5000)),
        2 => "label.".repeat(60),
        _ => (*dice.pick(&texts)).to_owned(),
    }
}

fn nasty_number(dice: &mut Dice) -> i64 {
    *dice.pick(&[0, -1, 1, 65_535, 65_536, i64::from(i32::MAX), 4_294_967_296, i64::MAX, i64::MIN])
}

/// Puts nasty values where values are.
fn spoil(dice: &mut Dice, value: &mut Value) {
    match value {
        Value::String(text) if dice.chance(25) => *text = nasty_text(dice),
        Value::Number(_) if dice.chance(30) => *value = nasty_number(dice).into(),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| spoil(dice, item));
            if let (true, Some(last)) = (dice.chance(10), items.last().cloned()) {
                items.push(last);
            }
            if dice.chance(5) {
                items.clear();
            }
        }
        Value::Object(fields) => spoil_fields(dice, fields),
        _ => {}
    }
}

fn spoil_fields(dice: &mut Dice, fields: &mut Map<String, Value>) {
    for (name, value) in fields.iter_mut() {
        // Who an object is stays.
        if !matches!(name.as_str(), "name" | "namespace" | "creationTimestamp") || dice.chance(1) {
            spoil(dice, value);
        }
    }
    if dice.chance(15) {
        let name = (*dice.pick(&FIELDS)).to_owned();
        let plural = name.ends_with("ies") || name.ends_with("ers") || name.starts_with("ip");
        fields.insert(name, if plural { json!([{}]) } else { json!({}) });
    }
}

/// The object with nasty values; as it was where that is no object any more.
fn spoiled(dice: &mut Dice, object: &Object) -> Object {
    fn again<T>(dice: &mut Dice, object: &T) -> Option<Object>
    where
        T: serde::Serialize + serde::de::DeserializeOwned + Into<Object>,
    {
        let mut value = serde_json::to_value(object).ok()?;
        let metadata = value["metadata"].take();
        spoil(dice, &mut value);
        value["metadata"] = metadata;
        serde_json::from_value::<T>(value).ok().map(Into::into)
    }
    let spoiled = match object {
        Object::HttpProxy(object) => again(dice, &**object),
        Object::Ingress(object) => again(dice, &**object),
        Object::IngressRoute(object) => again(dice, &**object),
        Object::Service(object) => again(dice, &**object),
        Object::EndpointSlice(object) => again(dice, &**object),
        Object::TlsCertificateDelegation(object) => again(dice, &**object),
        Object::ExtensionService(object) => again(dice, &**object),
        Object::ContourDeployment(object) => again(dice, &**object),
        Object::Gateway(object) => again(dice, &**object),
        Object::ListenerSet(object) => again(dice, &**object),
        Object::HttpRoute(object) => again(dice, &**object),
        Object::GrpcRoute(object) => again(dice, &**object),
        Object::TlsRoute(object) => again(dice, &**object),
        Object::TcpRoute(object) => again(dice, &**object),
        Object::UdpRoute(object) => again(dice, &**object),
        Object::ReferenceGrant(object) => again(dice, &**object),
        Object::BackendTlsPolicy(object) => again(dice, &**object),
        Object::XBackendTrafficPolicy(object) => again(dice, &**object),
        _ => None,
    };
    spoiled.unwrap_or_else(|| object.clone())
}

#[test]
fn whatever_parses_is_reported_and_nothing_panics() {
    hold(500, 60, |history, mut dice| {
        let mut run = Run::new(&Settings { external_names: true, ..Settings::default() });
        let world = World::after(history);
        let mut current = World::default();
        for object in world.0.values() {
            run.apply([object.clone()]);
            let spoiled = spoiled(&mut dice, object);
            let id = Change::Applied(spoiled.clone()).object();
            current.edit(&Edit::Put(spoiled.clone()));
            let expected = is_reported(&spoiled, &current);
            run.apply([spoiled]);
            run.check_closed()?;
            if run.reports.contains_key(&id) != expected {
                return Err(format!("{id}: is it reported? {expected} is expected"));
            }
        }
        Ok(())
    });
}
