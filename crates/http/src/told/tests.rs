//! What servers are told.

use super::*;
use crate::{Limits, Request};

fn request(text: &str) -> Request {
    let mut request = Request::default();
    request.parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    request
}

fn fields(request: &Request, name: &str) -> Vec<String> {
    let named = request.head.fields().filter(|(have, _)| have.eq_ignore_ascii_case(name.as_bytes()));
    named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
}

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n";

#[test]
fn the_clients_address_is_added_as_frontend_and_backend_want_it() {
    let added = |frontend: Option<&AddressOptions>, backend: Option<&AddressOptions>, address: &str| {
        let mut request = request(PLAIN);
        add_address(&mut request, frontend, backend, b"X-Forwarded-For", address.parse().unwrap()).unwrap();
        [fields(&request, "x-forwarded-for"), fields(&request, "x-client")].concat().join(" ")
    };
    let plain = AddressOptions::default();
    let named =
        AddressOptions { header: Some(String::from("X-Client").try_into().unwrap()), ..AddressOptions::default() };
    let polite = AddressOptions { if_none: true, ..AddressOptions::default() };
    let networks = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let except = AddressOptions { except: plimsoll_config::OneOrMany(networks), ..AddressOptions::default() };
    assert_eq!(added(None, None, "9.9.9.9"), "1.1.1.1");
    assert_eq!(added(Some(&plain), None, "9.9.9.9"), "1.1.1.1 9.9.9.9");
    assert_eq!(added(Some(&plain), Some(&named), "::ffff:9.9.9.9"), "1.1.1.1 9.9.9.9");
    assert_eq!(added(Some(&polite), None, "9.9.9.9"), "1.1.1.1");
    assert_eq!(added(Some(&polite), Some(&plain), "9.9.9.9"), "1.1.1.1 9.9.9.9");
    assert_eq!(added(Some(&except), Some(&plain), "10.255.0.1"), "1.1.1.1");
    assert_eq!(added(Some(&except), None, "2001:db8:1::1"), "1.1.1.1");
    assert_eq!(added(Some(&except), None, "2001:db9::1"), "1.1.1.1 2001:db9::1");
}

#[test]
fn networks_are_addresses_with_bits() {
    let holds = |network: &str, address: &str| {
        let network: Network = network.parse().unwrap();
        network.holds(address.parse().unwrap())
    };
    assert!(holds("0.0.0.0/0", "9.9.9.9") && holds("::/0", "::1") && !holds("::/0", "9.9.9.9"));
    assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
    assert!(holds("10.1.0.0/16", "10.1.255.255") && !holds("10.1.0.0/16", "10.2.0.0"));
    for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "a"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
}

#[test]
fn names_that_could_be_confused_are_kept_taken_away_or_refused() {
    let text = "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 1\r\nX-A: 2\r\n\r\n";
    let (mut kept, mut deleted, mut refused) = (request(text), request(text), request(text));
    assert_eq!(RestrictNames::Preserve.apply(&mut kept).map_err(|outcome| outcome.slug), Ok(()));
    assert_eq!(kept.head.fields().count(), 3);
    assert_eq!(RestrictNames::Delete.apply(&mut deleted).map_err(|outcome| outcome.slug), Ok(()));
    assert_eq!(deleted.head.fields().count(), 2);
    let told = RestrictNames::Reject.apply(&mut refused).map_err(|outcome| (outcome.slug, outcome.status));
    assert_eq!(told, Err(("client.field.name", 403)));
    assert_eq!(RestrictNames::Reject.apply(&mut request(PLAIN)).map_err(|outcome| outcome.slug), Ok(()));
    for wrong in ["", "a b", "Connection", "content-length"] {
        assert!(FieldName::try_from(String::from(wrong)).is_err(), "{wrong}");
    }
}
