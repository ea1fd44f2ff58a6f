//! Sockets as their peers see them: real ones on loopback, the standard library on the other end.

mod accepting;
mod closing;
mod options;
mod pair;
mod remote;
mod splicing;
mod streams;
