//! The main paths, each once, as a user would take them: HTTP, bodies, TCP, failing servers, the process itself.

mod bodies;
mod close_modes;
mod failures;
mod http;
mod leaving;
mod process;
mod tcp;
