//! What expressions see of connections and proxies: each value is haproxy's, or a literal where 2.6 has no such fetch.

use std::fmt::Write as _;

use plimsoll_testkit::{Client, Lb};

use crate::pair::{Pair, Scene, get};

/// Seen in a request, by both.
const REQUEST: &[&str] = &[
    "src",
    "src_is_local",
    "dst",
    "dst_is_local",
    "fc_src",
    "fc_src_is_local",
    "fc_dst",
    "fc_dst_is_local",
    "fc_rcvd_proxy",
    "fc_http_major",
    "http_first_req",
    "fc_unacked",
    "fc_retrans",
    "fc_lost",
    "fc_sacked",
    "fc_fackets",
    "fe_name",
    "fe_defbe",
    "so_id",
    "so_name",
    "fc_err",
    "fc_err_str",
    "nbproc",
    "nbsrv(app)",
    "queue(app)",
    "avg_queue(app)",
    "be_conn(app)",
    "be_conn_free(app)",
    "connslots(app)",
    "fe_conn",
    "fe_conn(web)",
    "srv_is_up(app/s1)",
    "srv_conn(app/s1)",
    "srv_conn_free(app/s1)",
    "srv_queue(app/s1)",
    "srv_weight(app/s1)",
    "srv_uweight(app/s1)",
    "srv_iweight(app/s1)",
    "stopping",
    "fe_client_timeout",
    "capture.req.uri",
    "capture.req.method",
    "capture.req.ver",
    "str(app),nbsrv",
    "str(nobody),nbsrv",
    "str(app/s1),srv_queue",
    "base32+src,hex",
    "url32+src,hex",
    "unique-id",
    "src,ipmask(8)",
];

/// Seen in a response, by both.
const RESPONSE: &[&str] = &[
    "be_name",
    "srv_name",
    "srv_id",
    "be_server_timeout",
    "be_tunnel_timeout",
    "cur_server_timeout",
    "cur_tunnel_timeout",
    "capture.res.ver",
    "capture.req.uri",
    "bc_src",
    "bc_dst",
    "bc_dst_port",
    "bc_http_major",
    "bc_err",
    "bc_err_str",
    "http_first_req",
    "src",
    "fe_name",
    "nbsrv",
    "unique-id",
];

/// Seen by us alone, and what it is.
const OURS: &[(&str, &str)] = &[
    ("str(app/s1),srv_is_up", "1"),
    ("str(app),be_exists", "1"),
    ("str(web),be_exists", "0"),
    ("str(web),fe_exists", "1"),
    ("str(app),fe_exists", "0"),
    ("fe_id", "2"),
    ("be_name", "web"),
    ("fe_req_rate,div(1000)", "0"),
    ("fe_sess_rate,div(1000)", "0"),
    ("be_sess_rate(app),div(1000)", "0"),
    ("srv_sess_rate(app/s1),div(1000)", "0"),
    ("fc_rtt(us),div(1000000)", "0"),
    ("fc_rtt,div(1000)", "0"),
    ("fc_rttvar(us),div(1000000)", "0"),
    ("fc_reordering,div(1000)", "0"),
    ("fc_pp_authority", ""),
    ("fc_pp_unique_id", ""),
    ("fc_pp_tlv(0x05)", ""),
    ("fe_tarpit_timeout", "50"),
    ("cur_client_timeout", "20000"),
    ("cur_tarpit_timeout", "50"),
    ("last_rule_line", ""),
    ("dst_port,sub(0),bool", "1"),
    ("src_port,bool", "1"),
    ("fc_src_port,bool", "1"),
    ("fc_dst_port,bool", "1"),
    ("pid,bool", "1"),
    ("quic_enabled", "0"),
    ("act_conn", "1"),
    ("fs.id", "1"),
    ("fc.timer.handshake", "0"),
    ("req.timer.hdr,div(20000)", "0"),
    ("req.timer.idle,div(20000)", "0"),
    ("req.timer.tq,div(40000)", "0"),
    ("accept_date,div(1000000000)", "1"),
    ("accept_date(ms),div(1000000000000)", "1"),
    ("request_date(us),div(1000000000000000)", "1"),
    ("cur_max_retries", ""),
];

/// The same in a response.
const OURS_IN_RESPONSES: &[(&str, &str)] = &[
    ("be_id", "3"),
    ("be_name", "app"),
    ("be_connect_timeout", "2000"),
    ("cur_connect_timeout", "2000"),
    ("be_tarpit_timeout", "50"),
    ("be_check_timeout", "0"),
    ("be_max_retries", "3"),
    ("cur_max_retries", "3"),
    ("bs.id", "1"),
    ("fs.id", "2"),
    ("bc_reused", "0"),
    ("bc_src_port,bool", "1"),
    ("bc_be_queue", "0"),
    ("bc_srv_queue", "0"),
    ("bc.timer.connect,div(20000)", "0"),
    ("req.timer.queue", "0"),
    ("res.timer.hdr,div(20000)", "0"),
    ("res.timer.data", "-1"),
    ("txn.conn_retries", "0"),
    ("txn.redispatched", "0"),
    ("server_status", "200"),
];

fn shown(expressions: &[&str]) -> String {
    expressions.iter().fold(String::new(), |mut all, one| {
        let _ = write!(all, "%[{one}]|");
        all
    })
}

const UNIQUE: [&str; 2] = [
    "unique-id-format: '%[path]-%[src]'\nunique-id-header: X-Name",
    "unique-id-format %[path]-%[src]\nunique-id-header X-Name",
];

