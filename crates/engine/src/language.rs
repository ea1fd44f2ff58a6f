//! The language of rules: the tables of every crate that has some.

use std::sync::LazyLock;

use plimsoll_rules::{Language, Parts};

/// Every word that a rule may hold.
pub static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
    let parts: Vec<Parts> = [plimsoll_http::PARTS, plimsoll_tls::PARTS, plimsoll_proxy::rules::PARTS].concat();
    Language::new(&parts)
});
