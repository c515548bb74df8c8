//! The board against an API server that stands in a map.

mod histories;
mod laws;
mod shapes;
mod world;
