//! Which objects are ours.

use model::Settings;

/// Classes that are ours when the operator names none. `contour` lets objects move over unchanged.
const DEFAULTS: [&str; 2] = ["isobath", "contour"];

/// Whether an object of this class is ours (reference: annotation before field, compared by `store`).
pub(crate) fn is_ours(settings: &Settings, class: Option<&str>) -> bool {
    let configured = &settings.ingress_classes;
    match class {
        None => configured.is_empty(),
        Some(class) if configured.is_empty() => DEFAULTS.contains(&class),
        Some(class) => configured.iter().any(|name| **name == *class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_configured_classes_unset_and_the_defaults_are_ours() {
        let settings = Settings::default();
        assert!(is_ours(&settings, None));
        assert!(is_ours(&settings, Some("contour")));
        assert!(!is_ours(&settings, Some("nginx")));
    }

    #[test]
    fn a_configured_class_excludes_objects_without_one() {
        let settings = Settings { ingress_classes: vec!["blue".into()], ..Settings::default() };
        assert!(is_ours(&settings, Some("blue")));
        assert!(!is_ours(&settings, None));
        assert!(!is_ours(&settings, Some("contour")));
    }
}
