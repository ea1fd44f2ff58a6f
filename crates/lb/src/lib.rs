//! Balancing algorithms: one file each, over the loads of servers.
