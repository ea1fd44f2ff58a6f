//! A server and a set of servers: weight, health, administrative state, load.
