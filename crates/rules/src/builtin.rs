//! The rows of this crate: what needs no fact. A file is an idea; a line here is a file.

mod acls;
mod addresses;
mod arithmetic;
mod ciphers;
mod constants;
mod dates;
mod digests;
mod encoding;
mod escape;
mod fields;
mod fix;
mod hashes;
mod json;
mod jwt;
mod language;
mod maps;
mod mqtt;
mod operand;
mod outside;
mod payload;
mod protobuf;
mod regsub;
mod rfc7239;
mod store;
mod text;
mod variables;
mod x509;

use crate::language::Parts;

/// Fetches, converters and actions that need nothing but the language itself.
pub const PARTS: &[Parts] = &[
    Parts { converters: maps::CONVERTERS, actions: maps::ACTIONS, ..Parts::EMPTY },
    Parts { fetches: constants::FETCHES, ..Parts::EMPTY },
    Parts { fetches: acls::FETCHES, ..Parts::EMPTY },
    Parts { fetches: outside::FETCHES, ..Parts::EMPTY },
    Parts { converters: addresses::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: arithmetic::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: ciphers::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: dates::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: digests::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: encoding::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: escape::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: fields::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: fix::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: hashes::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: json::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: jwt::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: language::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: mqtt::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: protobuf::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: regsub::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: rfc7239::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: store::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: text::CONVERTERS, ..Parts::EMPTY },
    Parts { converters: x509::CONVERTERS, ..Parts::EMPTY },
    Parts { actions: variables::ACTIONS, ..Parts::EMPTY },
    Parts { fetches: payload::FETCHES, ..Parts::EMPTY },
];
