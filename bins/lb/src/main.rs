//! `lb`: reads its arguments and hands over to the engine.
fn main() {}
