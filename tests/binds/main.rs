//! Where `lb` listens and what it lets in: ranges, inherited and abstract sockets, namespaces, limits, accept() that fails.

mod accepting;
mod places;
