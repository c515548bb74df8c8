//! ExtensionServices.

use api::ExtensionService;
use api::extension_service::ExtensionServiceSpec;

/// What is used of an ExtensionService.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionServiceFact {
    /// The `metadata.generation` that reports are about.
    pub generation: i64,
    /// What the user wants.
    pub spec: Box<ExtensionServiceSpec>,
}

impl From<&ExtensionService> for ExtensionServiceFact {
    fn from(object: &ExtensionService) -> Self {
        Self {
            generation: object.metadata.generation.unwrap_or_default(),
            spec: Box::new(object.spec.clone()),
        }
    }
}
