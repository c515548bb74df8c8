//! What probes and people may ask.

use std::sync::Arc;

use admin::{Page, Pages};
use http::StatusCode;

use super::standing::Standing;

/// Whether the controller is well.
pub(super) fn health(standing: Standing) -> Pages {
    Arc::new(move |path, _| match path {
        "/healthz" | "/health" => {
            let standing = standing.clone();
            Page::later(async move { said(standing.is_alive().await, "the engine does not answer") })
        }
        "/readyz" => said(standing.is_ready(), "the first configuration is not complete").now(),
        _ => None,
    })
}

fn said(holds: bool, otherwise: &str) -> Page {
    if holds {
        Page::text(StatusCode::OK, "OK\n")
    } else {
        Page::text(StatusCode::SERVICE_UNAVAILABLE, format!("{otherwise}\n"))
    }
}
