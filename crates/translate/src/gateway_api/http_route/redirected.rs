//! What says nothing in a rule that redirects: there is no request to a backend, and Envoy looks at origins only where
//! there is one.

use api::gateway_api::http_route::{HttpRouteFilter, HttpRouteRule};

use crate::field_path::FieldPath;
use crate::gateway_api::translation::Translation;
use crate::http_proxy::tls::ignored;

/// A field, and whether something has it.
type Field<T> = (&'static str, fn(&T) -> bool);

const OF_FILTER: [Field<HttpRouteFilter>; 3] = [
    ("cors", |filter| filter.cors.is_some()),
    ("requestHeaderModifier", |filter| filter.request_header_modifier.is_some()),
    ("requestMirror", |filter| filter.request_mirror.is_some()),
];

const OF_RULE: [Field<HttpRouteRule>; 3] = [
    ("retry", |rule| rule.retry.is_some()),
    ("sessionPersistence", |rule| rule.session_persistence.is_some()),
    ("timeouts", |rule| rule.timeouts.is_some()),
];

impl Translation<'_, '_> {
    /// Warns of the fields of a rule that have no effect beside its redirect.
    pub(super) fn tell_redirected(&mut self, at: &FieldPath<'_>, rule: &HttpRouteRule) {
        if !rule.filters.iter().any(|filter| filter.request_redirect.is_some()) {
            return;
        }
        for (index, filter) in rule.filters.iter().enumerate() {
            self.tell(&at.item("filters", index), filter, &OF_FILTER);
        }
        self.tell(at, rule, &OF_RULE);
    }

    fn tell<T>(&mut self, at: &FieldPath<'_>, value: &T, fields: &[Field<T>]) {
        for (field, _) in fields.iter().filter(|(_, is_set)| is_set(value)) {
            self.note(ignored(&at.field(field), "has no effect beside a redirect").warning());
        }
    }
}
