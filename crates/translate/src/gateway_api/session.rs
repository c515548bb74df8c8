//! Requests of one client that go to one endpoint.

use api::duration;
use api::gateway_api::references::BackendObjectReference;
use api::gateway_api::session_persistence::{
    CookieLifetimeType, SessionPersistence as Spec, SessionPersistenceType,
};
use model::{SessionCarrier, SessionPersistence};

use super::translation::Translation;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// The cookie or header of those who name none.
const NAME: &str = "isobath-session";

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
        session(spec).map_err(|why| self.unsupported(&at.field("sessionPersistence"), why)).ok()
    }
}

/// How a client keeps its endpoint.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn session(spec: &Spec) -> Result<SessionPersistence, String> {
    let name = spec.session_name.as_deref().unwrap_or(NAME);
    match spec.r#type.known() {
        Some(SessionPersistenceType::Header) => {
            let name = rules::set_header(name).map_err(|why| why.to_string())?;
            Ok(SessionPersistence { name: name.as_str().into(), carrier: SessionCarrier::Header })
        }
        Some(SessionPersistenceType::Cookie) => {
            let lasts = spec.cookie_config.as_ref().and_then(|config| config.lifetime_type.known());
            let lifetime = match (lasts, spec.absolute_timeout.as_deref()) {
                (Some(CookieLifetimeType::Permanent), Some(text)) => {
                    Some(duration::parse(text).map_err(|why| format!("{}: {why}", quoted(text)))?)
                }
                _ => None,
            };
            let name = rules::token(name).map_err(|why| why.to_string())?.into();
            Ok(SessionPersistence { name, carrier: SessionCarrier::Cookie { path: "/".into(), lifetime } })
        }
        None => Err(format!("type {} is not known", quoted(spec.r#type.as_str()))),
    }
}
