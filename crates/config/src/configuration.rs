//! What comes of all that was written.

use api::ContourConfigurationSpec;
use files::Severity;
use model::Settings;

use crate::fault::{Fault, Faults};
use crate::finding::Finding;
use crate::key::{Key, Standing};
use crate::sections;
use crate::serving::Serving;
use crate::written::Written;

/// What the operator decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// What shapes the configuration of Envoys.
    pub settings: Settings,
    /// How the controller serves a cluster.
    pub serving: Serving,
}

/// What came of a check.
#[derive(Debug)]
pub struct Checked {
    /// The configuration; `None` where there is an error.
    pub configuration: Option<Configuration>,
    /// What is wrong; where there is a configuration, warnings only.
    pub findings: Vec<Finding>,
}

/// What an object `ContourConfiguration` says, and what is wrong with it. Fields are named as in the object.
pub fn of_object(spec: ContourConfigurationSpec) -> (Configuration, Vec<Fault>) {
    let told: Vec<_> = sections::keys().filter(|key| is_told(&spec, key)).collect();
    of(&Written { spec, ..Written::default() }, &told)
}

fn is_told(spec: &ContourConfigurationSpec, key: &Key) -> bool {
    if matches!(key.standing, Standing::Honoured | Standing::Cluster) {
        return false;
    }
    let Ok(value) = serde_json::to_value(spec) else { return false };
    let mut steps = key.path.strip_prefix("spec.").unwrap_or("").split('.');
    steps.try_fold(&value, |value, step| value.get(step)).is_some()
}

/// `told` are the keys that were written, for those that do nothing.
pub(crate) fn of(written: &Written, told: &[&'static Key]) -> (Configuration, Vec<Fault>) {
    let mut faults = Faults::default();
    let mut settings = Settings::default();
    sections::settings(written, &mut settings, &mut faults);
    let serving = sections::serving(written, &settings, &mut faults);
    for key in told {
        say_standing(key, &mut faults);
    }
    (Configuration { settings, serving }, faults.0)
}

fn say_standing(key: &Key, faults: &mut Faults) {
    match key.standing {
        Standing::Honoured | Standing::Cluster => {}
        Standing::Ignored => {
            faults.add(Severity::Warning, key.path, "does nothing", Some("leave it out"));
        }
    }
}
