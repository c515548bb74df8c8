//! The certificates by which a Gateway's own controller and its Envoys know one another: a set as `certgen` makes it, for
//! each such Gateway one.

use std::collections::BTreeMap;

use api::ByteString;
use certs::SecretsFormat;
use certs::certgen::{
    CertgenError, CertgenOptions, Deed, Existing, Renewal, in_cluster, renewal, secret_names,
};
use model::GatewayName;
use provisioner::{ControllerSecret, certificates_suffix};
use serde_json::Value;

/// The Secrets as they are to be at `now`: those that are there as long as they are good, and make a whole.
pub(super) fn secrets<'a>(
    gateway: &GatewayName,
    find: impl Fn(&str) -> Option<&'a Value>,
    now: i64,
) -> Result<Vec<ControllerSecret>, CertgenError> {
    let options = CertgenOptions {
        namespace: gateway.namespace.to_string(),
        secrets_format: SecretsFormat::Compact,
        secrets_name_suffix: certificates_suffix(&gateway.name),
        ..CertgenOptions::default()
    };
    let there: Vec<_> =
        secret_names(&options).into_iter().filter_map(|name| found(find(&name)?, name, gateway)).collect();
    let secrets = match renewal(&options, &there, now) {
        Ok(Renewal::From(_)) => there,
        Ok(Renewal::Now(secrets, _)) => secrets,
        // Somebody has taken a part away, or changed it.
        Ok(Renewal::NotOurs(_)) | Err(_) => anew(options, now)?,
    };
    Ok(secrets
        .into_iter()
        .map(|secret| ControllerSecret { name: secret.name, kind: secret.kind, data: secret.data })
        .collect())
}

fn anew(options: CertgenOptions, now: i64) -> Result<Vec<certs::Secret>, CertgenError> {
    match in_cluster(&CertgenOptions { existing: Existing::Revoke, ..options }, &[], now)? {
        Deed::Write(secrets, _) => Ok(secrets),
        // There is nothing to keep.
        Deed::Keep(_) => Ok(vec![]),
    }
}

fn found(object: &Value, name: String, gateway: &GatewayName) -> Option<certs::Secret> {
    let data: BTreeMap<String, ByteString> = serde_json::from_value(object["data"].clone()).ok()?;
    Some(certs::Secret {
        name,
        namespace: gateway.namespace.to_string(),
        kind: object["type"].as_str().unwrap_or_default().to_owned(),
        data: data.into_iter().map(|(key, value)| (key, value.0)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use provisioner::certificates_names;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: i64 = 86_400;

    fn gateway() -> GatewayName {
        GatewayName { namespace: "shop".into(), name: "web".into() }
    }

    /// The same Secrets, as an API server has them.
    fn kept(secrets: &[ControllerSecret]) -> BTreeMap<String, Value> {
        let object = |secret: &ControllerSecret| {
            let data: BTreeMap<_, _> =
                secret.data.iter().map(|(key, value)| (key, ByteString(value.clone()))).collect();
            (secret.name.clone(), json!({"type": secret.kind, "data": data}))
        };
        secrets.iter().map(object).collect()
    }

    fn at(time: i64, there: &BTreeMap<String, Value>) -> Vec<ControllerSecret> {
        secrets(&gateway(), |name| there.get(name), time).unwrap()
    }

    fn names(secrets: &[ControllerSecret]) -> Vec<&str> {
        secrets.iter().map(|secret| secret.name.as_str()).collect()
    }

    #[test]
    fn a_set_is_made_once_and_renewed_when_it_is_time() {
        let first = at(NOW, &BTreeMap::new());
        assert_eq!(names(&first), certificates_names(&gateway().name));
        let there = kept(&first);
        let later = kept(&at(NOW + 30 * DAY, &there));
        assert_eq!(later, there);
        let renewed = at(NOW + 300 * DAY, &there);
        // The announced set has come into use, and both sides trust what both have.
        let next = |secrets: &[ControllerSecret]| secrets[2].data["isobathcert.pem"].clone();
        assert_eq!(renewed[0].data["tls.crt"], next(&first));
        let text = |secret: &ControllerSecret| String::from_utf8(secret.data["ca.crt"].clone()).unwrap();
        assert!(text(&renewed[1]).contains(&String::from_utf8(first[2].data["cacert.pem"].clone()).unwrap()));
    }

    #[test]
    fn a_set_without_a_part_is_made_anew() {
        let first = at(NOW, &BTreeMap::new());
        for part in ["isobathcert-web", "envoycert-web", "nextcerts-web"] {
            let mut there = kept(&first);
            there.remove(part);
            let made = at(NOW, &there);
            assert_eq!(names(&made), names(&first));
            assert_ne!(made[0].data["ca.crt"], first[0].data["ca.crt"], "{part}");
            assert_eq!(made[0].data["ca.crt"], made[1].data["ca.crt"], "{part}");
        }
    }
}
