//! Files to model to snapshot; workers; the one pointer that is swapped.
