//! Health checks: one file a probe, the scheduler, reports to the server.
