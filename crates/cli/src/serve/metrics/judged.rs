//! What became of objects.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use admin::{Exposition, Kind};
use model::{ObjectId, Problem, Report, Severity, Verdict};

/// What became of each object.
#[derive(Default)]
pub(in crate::serve) struct Judged(Mutex<BTreeMap<ObjectId, Judgement>>);

/// What became of one object.
#[derive(Debug)]
pub(in crate::serve) struct Judgement {
    pub(in crate::serve) verdict: Verdict,
    pub(in crate::serve) problems: Box<[Problem]>,
}

impl Judged {
    pub(super) fn put(&self, report: &Report) {
        let judgement = Judgement { verdict: report.verdict, problems: report.problems.as_slice().into() };
        self.objects().insert(report.object.clone(), judgement);
    }

    pub(super) fn forget(&self, object: &ObjectId) {
        self.objects().remove(object);
    }

    pub(in crate::serve) fn objects(&self) -> MutexGuard<'_, BTreeMap<ObjectId, Judgement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self, to: &mut Exposition) {
        let (mut verdicts, mut problems) = (BTreeMap::new(), BTreeMap::new());
        for (object, judgement) in self.objects().iter() {
            *verdicts.entry((object.kind, word(judgement.verdict))).or_insert(0) += 1;
            for problem in &judgement.problems {
                *problems.entry((object.kind, severity(problem.severity))).or_insert(0) += 1;
            }
        }
        let mut samples =
            to.metric("isobath_judged_objects", Kind::Gauge, "Objects, by what became of them.");
        for ((kind, verdict), count) in verdicts {
            samples.sample(&[("kind", &kind), ("verdict", &verdict)], count);
        }
        let mut samples = to.metric("isobath_problems", Kind::Gauge, "Problems that users are told about.");
        for ((kind, severity), count) in problems {
            samples.sample(&[("kind", &kind), ("severity", &severity)], count);
        }
    }
}

/// The word for a verdict.
pub(in crate::serve) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        Verdict::Orphaned => "orphaned",
    }
}

/// The word for how bad a problem is.
pub(in crate::serve) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
