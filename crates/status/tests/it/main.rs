//! The board against an API server that stands in a map.

mod gateway_api;
mod histories;
mod laws;
mod shapes;
mod share;
mod world;
