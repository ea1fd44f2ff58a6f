//! Access-log lines and the bounded ring that carries them.
