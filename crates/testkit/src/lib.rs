//! Scripted servers and clients that misbehave by name, and the harness that starts a real `lb` between them.
//!
//! What it knows: raw sockets, HTTP/1.1 as the RFCs write it (a parser of its own, so that a mistake in the product's
//! engine cannot hide itself), how to start `lb`, haproxy and nginx on ports that the kernel chose.
//! What it does not know: any crate of the product. Blocking threads only, so that a test reads from top to bottom.
//! Start reading at [`lb`], then [`recording`] (the origin that judges) and [`client`].

pub mod capture;
pub mod client;
pub mod digest;
pub mod eventually;
pub mod fields;
pub mod haproxy;
pub mod inspection;
pub mod lb;
pub mod network;
pub mod nginx;
pub mod origin;
pub mod process;
pub mod random;
pub mod recording;
pub mod request;
pub mod response;
pub mod runtime_socket;
pub mod scripted;
pub mod socket;
pub mod table;
pub mod visitors;
pub mod wire;

pub use capture::Capture;
pub use client::Client;
pub use eventually::{eventually, holds_for, wait_until};
pub use haproxy::Program;
pub use inspection::{Inspection, Seen};
pub use lb::Lb;
pub use network::Network;
pub use nginx::Nginx;
pub use origin::{Exchange, Origin, Then};
pub use random::Random;
pub use recording::{Recorded, RecordingOrigin};
pub use request::{Framing, Request};
pub use response::Response;
pub use socket::Socket;
pub use table::expectations;
pub use visitors::{Visit, Visitors};
pub use wire::{End, Wire};
