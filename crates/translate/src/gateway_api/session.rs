//! Requests of one client that go to one endpoint.

use std::time::Duration;

use api::duration;
use api::gateway_api::references::BackendObjectReference;
use api::gateway_api::session_persistence::{
    CookieLifetimeType, SessionPersistence as Spec, SessionPersistenceType,
};
use model::{ObjectId, SessionCarrier, SessionPersistence};

use super::translation::Translation;
use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// The cookie or header of those who name none.
const NAME: &str = "isobath-session";

/// The shortest time that Envoy can end a session after.
const SECOND: Duration = Duration::from_secs(1);

impl Translation<'_, '_> {
    /// How a client keeps its endpoint: as the rule says, else as the policies of its backends do. What cannot be had is
    /// told, and left out.
    pub(super) fn session(
        &mut self,
        at: &FieldPath<'_>,
        spec: Option<&Spec>,
        backends: impl Iterator<Item = BackendObjectReference>,
    ) -> Option<SessionPersistence> {
        let Some(spec) = spec else { return self.session_of(backends) };
        let at = at.field("sessionPersistence");
        let session = session(spec).map_err(|why| self.unsupported(&at, why)).ok()?;
        self.check_lifetime(self.id, &at, spec);
        Some(session)
    }

    /// Warns of a cookie that has a lifetime, as the session must end by it, although it is to go when the browser does.
    pub(super) fn check_lifetime(&mut self, whose: &ObjectId, at: &FieldPath<'_>, spec: &Spec) {
        if spec.absolute_timeout.is_none() || is_permanent(spec) {
            return;
        }
        let at = at.field("absoluteTimeout");
        let message = "browsers keep the cookie until this time is over, also when they are closed: Envoy ends a session by the \
                       lifetime of its cookie";
        let help = "say so with cookieConfig.lifetimeType Permanent, or leave absoluteTimeout out";
        let problem = Fault::new("SpecError", "IgnoredField", &at, message).with_help(help).warning();
        let problems = &mut self.out.notes.entry(whose.clone()).or_default().problems;
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// How a client keeps its endpoint.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn session(spec: &Spec) -> Result<SessionPersistence, String> {
    let name = spec.session_name.as_deref().unwrap_or(NAME);
    match spec.r#type.known() {
        Some(SessionPersistenceType::Header) if spec.absolute_timeout.is_some() => {
            let message = "absoluteTimeout cannot be had with the type Header, as Envoy ends sessions by the lifetime of cookies \
                           alone; leave it out, or use the type Cookie";
            Err(message.into())
        }
        Some(SessionPersistenceType::Header) => {
            let name = rules::set_header(name).map_err(|why| why.to_string())?;
            Ok(SessionPersistence { name: name.as_str().into(), carrier: SessionCarrier::Header })
        }
        Some(SessionPersistenceType::Cookie) => {
            let lifetime = spec.absolute_timeout.as_deref().map(lifetime).transpose()?;
            if lifetime.is_none() && is_permanent(spec) {
                return Err("a cookie of the lifetimeType Permanent needs absoluteTimeout".into());
            }
            let name = rules::token(name).map_err(|why| why.to_string())?.into();
            Ok(SessionPersistence { name, carrier: SessionCarrier::Cookie { path: "/".into(), lifetime } })
        }
        None => Err(format!("type {} is not known", quoted(spec.r#type.as_str()))),
    }
}

fn is_permanent(spec: &Spec) -> bool {
    let lasts = spec.cookie_config.as_ref().and_then(|config| config.lifetime_type.known());
    lasts == Some(CookieLifetimeType::Permanent)
}

/// How long a session lasts, whatever its client does. Envoy counts whole seconds, and zero is no end for it.
fn lifetime(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text).map_err(|why| format!("absoluteTimeout: {}: {why}", quoted(text)))?;
    if time < SECOND {
        return Err(format!("absoluteTimeout: found {}, allowed is one second or more", quoted(text)));
    }
    Ok(Duration::from_secs(time.as_secs()))
}
