//! What the wheel does, with explicit ticks.
