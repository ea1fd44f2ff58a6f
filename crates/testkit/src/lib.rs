//! Scripted servers and clients that misbehave by name, for tests.
