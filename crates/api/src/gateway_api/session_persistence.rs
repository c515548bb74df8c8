//! Requests of one client that go to one backend.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use crate::Choice;
use crate::choice::choices;
use crate::schema::forms;
use crate::validate::{At, Findings};

choices! {
    /// Where a session is written.
    SessionPersistenceType {
        /// In a cookie.
        Cookie = "Cookie",
        /// In a header.
        Header = "Header",
    }
}

choices! {
    /// How long a client keeps the cookie.
    CookieLifetimeType {
        /// For `absoluteTimeout`.
        Permanent = "Permanent",
        /// Until the browser ends.
        Session = "Session",
    }
}

/// Requests of one client that go to one backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SessionPersistence {
    /// At most 128 characters; the name of the cookie or header. Default: one of the implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub session_name: Option<String>,
    /// After which the session ends whatever happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::GATEWAY_DURATION))]
    pub absolute_timeout: Option<String>,
    /// Default `Cookie`.
    #[schemars(extend("default" = "Cookie"))]
    pub r#type: Choice<SessionPersistenceType>,
    /// Only with the type `Cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie_config: Option<CookieConfig>,
}

impl Default for SessionPersistence {
    fn default() -> Self {
        Self {
            session_name: None,
            absolute_timeout: None,
            r#type: SessionPersistenceType::Cookie.into(),
            cookie_config: None,
        }
    }
}

/// The cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CookieConfig {
    /// Default `Session`; `Permanent` needs `absoluteTimeout`.
    #[schemars(extend("default" = "Session"))]
    pub lifetime_type: Choice<CookieLifetimeType>,
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self { lifetime_type: CookieLifetimeType::Session.into() }
    }
}

impl Check for SessionPersistence {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let Some(cookie) = &self.cookie_config else { return };
        if cookie.lifetime_type == CookieLifetimeType::Permanent.into() && self.absolute_timeout.is_none() {
            out.add(&at.field("absoluteTimeout"), "is required when cookieConfig.lifetimeType is Permanent");
        }
        if self.r#type != SessionPersistenceType::Cookie.into() {
            out.add(&at.field("cookieConfig"), "is for the type Cookie only");
        }
    }
}
