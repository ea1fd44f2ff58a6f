//! Connects to a server, once; keeps, watches and hands out its idle connections.
