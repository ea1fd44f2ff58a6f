//! Sockets: listen, accept, connect verdicts, linger and drain, splice, limits.
