//! Scorecard row 2: what an HTTP/1 proxy must refuse and what it must accept, one table for each kind of rule.

mod case;
mod characters;
mod chunks;
mod fields;
mod framing;
mod host;
mod limits;
mod start_line;
mod targets;

use std::time::Duration;

use case::{Case, Want, difference, short};
use plimsoll_testkit::{Client, End, Lb, RecordingOrigin, Response, origin};
use plimsoll_tests::{Timeouts, front};

/// Runs a table through one proxy; prints the score and fails with every row that went wrong.
fn judge(table: Vec<Case>) {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let total = table.len();
    let mut wrong = Vec::new();
    for case in &table {
        let verdict = run(case, &lb, &origin);
        if let Err(why) = verdict {
            wrong.push(format!(
                "{} ({}): {why}\n      sent {}",
                case.name,
                case.rule,
                short(&case.bytes.escape_ascii().to_string())
            ));
        }
    }
    println!("h1_strictness: {}/{total}", total - wrong.len());
    assert!(wrong.is_empty(), "{} of {total} wrong:\n   {}", wrong.len(), wrong.join("\n   "));
}

fn run(case: &Case, lb: &Lb, origin: &RecordingOrigin) -> Result<(), String> {
    let mut client = Client::connect(lb.addr("web"));
    // A proxy may refuse and stop reading before all is written: what it answered is judged, not the write.
    client.send_split(&case.bytes, &case.splits);
    let method = if case.bytes.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
    let response = client.response_to(method).map_err(|end| format!("no answer: {end}"))?;
    let record = origin.take();
    if let Some(unclean) = record.unclean.first() {
        return Err(format!("UNCLEAN at the origin: {}", short(unclean)));
    }
    let refused = |statuses: &[u16]| statuses.contains(&response.status);
    match &case.want {
        Want::Refused(statuses) | Want::Either(statuses, _) if refused(statuses) => {
            if let Some(passed) = record.requests.first() {
                return Err(format!("refused, and yet it arrived: {}", short(&passed.raw.escape_ascii().to_string())));
            }
            if case.keeps == Some(false) { ends(&mut client) } else { Ok(()) }
        }
        Want::Refused(statuses) => Err(format!("answered {}, wanted {statuses:?}", response.status)),
        Want::Forwarded(any) | Want::Either(_, any) => {
            let [arrived] = &record.requests[..] else {
                return Err(format!("answered {}, {} requests arrived", response.status, record.requests.len()));
            };
            let differences: Vec<String> =
                any.iter().filter_map(|wanted| difference(&arrived.request, wanted)).collect();
            if !any.is_empty() && differences.len() == any.len() {
                return Err(differences.join(", or "));
            }
            answered(&response, &arrived.request, method)?;
            match case.keeps {
                Some(true) => serves_another(&mut client, origin),
                Some(false) => ends(&mut client),
                None => Ok(()),
            }
        }
    }
}

/// The answer is the origin's to this very request.
fn answered(response: &Response, arrived: &plimsoll_testkit::Request, method: &str) -> Result<(), String> {
    let digest = origin::expected(&arrived.method, &arrived.target, &arrived.body);
    let body_fits = method == "HEAD" || response.text() == digest;
    if response.status == 200 && response.get("x-digest").as_deref() == Some(&digest) && body_fits {
        return Ok(());
    }
    Err(format!("answered {} {:?} to what the origin answered {digest}", response.status, response.text()))
}

fn serves_another(client: &mut Client, origin: &RecordingOrigin) -> Result<(), String> {
    let after = client.get("/after").map_err(|end| format!("the connection was not kept: {end}"))?;
    let record = origin.take();
    let good = after.text() == origin::expected("GET", "/after", b"") && record.requests.len() == 1;
    if good { Ok(()) } else { Err(format!("the next request was answered {} {:?}", after.status, after.text())) }
}

/// The connection ends, cleanly or not, without another byte.
fn ends(client: &mut Client) -> Result<(), String> {
    match client.closed() {
        Ok(End::Fin { .. }) => Ok(()),
        Ok(end) => Err(format!("the connection ended with {end}, which can destroy the answer on its way")),
        Err(why) => Err(format!("the connection did not end: {why}")),
    }
}

#[test]
fn every_request_has_exactly_one_unambiguous_framing() {
    judge(framing::table());
}

#[test]
fn a_request_names_one_host_and_the_target_agrees_with_it() {
    judge(host::table());
}

#[test]
fn control_characters_folds_and_odd_names_do_not_pass() {
    judge(characters::table());
}

#[test]
fn a_request_line_is_three_words_and_a_version_we_speak() {
    judge(start_line::table());
}

#[test]
fn chunks_are_read_to_the_letter_and_written_afresh() {
    judge(chunks::table());
}

#[test]
fn fields_of_the_hop_end_here_and_expectations_are_met_or_refused() {
    judge(fields::table());
}

#[test]
fn targets_arrive_as_they_were_received_or_not_at_all() {
    judge(targets::table());
}

#[test]
fn limits_are_held_to_the_byte() {
    judge(limits::table());
}

#[test]
fn there_are_at_least_a_hundred_cases() {
    let tables = [
        framing::table(),
        host::table(),
        characters::table(),
        start_line::table(),
        chunks::table(),
        fields::table(),
        targets::table(),
        limits::table(),
    ];
    let count: usize = tables.iter().map(Vec::len).sum();
    println!("h1_strictness: {count} cases");
    assert!(count >= 100, "{count}");
}

#[test]
fn requests_before_a_refused_one_are_answered_and_none_behind_it_is_served() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(5));
    let good = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    let bad = "GET /bad HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n";
    client.send(format!("{}{}{bad}{}", good("/1"), good("/2"), good("/smuggled")));
    for target in ["/1", "/2"] {
        assert_eq!(client.response().unwrap().text(), origin::expected("GET", target, b""));
    }
    assert_eq!(client.response().unwrap().status, 400);
    ends(&mut client).unwrap();
    let record = origin.take();
    let targets: Vec<&str> = record.requests.iter().map(|recorded| recorded.request.target.as_str()).collect();
    assert_eq!(targets, ["/1", "/2"]);
    assert!(record.unclean.is_empty(), "{:?}", record.unclean);
}

#[test]
fn bytes_behind_an_upgrade_that_is_not_granted_are_dropped_with_the_connection() {
    let origin = RecordingOrigin::start();
    let lb = front(&[origin.addr()], Timeouts::default());
    let mut client = Client::connect(lb.addr("web")).patient(Duration::from_secs(5));
    client.send(
        "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\
         GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(client.response().unwrap().text(), origin::expected("GET", "/up", b""));
    let (more, end) = client.everything();
    assert!(more.is_empty() && end != End::Silence, "{} then {end}", more.escape_ascii());
    let record = origin.take();
    assert_eq!(record.requests.len(), 1, "rule 9");
    assert!(record.unclean.is_empty(), "{:?}", record.unclean);
}
