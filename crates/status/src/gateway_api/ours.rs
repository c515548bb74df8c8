//! What of a status is ours, and what stands beside it.

use api::gateway_api::gateway::GatewayStatusAddress;

use super::GatewayApi;
use crate::Target;
use crate::share::Share;

/// The conditions of a GatewayClass that are its controller's.
const OF_CLASS: &[&str] = &["Accepted", "SupportedVersion"];
/// Those of a Gateway.
const OF_GATEWAY: &[&str] =
    &["Accepted", "InsecureFrontendValidationMode", "Programmed", "Ready", "ResolvedRefs", "Scheduled"];
/// Those of a ListenerSet.
const OF_LISTENER_SET: &[&str] = &["Accepted", "Programmed"];

/// What stands in a status beside what is ours, as far as a write must know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Whether there is no status at all.
    pub(crate) is_bare: bool,
    /// Of the entries of the list that others write in, too, whether each is ours; empty when all are.
    pub(crate) is_ours: Vec<bool>,
    /// Whether a Gateway counts its ListenerSets.
    pub(crate) counts_sets: bool,
    /// The addresses of a Gateway.
    pub(crate) addresses: Vec<GatewayStatusAddress>,
}

/// That of most objects.
static NOTHING: Beside = Beside { is_bare: false, is_ours: vec![], counts_sets: false, addresses: vec![] };

impl Beside {
    /// As it is kept: most objects have nothing beside what is ours.
    pub(crate) fn kept(self) -> Option<Box<Self>> {
        (self != NOTHING).then(|| Box::new(self))
    }

    /// What was kept.
    pub(crate) fn of(kept: Option<&Self>) -> &Self {
        kept.unwrap_or(&NOTHING)
    }

    /// How many entries others have in the list that is not ours alone.
    pub(crate) fn others(&self) -> usize {
        self.is_ours.iter().filter(|is_ours| !**is_ours).count()
    }
}

impl GatewayApi {
    /// What of the status is ours, without times, and what is not.
    pub(crate) fn ours(mut self, target: &Target, share: &Share) -> (Self, Beside) {
        let mut beside = Beside::default();
        beside.is_ours = match &mut self {
            Self::Class(status) => keep(&mut status.conditions, |each| OF_CLASS.contains(&&*each.r#type)),
            Self::Gateway(status) => {
                beside.counts_sets = status.attached_listener_sets.is_some();
                beside.addresses.clone_from(&status.addresses);
                keep(&mut status.conditions, |each| OF_GATEWAY.contains(&&*each.r#type))
            }
            Self::ListenerSet(status) => {
                keep(&mut status.conditions, |each| OF_LISTENER_SET.contains(&&*each.r#type))
            }
            Self::Route(status) => keep(&mut status.parents, |each| {
                each.controller_name == *share.controller && share.has_parent(target, &each.parent_ref)
            }),
            Self::Policy(status) => keep(&mut status.ancestors, |each| {
                each.controller_name == *share.controller && share.has_parent(target, &each.ancestor_ref)
            }),
        };
        self.for_each(|_, condition| condition.last_transition_time.clear());
        (self, beside)
    }
}

/// Keeps what is ours, and tells of each whether it was.
fn keep<T>(list: &mut Vec<T>, is_ours: impl Fn(&T) -> bool) -> Vec<bool> {
    let found: Vec<bool> = list.iter().map(&is_ours).collect();
    list.retain(is_ours);
    if found.contains(&false) { found } else { vec![] }
}
