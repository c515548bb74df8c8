//! TLSCertificateDelegations: what there is to say about them (reference 2.5). Whom they let use a Secret is asked by
//! those who refer to it.

use model::{ObjectId, Problem, Report, Verdict};
use store::Reader;

use crate::fault::Fault;
use crate::field_path::FieldPath;

/// What its owner is told; `None` when it is gone.
pub(crate) fn report(reader: &Reader<'_>, id: &ObjectId) -> Option<Report> {
    let fact = reader.delegation(id)?;
    let problems = fact.with_idle_wildcard().map(idle_wildcard).collect();
    Some(Report::new(id.clone(), fact.generation, Verdict::Valid, problems))
}

/// Not an error: those who are named may use the Secret.
fn idle_wildcard(entry: usize) -> Problem {
    let spec = FieldPath::root("spec");
    let entry = spec.item("delegations", entry);
    let message = "\"*\" stands for all namespaces only when it stands alone, and is ignored beside others";
    let fault = Fault::new("SpecError", "IgnoredField", &entry.field("targetNamespaces"), message);
    fault.with_help("remove the others, or \"*\"").warning()
}
