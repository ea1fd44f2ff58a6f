//! A site of 200 listeners that reloads again and again under every kind of client at once: not one of them notices.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Client, Lb, Origin, Visitors, eventually, lb};
use plimsoll_tests::{Download, LONG, Load, Rounds, Site, answer_long, assert_unnoticed, listeners, named, volume};

use crate::{SOON, reload, site, write};

const LISTENERS: usize = 200;
/// New connections in a second: more than the 2,000 that are wanted, so that a late thread does not spoil the figure.
const RATE: u32 = 2400;
/// Visits in a window with a reload, and in the one before without.
const WINDOW: usize = 250;

fn ctl_reload(socket: &Path) -> Output {
    Command::new(lb::binary()).arg("reload").arg("--socket").arg(socket).output().unwrap()
}

#[test]
fn nobody_notices_reloads_of_200_listeners_and_files_that_are_wrong() {
    let (one, two, long) = (named("one"), named("two"), Origin::serving(answer_long));
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("lb.sock");
    let binds = vec!["127.0.0.1:0"; LISTENERS].join("\", \"");
    let with = |site: Site| {
        let runtime = format!("threads: 2, runtime-api: [{{ bind: \"unix@{}\", level: admin }}]", socket.display());
        let yaml = site.global(&runtime).bind(&binds).yaml();
        let frontends = "frontends:\n  far:\n    bind: [\"127.0.0.1:0\"]\n    default-backend: far\n";
        yaml.replace("frontends:\n", frontends) + &format!("  far:\n    servers:\n      long: \"{}\"\n", long.addr)
    };
    let even = with(site().server("one", one.addr).server("two", two.addr));
    let odd = with(site().server("two", two.addr).backend("retries: 2"));
    let mut lb = Lb::start(&even);
    let all = listeners(&lb);
    assert_eq!(all.len(), LISTENERS + 1);

    let mut download = Download::start(lb.addr("far"));
    let mut tunnels: Vec<Client> = (0..10).map(|_| Client::tunnel(lb.addr("web"))).collect();
    let steady = Load::paced(lb.addr("web"), 4, Duration::from_millis(5));
    let start = Instant::now();
    let visitors = Visitors::start(&all[1..], RATE, 8, &["one", "two"]);
    let come = |count: usize| {
        let until = visitors.done() + count;
        eventually("they come and go", SOON * 3, || visitors.done() >= until);
    };
    come(WINDOW);
    let reloads = volume(20, 400);
    let mut rounds = Rounds::default();
    let mut verdicts = Vec::new();
    for number in 0..reloads {
        let begin = Instant::now();
        come(WINDOW);
        let at = Instant::now();
        if number % 4 == 3 {
            write(&lb, &even.replace("servers", "sarvers"));
            let output = ctl_reload(&socket);
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("sarvers"), "{said}");
        } else {
            let verdict = reload(&mut lb, if number % 2 == 0 { &odd } else { &even });
            assert!(!verdict.contains("not reloaded"), "{verdict}");
        }
        verdicts.push(at.elapsed());
        come(WINDOW);
        rounds.add(begin, at);
        for (at, tunnel) in tunnels.iter_mut().enumerate() {
            tunnel.echoes(&format!("round {number} tunnel {at}"));
        }
        download.take(LONG / 2 / reloads);
    }
    let connections = visitors.done();
    let rate = connections as f64 / start.elapsed().as_secs_f64();
    let (requests, failed, (visits, refused)) = (steady.done(), steady.stop(), visitors.stop());
    download.finish();

    let waits = rounds.waits(&visits);
    eprintln!(
        "{{\"reloads\":{reloads},\"listeners\":{},\"connections\":{connections},\"a_second\":{rate:.0},\"kept_requests\":{requests},\
         \"failures\":{},{},\"longest_reload_ms\":{:.0}}}",
        LISTENERS + 1,
        failed.len() + refused.len(),
        waits.json(),
        verdicts.iter().max().map_or(0.0, |longest: &Duration| longest.as_secs_f64() * 1e3),
    );
    assert_unnoticed(requests, &failed, &refused);
    waits.assert_short(20);
}
