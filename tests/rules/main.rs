//! Rules of frontends and backends: what they see and do, compared with the installed haproxy.

mod answers;
mod captures;
mod lines;
mod ours;
mod pages;
mod pair;
mod seen;
mod services;
mod told;
mod tuning;
mod way;
