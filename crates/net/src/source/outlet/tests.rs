//! Which address and port is tried next, without a socket: `start` is the test.

use super::*;

fn source(addresses: &[&str]) -> Source {
    let address = addresses.iter().map(|text| text.parse().unwrap()).collect();
    Source { address: plimsoll_config::OneOrMany(address), usesrc: None, interface: None }
}

fn to(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn outlet(addresses: &[&str]) -> Arc<Outlet> {
    Outlets::default().of(&source(addresses), to("10.0.0.9:80"), &mut || 1)
}

/// Always well.
fn well(outlet: &Outlet) -> Result<(Departure, Option<HeldPort>), NotStarted> {
    outlet.depart(Ok)
}

#[test]
fn addresses_are_used_in_turn() {
    let outlet = outlet(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    let used: Vec<String> = (0..4).map(|_| well(&outlet).unwrap().0.unwrap().ip().to_string()).collect();
    assert_eq!(used, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]);
}

#[test]
fn no_address_is_any() {
    assert_eq!(well(&outlet(&[])).unwrap().0, None);
    assert_eq!(well(&outlet(&["*"])).unwrap().0, None);
    let ports = well(&outlet(&["*:2000-2001"])).unwrap();
    assert!(ports.0.is_some_and(|from| from.ip().is_unspecified() && from.port() >= 2000));
}

#[test]
fn ten_connections_through_two_addresses_with_five_ports_and_no_eleventh() {
    let outlet = outlet(&["10.0.0.1:2000-2004", "10.0.0.2:2000-2004"]);
    let mut held: Vec<_> = (0..10).map(|_| well(&outlet).unwrap()).collect();
    let all: std::collections::HashSet<SocketAddr> = held.iter().map(|(from, _)| from.unwrap()).collect();
    assert_eq!(all.len(), 10);
    assert!(matches!(well(&outlet), Err(NotStarted::NoPort)));
    let freed = held.swap_remove(3).0;
    assert_eq!(well(&outlet).unwrap().0, freed, "the one that came back");
}

#[test]
fn an_address_that_is_not_ours_is_passed_over_and_told_if_there_is_no_other() {
    let not_ours = |from: Departure| match from {
        Some(from) if from.ip().to_string() == "10.0.0.1" => {
            Err(Refusal::Address(io::ErrorKind::AddrNotAvailable.into()))
        }
        from => Ok(from),
    };
    let two = outlet(&["10.0.0.1:2000-2001", "10.0.0.2"]);
    assert_eq!(two.depart(not_ours).unwrap().0, Some(to("10.0.0.2:0")));
    assert_eq!(two.ranges().map(|range| range.used()).sum::<usize>(), 0, "nothing is held by what failed");
    match outlet(&["10.0.0.1"]).depart(not_ours) {
        Err(NotStarted::Source(ip, error)) => {
            assert_eq!((ip.to_string(), error.kind()), ("10.0.0.1".into(), io::ErrorKind::AddrNotAvailable));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_port_that_somebody_else_has_is_passed_over_for_a_bounded_number_of_tries() {
    let five = outlet(&["10.0.0.1:2000-2004"]);
    let mut tried = Vec::new();
    let started = five.depart(|from| {
        tried.push(from.unwrap().port());
        if tried.len() < 3 { Err(Refusal::Port) } else { Ok(()) }
    });
    assert_eq!(Some(started.unwrap().1.unwrap().number()), tried.last().copied());
    tried.sort_unstable();
    tried.dedup();
    assert_eq!(tried.len(), 3, "each try is another port");
    let wide = outlet(&["10.0.0.1:2000-9000"]);
    let mut count = 0;
    let none = wide.depart(|_| {
        count += 1;
        Err::<(), _>(Refusal::Port)
    });
    assert!(matches!(none, Err(NotStarted::NoPort)));
    assert_eq!((count, wide.ranges().next().unwrap().used()), (TRIES, 0));
}

#[test]
fn what_has_nothing_to_do_with_the_source_ends_the_search() {
    let mut count = 0;
    let failed = outlet(&["10.0.0.1", "10.0.0.2"]).depart(|_| {
        count += 1;
        Err::<(), _>(Refusal::Other(io::ErrorKind::OutOfMemory.into()))
    });
    assert!(matches!(failed, Err(NotStarted::System(_))) && count == 1);
}

#[test]
fn destinations_have_ports_of_their_own_and_what_says_the_same_shares_them() {
    let mut outlets = Outlets::default();
    let random = &mut || 1;
    let (a, b) = (to("10.0.0.9:80"), to("10.0.0.9:81"));
    let said = source(&["10.0.0.1:2000-2000"]);
    let one = outlets.of(&said, a, random);
    let again = outlets.of(&said, a, random);
    assert!(Arc::ptr_eq(&one, &again));
    let other = outlets.of(&said, b, random);
    let also = outlets.of(&source(&["10.0.0.2", "10.0.0.1:2000-2000"]), a, random);
    let apart = Destination { address: a, namespace: Some("blue".into()) };
    let apart = outlets.of(&said, apart, random);
    let held = well(&one).unwrap();
    assert!(well(&other).is_ok(), "another destination");
    assert!(well(&apart).is_ok(), "another network namespace");
    assert!(matches!(well(&again), Err(NotStarted::NoPort)));
    assert_eq!(also.ranges().next().unwrap().used(), 1, "another list with the same range");
    drop((one, again, also));
    outlets.forget_unused();
    let later = outlets.of(&said, a, random);
    assert!(matches!(well(&later), Err(NotStarted::NoPort)), "the connection still has the port");
    drop(held);
    assert!(well(&later).is_ok());
}

#[test]
fn only_addresses_of_the_destinations_family_are_used() {
    let outlet = Outlets::default().of(&source(&["10.0.0.1", "fd00::1"]), to("[fd00::9]:80"), &mut || 1);
    for _ in 0..2 {
        assert_eq!(well(&outlet).unwrap().0, Some(to("[fd00::1]:0")));
    }
    let none = Outlets::default().of(&source(&["10.0.0.1"]), to("[fd00::9]:80"), &mut || 1);
    assert!(matches!(well(&none), Err(NotStarted::Source(..))), "nothing to leave from");
}
