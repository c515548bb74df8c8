//! What is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How it went.
    pub status: StatusCode,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// Makes the page of a path and a query; `None` where there is none.
pub type Pages = Arc<dyn Fn(&str, &str) -> Option<Making> + Send + Sync>;

type Making = Pin<Box<dyn Future<Output = Page> + Send>>;

impl Page {
    /// A text.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: text.into() }
    }

    /// A JSON document.
    pub fn json(text: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type: "application/json", body: text.into() }
    }

    /// The page that is made already.
    #[must_use]
    pub fn now(self) -> Option<Making> {
        Some(Box::pin(std::future::ready(self)))
    }

    /// A page that takes a moment.
    pub fn later(making: impl Future<Output = Self> + Send + 'static) -> Option<Making> {
        Some(Box::pin(making))
    }
}
