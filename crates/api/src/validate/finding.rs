//! The checks that rules are made of, and what they find.

use std::ops::RangeInclusive;

use super::at::At;
use super::pattern::Pattern;
use crate::duration::{self, InvalidDuration, Timeout};
use crate::{Choice, Choices};

/// Something that the API server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `spec.routes[0].services[1].port`.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Collects violations.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) list: Vec<Violation>,
}

impl Findings {
    pub(super) fn add(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.list.push(Violation { path: at.to_string(), message: message.into() });
    }

    /// A text that must be given.
    pub(super) fn required(&mut self, at: &At<'_>, text: &str) {
        if text.is_empty() {
            self.add(at, "is required");
        }
    }

    /// A text that may be missing, but not empty.
    pub(super) fn not_empty(&mut self, at: &At<'_>, text: Option<&str>) {
        if text == Some("") {
            self.add(at, "is empty");
        }
    }

    /// A list with at least one element.
    pub(super) fn at_least_one<T>(&mut self, at: &At<'_>, items: &[T]) {
        if items.is_empty() {
            self.add(at, "is empty, at least one is needed");
        }
    }

    /// A text of 1 to `longest` characters.
    pub(super) fn length(&mut self, at: &At<'_>, text: &str, longest: usize) {
        let length = text.chars().count();
        if length == 0 {
            self.add(at, "is required");
        } else if length > longest {
            self.add(at, format!("is {length} characters long, allowed are 1 to {longest}"));
        }
    }

    /// A number within bounds; a bound of `i64::MAX` is none.
    pub(super) fn range(&mut self, at: &At<'_>, number: i64, allowed: RangeInclusive<i64>) {
        if allowed.contains(&number) {
            return;
        }
        let message = match (allowed.start(), allowed.end()) {
            (low, &i64::MAX) => format!("found {number}, allowed is {low} and above"),
            (low, high) => format!("found {number}, allowed are {low} to {high}"),
        };
        self.add(at, message);
    }

    /// The same for a number that may be missing.
    pub(super) fn range_if_given(&mut self, at: &At<'_>, number: Option<i64>, allowed: RangeInclusive<i64>) {
        if let Some(number) = number {
            self.range(at, number, allowed);
        }
    }

    /// One of some numbers.
    pub(super) fn one_of(&mut self, at: &At<'_>, number: i64, allowed: &[i64]) {
        if !allowed.contains(&number) {
            let allowed = allowed.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            self.add(at, format!("found {number}, allowed are {allowed}"));
        }
    }

    /// One of the words of a choice.
    pub(super) fn choice<T: Choices>(&mut self, at: &At<'_>, choice: &Choice<T>) {
        let Choice::Unknown(word) = choice else { return };
        let allowed = T::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        self.add(
            at,
            match &**word {
                "" => format!("is required; allowed are {allowed}"),
                word => format!("found {word:?}, allowed are {allowed}"),
            },
        );
    }

    /// The same for a choice that may be missing.
    pub(super) fn choice_if_given<T: Choices>(&mut self, at: &At<'_>, choice: Option<&Choice<T>>) {
        if let Some(choice) = choice {
            self.choice(at, choice);
        }
    }

    /// A text of a certain form.
    pub(super) fn pattern(&mut self, at: &At<'_>, text: &str, pattern: Pattern) {
        if !(pattern.matches)(text) {
            self.add(at, format!("found {text:?}, expected {}", pattern.expected));
        }
    }

    /// The same for a text that may be missing.
    pub(super) fn pattern_if_given(&mut self, at: &At<'_>, text: Option<&str>, pattern: Pattern) {
        if let Some(text) = text {
            self.pattern(at, text, pattern);
        }
    }

    /// A Go duration, if given.
    pub(super) fn duration(&mut self, at: &At<'_>, text: Option<&str>) {
        if let Some(Err(why)) = text.map(duration::parse) {
            self.invalid_duration(at, text, why, "");
        }
    }

    /// A Go duration or `infinity`, if given.
    pub(super) fn timeout(&mut self, at: &At<'_>, text: Option<&str>) {
        if let Some(Err(why)) = text.map(Timeout::parse) {
            self.invalid_duration(at, text, why, ", or infinity");
        }
    }

    fn invalid_duration(&mut self, at: &At<'_>, text: Option<&str>, why: InvalidDuration, also: &str) {
        self.add(at, format!("found {:?}, {why}{also}", text.unwrap_or_default()));
    }

    /// Exactly one of the named fields.
    pub(super) fn exactly_one(&mut self, at: &At<'_>, fields: &[(&str, bool)]) {
        let given: Vec<&str> = fields.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        match given.as_slice() {
            [] => {
                let names = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                self.add(at, format!("none is given of {names}; exactly one is needed"));
            }
            [_] => {}
            several => self.add(at, format!("{} are given; exactly one is needed", several.join(" and "))),
        }
    }
}
