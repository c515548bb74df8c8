//! What probes, those who collect metrics, and people may ask.

use std::sync::Arc;

use admin::{Exposition, Page, Pages};
use http::StatusCode;

use super::engine_handle::EngineHandle;
use super::metrics::Metrics;
use super::{graph, heap, summary};

/// Everything that pages are made from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) engine: EngineHandle,
    pub(super) metrics: Arc<Metrics>,
}

impl Sources {
    /// Whether the controller is well.
    pub(super) fn health(&self) -> Pages {
        let engine = self.engine.clone();
        Arc::new(move |path, _| match path {
            "/healthz" | "/health" => {
                let engine = engine.clone();
                Page::later(async move { said(engine.is_alive().await, "the engine does not answer") })
            }
            "/readyz" => said(engine.is_ready(), "the first configuration is not complete").now(),
            _ => None,
        })
    }

    /// What it counts.
    pub(super) fn metrics(&self) -> Pages {
        let Self { engine, metrics } = self.clone();
        Arc::new(move |path, _| match path {
            "/metrics" => {
                let mut exposition = Exposition::default();
                metrics.write(engine.is_ready(), &mut exposition);
                exposition.page().now()
            }
            _ => None,
        })
    }

    /// What it knows and does, for people who look for faults.
    pub(super) fn debug(&self) -> Pages {
        let Self { engine, metrics } = self.clone();
        Arc::new(move |path, query| match path {
            "/debug/status" => Page::json(summary::summary(&metrics, engine.is_ready()).to_string()).now(),
            "/debug/dag" => {
                let (engine, json) = (engine.clone(), query == "format=json");
                Page::later(async move { dag(&engine, json).await })
            }
            "/debug/pprof/heap" => Page::later(heap_profile()),
            _ => None,
        })
    }
}

/// The pages of both; those of the first go before.
pub(super) fn both(first: Pages, second: Pages) -> Pages {
    Arc::new(move |path, query| first(path, query).or_else(|| second(path, query)))
}

async fn dag(engine: &EngineHandle, json: bool) -> Page {
    match engine.hosts().await {
        None => said(false, "the engine does not answer"),
        Some(hosts) if json => Page::json(graph::json(&hosts).to_string()),
        Some(hosts) => Page::text(StatusCode::OK, graph::dot(&hosts)),
    }
}

/// Where the memory goes.
async fn heap_profile() -> Page {
    match tokio::task::spawn_blocking(heap::profile).await {
        Ok(Ok(profile)) => {
            Page { status: StatusCode::OK, content_type: "application/octet-stream", body: profile.into() }
        }
        Ok(Err(why)) => said(false, &format!("{why:#}")),
        Err(_) => said(false, "the profile cannot be made"),
    }
}

fn said(holds: bool, otherwise: &str) -> Page {
    if holds {
        Page::text(StatusCode::OK, "OK\n")
    } else {
        Page::text(StatusCode::SERVICE_UNAVAILABLE, format!("{otherwise}\n"))
    }
}
