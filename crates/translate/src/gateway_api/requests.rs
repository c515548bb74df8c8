//! Routes whose rules take requests: HTTPRoutes and GRPCRoutes.

use api::Choice;
use api::gateway_api::forwarding::UseDefaultGateways;
use api::gateway_api::references::ParentReference;
use model::{Action, ObjectId, RedirectPort, Route, Settings, Traffic};
use store::{Age, Carries, OfferedListener, Reader};

use super::attach::{self, attach};
use super::default_gateways;
use super::translation::{SPEC, Translation};
use crate::Contribution;
use crate::field_path::FieldPath;

/// What the kinds of these routes have in common.
pub(super) struct Requests<'a, R> {
    pub(super) id: &'a ObjectId,
    pub(super) age: Age,
    pub(super) parents: &'a [ParentReference],
    pub(super) hosts: &'a [String],
    pub(super) default_gateways: Option<&'a Choice<UseDefaultGateways>>,
    pub(super) rules: &'a [R],
}

/// The routes of a rule, which stands at a place.
type OfRule<'r, 's, R> = fn(&mut Translation<'r, 's>, &FieldPath<'_>, &R) -> Vec<Route>;

impl<'r, R> Requests<'r, R> {
    /// What the route contributes.
    pub(super) fn contribution<'s>(
        &self,
        reader: &'r Reader<'s>,
        settings: &'r Settings,
        of_rule: OfRule<'r, 's, R>,
    ) -> Contribution {
        let Self { id, age, parents, hosts, default_gateways, rules } = *self;
        let mut attachments = attach(reader, attach::Route { id, parents, hosts: Some(hosts) });
        if attachments.is_empty() {
            return Contribution::default();
        }
        let mut translation = Translation::new(reader, settings, id);
        translation.out.claims = attach::claims(age, &attachments);
        for (index, conflict) in attach::overrule(reader, id, &mut attachments) {
            translation.warn(&SPEC.item("parentRefs", index), &conflict);
        }
        if let Some(ignored) = default_gateways::of_route(default_gateways) {
            translation.note(ignored);
        }
        translation.check_hosts(hosts);
        for (shown, places) in attach::places(&attachments) {
            translation.shown.clone_from(shown);
            let rules = rules.iter().enumerate();
            let routes: Vec<_> = rules
                .flat_map(|(index, rule)| of_rule(&mut translation, &SPEC.item("rules", index), rule))
                .collect();
            for place in places {
                let routes = routes.iter().map(|route| at_listener(route, place.listener)).collect();
                translation.add(age, place, Traffic::Http(routes));
            }
        }
        translation.finish(&attachments)
    }
}

/// A route as a listener serves it: where a redirect says nothing else, it leads to the port of the listener.
fn at_listener(route: &Route, listener: &OfferedListener) -> Route {
    let mut route = route.clone();
    if let Action::Redirect(redirect) = &mut route.action {
        let own = if listener.carries == Carries::Https { "https" } else { "http" };
        let usual = |scheme: &str| if scheme == "https" { 443 } else { 80 };
        let scheme = redirect.scheme.as_deref();
        let port = match redirect.port {
            RedirectPort::Number(port) | RedirectPort::Usual(port) => port,
            RedirectPort::Same => scheme.map_or(listener.port, usual),
        };
        let is_usual = port == usual(scheme.unwrap_or(own));
        redirect.port = if is_usual { RedirectPort::Usual(port) } else { RedirectPort::Number(port) };
    }
    route
}
