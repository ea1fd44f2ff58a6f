//! Sockets: listen, accept, connect verdicts, linger and drain, splice, limits.
//!
//! Knows: addresses as configurations write them, TCP and UNIX stream sockets through one [`Stream`], what a connect came to,
//! how to close towards a server and towards a client, how to move bytes without copying, what the machine allows.
//! Does not know: any protocol spoken over a socket, what a time-out is for, which server is meant.
//! [`descriptors`] carries open files to another process; [`outside`] asks one with more rights for them.
//! Start reading at [`Stream`], then [`connect`] and [`Stream::close_towards_server`].

mod accept;
mod address;
mod close;
mod connect;
pub mod descriptors;
mod directives;
pub mod heritage;
mod inherited;
mod keepalive;
pub mod limits;
mod listen;
mod namespace;
pub mod outside;
pub mod owner;
mod pipe;
mod sockopt;
mod source;
mod splice;
mod stream;
mod sync;

pub use accept::{AcceptError, Acceptor, Peer};
pub use address::{Address, AddressError, AddressSpec, BindSpec, Family};
pub use close::{Drained, Lingered, ToServer};
pub use connect::{ConnectOptions, Connecting, Early, NotStarted, Verdict, connect, connect_as};
pub use directives::DIRECTIVES;
pub use inherited::{Passed, inherited, name_inherited};
pub use keepalive::Keepalive;
pub use listen::{ListenOptions, Listener, has_mptcp};
pub use pipe::{PipePool, Pipes, most_room};
pub use sockopt::{TcpInfo, is_local, may_be_transparent};
pub use source::{Destination, HeldPort, Outlet, Outlets, PortRange, Source, SourceAddress, SourceError, UseSource};
pub use splice::{SpliceEnd, SpliceError, SplicePump, SpliceSide, Spliced};
pub use stream::{Peeked, Stream};
