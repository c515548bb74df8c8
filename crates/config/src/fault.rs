//! What is wrong, by its place in a ContourConfiguration, and the checks that find it.

use std::fmt::Display;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use api::contour_configuration::{Endpoint, NamespacedName};
use api::duration;
use api::{Choice, Choices};
use files::Severity;
use model::{Bind, SecretName, Timeout};

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// The field, such as `spec.envoy.http.port`.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// Whether it is about the name of the field and not its value.
    pub(crate) about_name: bool,
}

/// Collects faults. Each check gives what can be used.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    pub(crate) fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(Severity::Error, path, message, None);
    }

    pub(crate) fn error_with(&mut self, path: impl Into<String>, message: impl Into<String>, help: &str) {
        self.add(Severity::Error, path, message, Some(help));
    }

    pub(crate) fn add(
        &mut self,
        severity: Severity,
        path: impl Into<String>,
        message: impl Into<String>,
        help: Option<&str>,
    ) {
        let help = help.map(str::to_owned);
        self.0.push(Fault { severity, path: path.into(), message: message.into(), help, about_name: false });
    }

    /// What a rule makes of a value that was found.
    pub(crate) fn rule<T, E: Display>(&mut self, path: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|why| self.error(path, why.to_string())).ok()
    }

    /// A whole number within bounds that fit in 32 bits.
    pub(crate) fn number(
        &mut self,
        path: &str,
        number: Option<i64>,
        allowed: RangeInclusive<u32>,
    ) -> Option<u32> {
        let number = number?;
        let found = u32::try_from(number).ok().filter(|number| allowed.contains(number));
        if found.is_none() {
            let message = match (allowed.start(), allowed.end()) {
                (low, &u32::MAX) => format!("found {number}, allowed is {low} and above, in 32 bits"),
                (low, high) => format!("found {number}, allowed are {low} to {high}"),
            };
            self.error(path, message);
        }
        found
    }

    /// A whole number of at least 1.
    pub(crate) fn positive(&mut self, path: &str, number: Option<i64>) -> Option<NonZeroU32> {
        self.number(path, number, 1..=u32::MAX).and_then(NonZeroU32::new)
    }

    /// A list of names, each of which stands for something; empty and doubled ones are passed over.
    pub(crate) fn names<T: PartialEq>(
        &mut self,
        path: &str,
        names: &[String],
        find: fn(&str) -> Option<T>,
        allowed: &[&str],
    ) -> Vec<T> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !name.trim().is_empty()) {
            match find(name.trim()) {
                Some(value) if found.contains(&value) => {}
                Some(value) => found.push(value),
                None => {
                    let allowed = allowed.join(", ");
                    self.error(format!("{path}[{index}]"), format!("found {name:?}, allowed are {allowed}"));
                }
            }
        }
        found
    }

    /// One of some words.
    pub(crate) fn word<T: Choices>(&mut self, path: &str, word: Option<&Choice<T>>) -> Option<T> {
        let word = word?;
        if word.known().is_none() {
            let words = T::ALL.iter().filter(|(name, _)| !name.is_empty());
            let allowed = words.map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            self.error(path, format!("found {:?}, allowed are {allowed}", word.as_str()));
        }
        word.known()
    }

    /// A Go duration or `infinity`.
    pub(crate) fn timeout(&mut self, path: &str, text: Option<&str>) -> Option<Timeout> {
        let text = text?;
        match duration::Timeout::parse(text) {
            Ok(duration::Timeout::Default) => Some(Timeout::Default),
            Ok(duration::Timeout::Infinite) => Some(Timeout::Disabled),
            Ok(duration::Timeout::After(after)) => self.rule(path, rules::timeout(after)).map(Timeout::After),
            Err(why) => {
                self.error(path, format!("found {text:?}, {why}, or infinity"));
                None
            }
        }
    }

    /// A Go duration that is not zero.
    pub(crate) fn duration(&mut self, path: &str, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        match duration::parse(text) {
            Ok(found) => self.rule(path, rules::positive_timeout(found)),
            Err(why) => {
                self.error(path, format!("found {text:?}, {why}"));
                None
            }
        }
    }

    /// Where something listens; what is not said stays as it is.
    pub(crate) fn bind(&mut self, path: &str, endpoint: &Endpoint, default: Bind) -> Bind {
        let address = self.address(&format!("{path}.address"), endpoint.address.as_deref());
        let port = self.number(&format!("{path}.port"), endpoint.port, 1..=65535);
        Bind {
            address: address.unwrap_or(default.address),
            port: port.and_then(|port| u16::try_from(port).ok()).unwrap_or(default.port),
        }
    }

    /// An IP address.
    pub(crate) fn address(&mut self, path: &str, text: Option<&str>) -> Option<IpAddr> {
        let text = text?;
        match rules::ip_address(text) {
            Ok(address) => Some(address),
            Err(_) => {
                self.error(path, format!("found {text:?}, expected an IP address such as 0.0.0.0 or ::"));
                None
            }
        }
    }

    /// A namespace and a name, which go together.
    pub(crate) fn name(&mut self, path: &str, name: Option<&NamespacedName>) -> Option<SecretName> {
        let name = name?;
        let part = |part: &Option<String>| part.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        match (part(&name.namespace), part(&name.name)) {
            (Some(namespace), Some(name)) => Some(SecretName::new(namespace, name)),
            (None, None) => None,
            (None, Some(_)) => {
                self.error(path, "has a name and no namespace; both are needed");
                None
            }
            (Some(_), None) => {
                self.error(path, "has a namespace and no name; both are needed");
                None
            }
        }
    }
}
