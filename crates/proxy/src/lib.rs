//! One connection's life, from accept to the log line; HTTP and TCP; the Snapshot type.
