//! Connections evened out between workers: sockets that one worker accepts from for all, and workers that have more than their share.

mod changing;
mod house;

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::path::Path;

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, Origin, eventually, origin};
use plimsoll_tests::{Site, volume};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::house::{House, SOON, asks, patient};

/// A connection that is just being taken counts twice for a moment.
#[track_caller]
fn is_even(house: &House) {
    let connections = house.connections();
    assert_eq!((connections.len(), connections.iter().sum::<u64>()), (4, 400));
    assert!(connections.iter().all(|count| (97..=103).contains(count)), "{connections:?}");
}

#[test]
fn four_workers_get_a_hundred_each_of_four_hundred_local_connections() {
    let origin = Origin::answering();
    for abstract_name in [false, true] {
        let house = House::new(4, |place| {
            let name = format!("plimsoll-dealing-{}", std::process::id());
            let bind =
                if abstract_name { format!("abns@{name}") } else { format!("unix@{}", place.join("web").display()) };
            patient(Site::http()).bind(&bind).server("o", origin.addr)
        });
        let connect = || match abstract_name {
            true => Client::connect_abstract(&format!("plimsoll-dealing-{}", std::process::id())),
            false => Client::connect_unix(&house.path("web")),
        };
        let mut clients: Vec<Client> = (0..400).map(|_| connect()).collect();
        clients.iter_mut().for_each(asks);
        is_even(&house);
        // One accepted all of them.
        assert_eq!(house.sum("connections_given_total"), house.sum("connections_taken_total"));
        clients.truncate(200);
        eventually("half of them are gone", SOON, || house.connections().iter().sum::<u64>() == 200);
        clients.iter_mut().for_each(asks);
        clients.extend((0..200).map(|_| connect()));
        clients.iter_mut().for_each(asks);
        is_even(&house);
    }
}

#[test]
fn an_inherited_socket_is_dealt_to_all_workers() {
    let origin = Origin::answering();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    fcntl_setfd(&listener, FdFlags::empty()).unwrap();
    let variables = vec![("LB_FD".to_owned(), listener.as_raw_fd().to_string())];
    let how = Start { variables, ..Start::default() };
    let site = |_: &Path| patient(Site::http()).bind("fd@${LB_FD}").server("o", origin.addr);
    let house = House::start(4, site, |yaml| Lb::start_with(yaml, &how));
    let to = listener.local_addr().unwrap();
    let mut clients: Vec<Client> = (0..80).map(|_| Client::connect(to)).collect();
    clients.iter_mut().for_each(asks);
    assert!(house.connections().iter().all(|count| (17..=23).contains(count)), "{:?}", house.connections());
}

#[test]
fn a_worker_far_above_the_mean_gives_what_it_accepts_to_the_one_with_the_fewest() {
    let origin = Origin::answering();
    let house = House::new(4, |_| patient(Site::http()).server("o", origin.addr));
    let to = house.lb.addr("web");
    // Whose each is shows when it comes.
    let mut clients: Vec<(usize, Client)> = Vec::new();
    for _ in 0..240 {
        let before = house.connections();
        let mut client = Client::connect(to);
        asks(&mut client);
        let after = house.connections();
        let whose = (0..4).find(|&worker| after[worker] > before[worker]).expect("it is somebody's");
        clients.push((whose, client));
    }
    let most = house.connections();
    let full = (0..4).max_by_key(|&worker| most[worker]).unwrap();
    clients.retain(|(whose, _)| *whose == full);
    let own = clients.len() as u64;
    eventually("three workers have nobody", SOON, || house.connections().iter().sum::<u64>() == own);
    assert_eq!(house.connections()[full], own, "{most:?}");
    let given = house.figure("connections_given_total")[full];
    let mut more: Vec<Client> = (0..volume(300, 3000)).map(|_| Client::connect(to)).collect();
    more.iter_mut().for_each(asks);
    clients.iter_mut().for_each(|(_, client)| asks(client));
    let (now, gave) = (house.connections(), house.figure("connections_given_total")[full] - given);
    println!("dealing: {own} at worker {full} of 4, then {} more: {now:?}, of these {gave} given away", more.len());
    let mean = now.iter().sum::<u64>() / 4;
    assert!(gave > 0 && now.iter().all(|count| count * 4 <= mean * 5 + 64), "{now:?}");
}

#[test]
fn with_one_worker_nothing_is_dealt() {
    let origin = Origin::answering();
    let house = House::new(1, |place| local(place, &origin));
    let mut clients: Vec<Client> = (0..50).map(|_| Client::connect_unix(&house.path("web"))).collect();
    clients.iter_mut().for_each(asks);
    assert_eq!((house.connections(), house.sum("connections_given_total")), (vec![50], 0));
}

/// A configuration with keys at the one address that it binds.
fn with_keys(yaml: &str, keys: &str) -> String {
    yaml.replace("bind: [\"", &format!("bind: [{{ {keys}, address: \""))
        .replace("\"]\n    default-backend", "\" }]\n    default-backend")
}

fn local(place: &Path, origin: &Origin) -> Site {
    patient(Site::http()).bind(&format!("unix@{}", place.join("web").display())).server("o", origin.addr)
}

#[test]
fn the_header_of_a_dealt_connection_is_read_where_it_lives() {
    let origin = Origin::answering();
    let start = |yaml: &str| Lb::start(&with_keys(yaml, "accept-proxy: true"));
    let house = House::start(3, |place| local(place, &origin), start);
    let mut clients: Vec<Client> = (0..30)
        .map(|at| {
            let mut client = Client::connect_unix(&house.path("web"));
            client
                .send(format!("PROXY TCP4 192.0.2.{at} 198.51.100.1 1000 80\r\nGET /{at} HTTP/1.1\r\nHost: a\r\n\r\n"));
            client
        })
        .collect();
    for (at, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.response().unwrap().text(), origin::expected("GET", &format!("/{at}"), b""));
    }
    assert!(house.connections().iter().all(|count| (7..=13).contains(count)), "{:?}", house.connections());
    eventually("each has its line", SOON, || {
        let said = house.lb.stdout();
        (0..30).all(|at| said.contains(&format!("192.0.2.{at}:1000")))
    });
}

#[test]
fn no_limit_is_exceeded_while_connections_are_dealt() {
    let origin = Origin::answering();
    let limits: [fn(&str) -> String; 3] = [
        |yaml| yaml.replace("threads: 4", "threads: 4, maxconn: 20"),
        |yaml| yaml.replace("    default-backend", "    maxconn: 20\n    default-backend"),
        |yaml| with_keys(yaml, "maxconn: 20"),
    ];
    for limit in limits {
        let house = House::start(4, |place| local(place, &origin), |yaml| Lb::start(&limit(yaml)));
        let mut waiting: Vec<Client> =
            (0..200).map(|_| Client::connect_unix(&house.path("web")).patient(SOON)).collect();
        waiting.iter_mut().for_each(|client| {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        });
        // Each that is answered goes, and makes room for one.
        for mut client in waiting {
            assert_eq!(client.response().unwrap().status, 200);
            assert!(house.connections().iter().sum::<u64>() <= 20);
        }
        eventually("all are gone", SOON, || house.info("CurrConns") == 0 && house.connections() == [0; 4]);
        assert_eq!((house.row("FRONTEND", "smax").as_str(), house.row("FRONTEND", "stot").as_str()), ("20", "200"));
    }
}