#[test]
fn requests_and_responses_show_haproxys_values() {
    let answer =
        format!("return status 200 content-type text/plain lf-string \"{}\" if {{ path /seen }}", shown(REQUEST));
    let field = format!("set-header X-Seen \"{}\"", shown(RESPONSE));
    let scene = Scene {
        frontend: &[("http-request", &answer)],
        backend: &[("http-response", &field)],
        more: UNIQUE,
        bind: ["name main", ", name: main"],
        ..Scene::default()
    };
    let pair = Pair::start(&scene);
    let [ours, theirs] = pair.see("GET", &get("/seen"));
    for ((expression, ours), theirs) in REQUEST.iter().zip(ours.body.split('|')).zip(theirs.body.split('|')) {
        assert_eq!(ours, theirs, "{expression}");
    }
    let [ours, theirs] = pair.see("GET", &get("/asked"));
    assert_eq!(ours.body, theirs.body, "what the origin got");
    assert!(ours.body.to_lowercase().contains("x-name: /asked-127.0.0.1"), "{}", ours.body);
    let of = |fields: &[String]| {
        let line = fields.iter().find_map(|line| line.strip_prefix("x-seen: ")).expect("the field");
        line.split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    for ((expression, ours), theirs) in RESPONSE.iter().zip(of(&ours.fields)).zip(of(&theirs.fields)) {
        assert_eq!(ours, theirs, "{expression}");
    }
}

/// Answers with what expressions give in a request and in its response.
fn ask(requests: &[&str], responses: &[&str], more: &str) -> [Vec<String>; 2] {
    let origin = plimsoll_testkit::Origin::answering();
    let yaml = format!(
        "global: {{ threads: 1 }}\ndefaults: {{ timeouts: {{ connect: 2s, client: 20s, server: 20s, tarpit: 50ms }} }}\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    default-backend: app\n    http-request:\n      - 'return status 200 \
         content-type text/plain lf-string \"{}\" if {{ path /seen }}'\n{more}\
         backends:\n  app:\n    http-response: 'set-header X-Seen \"{}\"'\n    servers: {{ s1: '{}' }}\n",
        shown(requests),
        shown(responses),
        origin.addr
    );
    let lb = Lb::start(&yaml);
    let mut client = Client::connect(lb.addr("web"));
    let seen = client.get("/seen").expect("an answer").text();
    let field = client.get("/").expect("an answer").get("x-seen").expect("the field");
    [seen, field].map(|text| text.split('|').map(str::to_owned).collect())
}

#[test]
fn what_2_6_does_not_know_has_the_value_that_it_says() {
    let names: Vec<&str> = OURS.iter().map(|(expression, _)| *expression).collect();
    let in_responses: Vec<&str> = OURS_IN_RESPONSES.iter().map(|(expression, _)| *expression).collect();
    let [seen, field] = ask(&names, &in_responses, "");
    for ((expression, wanted), seen) in OURS.iter().zip(seen) {
        assert_eq!(seen, *wanted, "{expression}");
    }
    for ((expression, wanted), seen) in OURS_IN_RESPONSES.iter().zip(field) {
        assert_eq!(seen, *wanted, "{expression}");
    }
}

#[test]
fn the_last_rule_that_ended_its_list_is_known_by_its_place() {
    let [_, field] = ask(&["src"], &["last_rule_line", "last_rule_file,bool"], "      - 'allow'\n");
    assert_eq!(field[0], "9");
}

#[test]
fn a_proxy_header_gives_addresses_and_values() {
    let expressions =
        ["src", "src_port", "dst", "dst_port", "fc_src", "fc_rcvd_proxy", "fc_pp_authority", "fc_pp_unique_id"];
    let answer = format!("return status 200 content-type text/plain lf-string \"{}\"", shown(&expressions));
    let ours =
        "return status 200 content-type text/plain lf-string \"%[fc_pp_tlv(0xE0),hex]|%[fc_pp_tlv(AUTHORITY)]|\"";
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11".to_vec();
    let mut rest = vec![10, 1, 2, 3, 10, 4, 5, 6, 0x30, 0x39, 0, 80];
    for (kind, value) in [(2, &b"a.example"[..]), (5, b"id-1"), (0xe0, b"\x01\x02")] {
        rest.push(kind);
        rest.extend_from_slice(&(value.len() as u16).to_be_bytes());
        rest.extend_from_slice(value);
    }
    header.extend_from_slice(&(rest.len() as u16).to_be_bytes());
    header.extend_from_slice(&rest);
    header.extend_from_slice(get("/").as_bytes());
    let frontend = [("http-request", &*answer)];
    let scene = Scene { frontend: &frontend, bind: ["accept-proxy", ", accept-proxy: true"], ..Scene::default() };
    let pair = Pair::start(&scene);
    let texts = [&pair.lb, &pair.haproxy].map(|program| {
        let mut client = Client::connect(program.addr("web"));
        client.send(&header);
        client.response().expect("an answer").text()
    });
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], "10.1.2.3|12345|10.4.5.6|80|127.0.0.1|1|a.example|id-1|");
    let lb = Lb::start(&format!(
        "frontends:\n  web:\n    bind: [{{ address: '127.0.0.1:0', accept-proxy: true }}]\n    http-request: '{ours}'\n"
    ));
    let mut client = Client::connect(lb.addr("web"));
    client.send(&header);
    assert!(client.response().expect("an answer").text() == "0102|a.example|");
}
