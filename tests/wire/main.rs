//! What `lb` looks like on the wire: connects, closes and checks as packets between hosts of their own.
//!
//! An expected conversation stands in the test as lines, written by hand from the founding documents and TCP's rules; bare
//! ACKs are left out unless a test is about them. Against haproxy: `PLIMSOLL_PEER=haproxy`.

mod checks;
mod stage;
mod tcp_mode;
mod towards_clients;
mod towards_servers;
mod volume;
