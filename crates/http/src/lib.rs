//! HTTP without a version, and the sans-IO HTTP/1 engine.
