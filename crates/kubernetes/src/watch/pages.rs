//! A list in pages.

use kube::Client;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::kinds::Target;

/// One page of a list, as it came.
pub(super) struct Page(String);

/// What is in a page.
#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(borrow, default)]
    pub(super) items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    rest: String,
}

impl Page {
    /// Asks for a page: the first, or the one after `rest`.
    pub(super) async fn fetch(
        client: &Client,
        target: &Target,
        rest: Option<String>,
    ) -> Result<Self, Failure> {
        let params = ListParams {
            field_selector: target.watched.fields.map(Into::into),
            label_selector: target.labels.map(Into::into),
            limit: Some(target.watched.page),
            continue_token: rest,
            ..ListParams::default()
        };
        let request = Request::new(target.path()).list(&params);
        let request = request.map_err(|error| Failure::Broken(error.to_string()))?;
        Ok(Self(client.request_text(request).await?))
    }

    pub(super) fn content(&self) -> Result<Content<'_>, Failure> {
        let broken = |error: serde_json::Error| {
            Failure::Broken(format!(
                "a page that is no list, at line {} column {}",
                error.line(),
                error.column()
            ))
        };
        serde_json::from_str(&self.0).map_err(broken)
    }
}

impl Content<'_> {
    /// Where the next page begins; `None` on the last one.
    pub(super) fn rest(&self) -> Option<String> {
        Some(self.metadata.rest.clone()).filter(|rest| !rest.is_empty())
    }

    /// The version of the whole list.
    pub(super) fn version(&self) -> &str {
        &self.metadata.resource_version
    }
}
