//! Many random histories; the one that fails is made small and shown.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::dice::Dice;
use crate::world::{Edit, history};

/// Events of edits.
pub(crate) type History = [Vec<Edit>];

/// Holds a property against `worlds` random histories of up to `edits` edits, times
/// `ISOBATH_TEST_CASES_FACTOR`. `ISOBATH_TEST_SEED` runs one history again.
///
/// The property gets dice of its own, which roll the same for every shrunken form of a history.
pub(crate) fn hold(worlds: u64, edits: usize, property: impl Fn(&History, Dice) -> Result<(), String>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("ISOBATH_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..worlds * number("ISOBATH_TEST_CASES_FACTOR").unwrap_or(1),
    };
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let length = 1 + dice.below(edits);
        let history = history(&mut dice, length);
        let fails = |history: &History| {
            let run = catch_unwind(AssertUnwindSafe(|| property(history, dice.clone())));
            run.unwrap_or_else(|panic| Err(words(&*panic))).err()
        };
        if let Some(why) = fails(&history) {
            let (small, why) = shrink(history, why, fails);
            let events: Vec<_> = small.iter().map(|event| format!("{event:#?}")).collect();
            panic!("seed {seed} fails with {} events:\n{}\n{why}", small.len(), events.join("\n"));
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Leaves out edits as long as it still fails: halves first, then smaller and smaller pieces.
fn shrink(
    mut history: Vec<Vec<Edit>>,
    mut why: String,
    fails: impl Fn(&History) -> Option<String>,
) -> (Vec<Vec<Edit>>, String) {
    let mut piece = history.iter().map(Vec::len).sum::<usize>().div_ceil(2);
    while piece > 0 {
        let mut start = 0;
        while start < history.iter().map(Vec::len).sum() {
            let smaller = without(&history, start..start + piece);
            match fails(&smaller) {
                Some(reason) => (history, why) = (smaller, reason),
                None => start += piece,
            }
        }
        piece /= 2;
    }
    (history, why)
}

/// A history without some of its edits, counted over all events.
fn without(history: &History, left_out: std::ops::Range<usize>) -> Vec<Vec<Edit>> {
    let mut place = 0;
    let keep = |event: &Vec<Edit>| -> Vec<Edit> {
        let numbered = event.iter().map(|edit| {
            place += 1;
            (place - 1, edit.clone())
        });
        numbered.filter(|(place, _)| !left_out.contains(place)).map(|(_, edit)| edit).collect()
    };
    let events: Vec<_> = history.iter().map(keep).collect();
    events.into_iter().filter(|event| !event.is_empty()).collect()
}
