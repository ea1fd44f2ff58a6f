//! The language of rules: the tables of every crate that has some.

use std::sync::LazyLock;

use plimsoll_admin::{SERVICES, State};
use plimsoll_proxy::services::Service;
use plimsoll_rules::{Language, Parts};

/// Every crate's rows, by the crate's folder.
pub const TABLES: &[(&str, &[Parts])] = &[
    ("rules", plimsoll_rules::PARTS),
    ("http", plimsoll_http::PARTS),
    ("tls", plimsoll_tls::PARTS),
    ("proxy", plimsoll_proxy::rules::PARTS),
];

/// Every word that a rule may hold.
pub static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
    // The language knows its own rows.
    let others = TABLES.iter().filter(|(name, _)| *name != "rules").flat_map(|(_, parts)| *parts);
    Language::new(&others.copied().collect::<Vec<_>>())
});

/// What answers inside proxies: every crate's rows.
pub const SERVICE_TABLES: &[(&str, &[Service<dyn State>])] = &[("admin", SERVICES)];

/// Their names.
pub fn services() -> impl Iterator<Item = &'static str> {
    SERVICE_TABLES.iter().flat_map(|(_, rows)| rows.iter()).map(|row| row.name)
}
