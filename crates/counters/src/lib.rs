//! Counters that each worker writes alone and anyone may read.
