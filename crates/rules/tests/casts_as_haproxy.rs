//! Which types go before which converters, and what becomes of them: asked of `haproxy -c`, and of a running one.

mod house;

use std::fmt::Write as _;
use std::process::Command;

use house::House;
use plimsoll_rules::{Place, Stored};
use plimsoll_testkit::{Client, Lb};

/// A fetch of each type, some with values that cannot become everything.
const FETCHES: &[&str] = &[
    "bool(true)",
    "bool(false)",
    "int(-2)",
    "int(0)",
    "int(4294967297)",
    "ipv4(192.0.2.1)",
    "ipv6(2001:db8::1)",
    "ipv6(::ffff:192.0.2.1)",
    "ipv6(::192.0.2.1)",
    "ipv6(2002:c000:201::)",
    "str(192.0.2.1)",
    "str(7)",
    "str(true)",
    "str(\"\")",
    "str(2001:db8::1)",
    "str(192.0.2.1x)",
    "bin(31003233)",
    "meth(GET)",
    "var(txn.none)",
];

/// A converter that takes each type, with something behind it that shows the value.
const CONVERTERS: &[&str] = &["iif(yes,no)", "add(0)", "bool", "ipmask(32,128)", "concat()", "hex", "length"];

/// A rule for each expression, one a line from line 6 on.
fn configuration(bind: &str, expressions: &[String]) -> String {
    let mut cfg = format!("defaults\n mode http\n timeout client 30s\nfrontend web\n bind {bind}\n");
    for (at, expression) in expressions.iter().enumerate() {
        let text = format!("\"%[{}]\"", expression.replace('"', "\\\""));
        writeln!(cfg, " http-request return status 200 content-type text/plain lf-string {text} if {{ path /{at} }}")
            .unwrap();
    }
    cfg
}

/// Those that `haproxy -c` takes: it tells the first line that it does not take, so that one goes and it is asked again.
fn accepted(expressions: &[String]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("plimsoll-casts-{}.cfg", std::process::id()));
    let mut left = expressions.to_vec();
    loop {
        std::fs::write(&file, configuration("127.0.0.1:1", &left)).unwrap();
        let told = Command::new("haproxy").arg("-c").arg("-f").arg(&file).output().unwrap();
        if told.status.success() {
            break;
        }
        let told = String::from_utf8(told.stderr).unwrap();
        let line = told.split_once(".cfg:").and_then(|(_, rest)| rest.split_once(']'));
        let line: usize = line.and_then(|(line, _)| line.parse().ok()).unwrap_or_else(|| panic!("{told}"));
        left.remove(line - 6);
    }
    let _ = std::fs::remove_file(&file);
    left
}

#[test]
fn types_fit_where_haproxy_says_they_fit_and_give_its_values() {
    let mut house = House::new(&[], Place::HttpRequest);
    let all: Vec<String> = FETCHES
        .iter()
        .flat_map(|fetch| CONVERTERS.iter().map(move |converter| format!("{fetch},{converter}")))
        .collect();
    let good = accepted(&all);
    for expression in &all {
        let ours = house.expr(expression);
        assert_eq!(ours.is_ok(), good.contains(expression), "{expression}: {}", ours.err().unwrap_or_default());
    }
    let good: Vec<String> = good.iter().map(|expression| format!("{expression},hex,concat(.)")).collect();
    let haproxy = Lb::haproxy("web", &configuration("fd@0", &good));
    let mut client = Client::connect(haproxy.addr("web"));
    for (at, expression) in good.iter().enumerate() {
        let theirs = client.get(&format!("/{at}")).unwrap().text();
        let ours = match house.value(expression) {
            Some(Stored::Str(text)) => String::from_utf8(text.to_vec()).unwrap(),
            None => String::new(),
            other => panic!("{expression}: {other:?}"),
        };
        assert_eq!(ours, theirs, "{expression}");
    }
    assert!(good.len() > 80 && good.len() < all.len(), "{} of {} fit", good.len(), all.len());
}
