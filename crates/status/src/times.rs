//! Since when conditions are what they are: their times stay while their statuses do.

use std::hash::Hash;

use k8s_openapi::jiff::Timestamp;

use crate::statement::fingerprint;

/// Where in a status a condition stands, by its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// Among the conditions of the object itself.
    pub(crate) const OBJECT: Self = Self(0);

    /// Among those of a part of it, or of something that it refers to.
    pub(crate) fn of(part: &impl Hash) -> Self {
        Self(fingerprint(part))
    }
}

/// A condition as it stands there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: &'a str,
    /// RFC 3339.
    pub(crate) time: &'a str,
    pub(crate) generation: Option<i64>,
}

/// The conditions of a status, each with its time. Small, because it is kept of every object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Times(Box<[Since]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Since {
    /// The fingerprint of its place and its name.
    condition: u64,
    /// Seconds since 1970.
    time: i64,
    status: Status,
    /// Whether it is about the present generation of the object.
    is_current: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    fn of(word: &str) -> Self {
        match word {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl Times {
    /// Those of the conditions of an object of this generation; one without a time is none.
    pub(crate) fn of<'a>(generation: i64, conditions: impl Iterator<Item = (Place, Standing<'a>)>) -> Self {
        let since = conditions.filter_map(|(place, condition)| {
            let time: Timestamp = condition.time.parse().ok()?;
            Some(Since {
                condition: identity(place, condition.name),
                time: time.as_second(),
                status: Status::of(condition.status),
                is_current: condition.generation == Some(generation),
            })
        });
        Self(since.collect())
    }

    /// Whether a condition holds, as is said there of the present generation.
    pub(crate) fn holds(&self, place: Place, name: &str) -> bool {
        self.find(place, name).is_some_and(|since| since.is_current && since.status == Status::True)
    }

    /// Since when a condition has the status that it is to have.
    pub(crate) fn since(&self, place: Place, name: &str, status: &str, now: Timestamp) -> String {
        let same = self.find(place, name).filter(|since| since.status == Status::of(status));
        let second = same.map_or_else(|| now.as_second(), |since| since.time);
        // As Kubernetes writes times.
        Timestamp::from_second(second).unwrap_or(now).to_string()
    }

    fn find(&self, place: Place, name: &str) -> Option<&Since> {
        let condition = identity(place, name);
        self.0.iter().find(|since| since.condition == condition)
    }
}

fn identity(Place(place): Place, name: &str) -> u64 {
    fingerprint(&(place, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_stays_while_the_status_does() {
        let standing = |name, status, time, generation| Standing { name, status, time, generation };
        let here = Place::of(&"here");
        let conditions = [
            (here, standing("A", "True", "2026-01-01T01:00:00+01:00", Some(2))),
            (here, standing("B", "False", "2026-01-01T00:00:00Z", Some(2))),
            (Place::OBJECT, standing("A", "True", "2026-01-01T00:00:00Z", Some(1))),
            (Place::OBJECT, standing("C", "True", "some day", Some(2))),
        ];
        let times = Times::of(2, conditions.into_iter());
        let now = Timestamp::from_millisecond(1_500).unwrap();
        let since = |place, name, status| times.since(place, name, status, now);
        assert_eq!(since(here, "A", "True"), "2026-01-01T00:00:00Z");
        assert_eq!(since(here, "A", "False"), "1970-01-01T00:00:01Z");
        assert_eq!(since(here, "B", "False"), "2026-01-01T00:00:00Z");
        assert_eq!(since(Place::OBJECT, "B", "False"), "1970-01-01T00:00:01Z", "another place");
        assert_eq!(since(Place::OBJECT, "C", "True"), "1970-01-01T00:00:01Z", "no time");
        let held = [(here, "A"), (here, "B"), (Place::OBJECT, "A")];
        assert_eq!(held.map(|(place, name)| times.holds(place, name)), [true, false, false]);
    }
}
