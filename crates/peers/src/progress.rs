//! How far this controller's Envoys have come.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use model::{FleetId, ObjectId, Report};
use tokio::sync::watch;

use crate::message::{CHUNK, Nodes, Rejected, Version, Word, Words, is_awaited, is_carried, is_rejection};

/// What this controller's Envoys have acknowledged, and what they reject. Told by the controller, read by its peers.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<State>,
    /// Goes up with every change.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: HashMap<ObjectId, Position>,
    rejections: BTreeMap<ObjectId, (i64, Words)>,
    acknowledged: BTreeMap<FleetId, u64>,
    nodes: Nodes,
}

/// A generation of an object, and the publication that carries it to the Envoys of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) generation: i64,
    pub(crate) fleet: FleetId,
    pub(crate) publication: u64,
}

impl State {
    /// Whether all connected Envoys have what is in a publication. Without Envoys there is nobody to wait for.
    fn has_reached(&self, position: &Position) -> bool {
        let Position { fleet, publication, .. } = position;
        !self.nodes.contains_key(fleet)
            || self.acknowledged.get(fleet).is_some_and(|done| publication <= done)
    }
}

impl Progress {
    /// There is something to tell of an object, whose configuration is in the publication or in one before it.
    pub fn reported(&self, report: &Report, publication: u64) {
        if !is_carried(&report.object) {
            return;
        }
        let (object, generation) = (&report.object, report.generation);
        let words = report.problems.iter().find(|problem| is_rejection(problem)).map(Words::from);
        self.change(|state| {
            if is_awaited(object) {
                let position = Position { generation, fleet: report.fleet.clone(), publication };
                state.objects.insert(object.clone(), position);
            }
            match words {
                Some(words) => drop(state.rejections.insert(object.clone(), (generation, words))),
                None => drop(state.rejections.remove(object)),
            }
        });
    }

    /// There is nothing to tell of an object any more.
    pub fn forgotten(&self, object: &ObjectId) {
        self.change(|state| {
            state.objects.remove(object);
            state.rejections.remove(object);
        });
    }

    /// All connected Envoys of a fleet have acknowledged a publication, and all before it.
    pub fn acknowledged(&self, fleet: &FleetId, publication: u64) {
        self.change(|state| {
            let newest = state.acknowledged.entry(fleet.clone()).or_default();
            *newest = publication.max(*newest);
        });
    }

    /// So many Envoys of a fleet are connected.
    pub fn nodes(&self, fleet: &FleetId, count: usize) {
        self.change(|state| match count {
            0 => drop(state.nodes.remove(fleet)),
            count => drop(state.nodes.insert(fleet.clone(), count)),
        });
    }

    /// A fleet is no more.
    pub fn dissolved(&self, fleet: &FleetId) {
        self.change(|state| {
            state.acknowledged.remove(fleet);
            state.nodes.remove(fleet);
            state.objects.retain(|_, position| position.fleet != *fleet);
        });
    }

    /// Every object that was told of.
    pub(crate) fn positions(&self) -> Vec<(ObjectId, Position)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut positions: Vec<_> =
            state.objects.iter().map(|(object, position)| (object.clone(), position.clone())).collect();
        positions.sort_by(|a, b| a.0.cmp(&b.0));
        positions
    }

    /// What was acknowledged by each fleet, and by how many.
    pub(crate) fn reached(&self) -> (BTreeMap<FleetId, u64>, Nodes) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.acknowledged.clone(), state.nodes.clone())
    }

    /// Resolves when something has changed, or at once when something did since the last time.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.subscribe();
        changes.mark_changed();
        changes
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }
}

/// What one peer has asked, and what it has been told.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    asked: BTreeMap<ObjectId, i64>,
    nodes: Option<Nodes>,
    rejected: BTreeMap<ObjectId, (i64, Words)>,
}

impl Answers {
    /// The peer wants to know of these.
    pub(crate) fn ask(&mut self, about: &[Version]) {
        for version in about {
            if let Some(object) = version.object() {
                self.asked.insert(object, version.generation);
            }
        }
    }

    /// The next thing to say; `None` when there is nothing new. What is said is taken out.
    pub(crate) fn next(&mut self, progress: &Progress) -> Option<Word> {
        let state = progress.state.lock().unwrap_or_else(PoisonError::into_inner);
        let in_force = self.in_force(&state);
        let rejected = self.rejected(&state);
        let is_new = self.nodes.as_ref() != Some(&state.nodes);
        if is_new {
            self.nodes = Some(state.nodes.clone());
        }
        let word = Word { in_force, rejected, ..Word::of(&state.nodes) };
        (is_new || !word.in_force.is_empty() || !word.rejected.is_empty()).then_some(word)
    }

