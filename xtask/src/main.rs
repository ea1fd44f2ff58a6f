//! `cargo xtask VERB`: the project's chores.
fn main() {}
