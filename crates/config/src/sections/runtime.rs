//! Envoy's runtime.

use crate::key::{Form, Key, Standing, key};

pub(super) const KEYS: &[Key] = &[key("spec.envoy.runtimeSettings", Form::TextMap)
    .file("runtime-settings")
    .standing(Standing::Missing)
    .means("Values for Envoy's runtime, by name.")];