    fn in_force(&mut self, state: &State) -> Vec<Version> {
        let is_in_force = |object: &ObjectId, asked: i64| {
            let position = state.objects.get(object).filter(|position| state.has_reached(position))?;
            (position.generation >= asked).then_some(position.generation)
        };
        let done = self.asked.iter().filter_map(|(object, asked)| {
            is_in_force(object, *asked).map(|generation| Version::new(object, generation))
        });
        let done: Vec<_> = done.take(CHUNK).collect();
        for version in &done {
            version.object().map(|object| self.asked.remove(&object));
        }
        done
    }

    fn rejected(&mut self, state: &State) -> Vec<Rejected> {
        if self.rejected == state.rejections {
            return vec![];
        }
        let over = self.rejected.iter().filter(|(object, _)| !state.rejections.contains_key(*object));
        let over = over.map(|(object, (generation, _))| Rejected {
            version: Version::new(object, *generation),
            words: None,
        });
        let new = state.rejections.iter().filter(|(object, now)| self.rejected.get(*object) != Some(*now));
        let new = new.map(|(object, (generation, words))| Rejected {
            version: Version::new(object, *generation),
            words: Some(words.clone()),
        });
        let rejected: Vec<_> = over.chain(new).take(CHUNK).collect();
        for Rejected { version, words } in &rejected {
            let Some(object) = version.object() else { continue };
            match words {
                Some(words) => drop(self.rejected.insert(object, (version.generation, words.clone()))),
                None => drop(self.rejected.remove(&object)),
            }
        }
        rejected
    }
}

#[cfg(test)]
mod tests {
    use model::{Kind, Problem, Severity, Verdict};

    use super::*;

    fn object(name: &str) -> ObjectId {
        ObjectId::new(Kind::HttpProxy, "ns", name)
    }

    fn report(name: &str, generation: i64, words: Option<&str>) -> Report {
        let problem = |words: &str| Problem {
            severity: Severity::Error,
            kind: "EnvoyError",
            reason: "Rejected",
            path: String::new(),
            message: words.to_owned(),
            help: None,
        };
        let problems = words.map(problem).into_iter().collect();
        Report::new(object(name), generation, Verdict::Valid, problems)
    }

    fn ask(answers: &mut Answers, name: &str, generation: i64) {
        answers.ask(&[Version::new(&object(name), generation)]);
    }

    #[test]
    fn what_is_asked_is_answered_when_all_envoys_have_it() {
        let (progress, mut answers) = (Progress::default(), Answers::default());
        progress.nodes(&FleetId::ingress(), 2);
        progress.reported(&report("a", 1, None), 7);
        ask(&mut answers, "a", 2);
        assert_eq!(answers.next(&progress).unwrap(), Word { nodes: 2, ..Word::default() });
        progress.acknowledged(&FleetId::ingress(), 7);
        assert_eq!(answers.next(&progress), None, "an older generation was asked for");
        progress.reported(&report("a", 3, None), 9);
        assert_eq!(answers.next(&progress), None);
        progress.acknowledged(&FleetId::ingress(), 9);
        let word = answers.next(&progress).unwrap();
        assert_eq!(word.in_force, [Version::new(&object("a"), 3)]);
        assert_eq!(answers.next(&progress), None, "nothing is said twice");
    }

    #[test]
    fn without_envoys_what_is_known_is_in_force() {
        let (progress, mut answers) = (Progress::default(), Answers::default());
        ask(&mut answers, "a", 1);
        assert_eq!(answers.next(&progress).unwrap(), Word::default());
        progress.reported(&report("a", 1, None), 7);
        assert_eq!(answers.next(&progress).unwrap().in_force.len(), 1);
    }

    #[test]
    fn rejections_are_told_to_everybody_until_they_are_over() {
        let (progress, mut answers) = (Progress::default(), Answers::default());
        progress.reported(&report("a", 4, Some("no")), 1);
        let rejected = |word: Word| -> Vec<_> {
            word.rejected.into_iter().map(|each| each.words.map(|words| words.message)).collect()
        };
        assert_eq!(rejected(answers.next(&progress).unwrap()), [Some("no".to_owned())]);
        progress.reported(&report("a", 4, Some("no, no")), 2);
        assert_eq!(rejected(answers.next(&progress).unwrap()), [Some("no, no".to_owned())]);
        progress.forgotten(&object("a"));
        assert_eq!(rejected(answers.next(&progress).unwrap()), [None]);
        assert_eq!(answers.next(&progress), None);
    }

    #[test]
    fn many_answers_go_in_pieces() {
        let (progress, mut answers) = (Progress::default(), Answers::default());
        for number in 0..=CHUNK {
            progress.reported(&report(&format!("o{number}"), 1, None), 1);
            ask(&mut answers, &format!("o{number}"), 1);
        }
        let lengths: Vec<_> =
            std::iter::from_fn(|| answers.next(&progress)).map(|word| word.in_force.len()).collect();
        assert_eq!(lengths, [CHUNK, 1]);
    }
}
