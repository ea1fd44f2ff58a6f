//! Maps: every converter gives the value that was written by hand, and rules change maps and lists for all who look.

mod house;
mod shelf;

use plimsoll_rules::{PatternFiles, Place, Variables};
use shelf::{Shelf, condition, holds, is, text};

const WORDS: &str = "/a 10\n/a/b 20\nb 30\n/a 40\n10 50\n";
const NUMBERS: &str = "1:5 10\n3 20\n:10 30\n";
const NETS: &str = "10.0.0.0/8 1\n10.1.0.0/16 2\n10.1.0.0/16 3\n::ffff:10.9.0.0/112 4\n10.0.0.3/255.0.0.255 5\n";
const REGEXES: &str = "^a(.)(.) 1\n^ab 2\n";

fn shelf() -> Shelf {
    let addresses = |text: &str| {
        let lines =
            text.lines().filter_map(|line| line.split_once(' ')).map(|(key, value)| format!("{key} 10.0.0.{value}\n"));
        lines.collect::<String>()
    };
    let shelf = Shelf::of(&[
        ("words", WORDS),
        ("numbers", NUMBERS),
        ("nets", NETS),
        ("regexes", REGEXES),
        ("fill", "^a(.)(.) \\2-\\1-\\0-\\7-\\\\-\\x41-\\q\n^b plain\n"),
    ]);
    for (name, text) in [("words.ip", WORDS), ("numbers.ip", NUMBERS), ("nets.ip", NETS), ("regexes.ip", REGEXES)] {
        shelf.write(name, &addresses(text));
    }
    shelf
}

#[test]
fn every_converter_gives_the_value_of_the_entry_that_matches() {
    let cases: &[(&str, Option<&str>)] = &[
        ("str(b),map(words)", Some("30")),
        ("str(b),map_str(words)", Some("30")),
        ("str(/a),map_str(words)", Some("10")),
        ("str(x),map_str(words)", None),
        ("str(x),map_str(words,none)", Some("none")),
        ("int(10),map_str(words)", Some("50")),
        ("str(b),map_str_str(words)", Some("30")),
        ("str(b),map_str_int(words)", Some("30")),
        ("str(x),map_str_int(words,-7)", Some("-7")),
        ("str(b),map_str_ip(words.ip)", Some("10.0.0.30")),
        ("str(x),map_str_ip(words.ip,::1)", Some("::1")),
        ("str(b),map_str_key(words)", Some("b")),
        // The longest beginning, not the first.
        ("str(/a/b/c),map_beg(words)", Some("20")),
        ("str(/a/x),map_beg(words)", Some("10")),
        ("str(/a/b/c),map_beg_str(words)", Some("20")),
        ("str(/a/b/c),map_beg_int(words)", Some("20")),
        ("str(/a/b/c),map_beg_ip(words.ip)", Some("10.0.0.20")),
        ("str(/a/b/c),map_beg_key(words)", Some("/a/b")),
        // The first of all others.
        ("str(x/a/b),map_sub(words)", Some("10")),
        ("str(x/a/b),map_sub_str(words)", Some("10")),
        ("str(x/a/b),map_sub_int(words)", Some("10")),
        ("str(x/a/b),map_sub_ip(words.ip)", Some("10.0.0.10")),
        ("str(x/a/b),map_sub_key(words)", Some("/a")),
        ("str(/x/b/a),map_dir(words)", Some("10")),
        ("str(/x/b),map_dir(words)", Some("30")),
        ("str(/x/b),map_dir_str(words)", Some("30")),
        ("str(/x/b),map_dir_int(words)", Some("30")),
        ("str(/x/b),map_dir_ip(words.ip)", Some("10.0.0.30")),
        ("str(/x/b),map_dir_key(words)", Some("b")),
        ("str(x.b:8),map_dom(words)", Some("30")),
        ("str(x.b:8),map_dom_str(words)", Some("30")),
        ("str(x.b:8),map_dom_int(words)", Some("30")),
        ("str(x.b:8),map_dom_ip(words.ip)", Some("10.0.0.30")),
        ("str(x.b:8),map_dom_key(words)", Some("b")),
        ("str(x/a/b),map_end(words)", Some("20")),
        ("str(x/a/b),map_end_str(words)", Some("20")),
        ("str(x/a/b),map_end_int(words)", Some("20")),
        ("str(x/a/b),map_end_ip(words.ip)", Some("10.0.0.20")),
        ("str(x/a/b),map_end_key(words)", Some("/a/b")),
        ("str(abc),map_reg(regexes)", Some("1")),
        ("str(ab),map_reg(regexes)", Some("2")),
        ("str(ab),map_reg_str(regexes)", Some("2")),
        ("str(ab),map_reg_int(regexes)", Some("2")),
        ("str(ab),map_reg_ip(regexes.ip)", Some("10.0.0.2")),
        ("str(ab),map_reg_key(regexes)", Some("^ab")),
        ("str(axy),map_regm(fill)", Some("y-x-axy--\\-A-q")),
        ("str(b),map_regm(fill)", Some("plain")),
        ("str(c),map_regm(fill,none)", Some("none")),
        ("str(axy),map_regm_str(fill)", Some("y-x-axy--\\-A-q")),
        ("str(axy),map_regm_key(fill)", Some("^a(.)(.)")),
        ("int(3),map_int(numbers)", Some("10")),
        ("int(-8),map_int(numbers)", Some("30")),
        ("int(11),map_int(numbers)", None),
        ("str(7),map_int_str(numbers)", Some("30")),
        ("int(3),map_int_int(numbers)", Some("10")),
        ("int(3),map_int_ip(numbers.ip)", Some("10.0.0.10")),
        ("int(7),map_int_key(numbers)", Some(":10")),
        // The smallest network, of equals the first; the own family before the other, masks with holes last.
        ("ipv4(10.2.3.4),map_ip(nets)", Some("1")),
        ("ipv4(10.1.9.9),map_ip(nets)", Some("2")),
        ("ipv4(10.9.0.1),map_ip(nets)", Some("1")),
        ("ipv6(::ffff:10.9.0.1),map_ip(nets)", Some("4")),
        ("ipv6(2002:a01:101::),map_ip(nets)", Some("2")),
        ("ipv4(10.9.9.3),map_ip(nets)", Some("1")),
        ("ipv4(11.1.1.3),map_ip(nets)", None),
        ("str(x),map_ip(nets,none)", None),
        ("ipv4(10.2.3.4),map_ip_str(nets)", Some("1")),
        ("ipv4(10.2.3.4),map_ip_int(nets)", Some("1")),
        ("ipv4(10.2.3.4),map_ip_ip(nets.ip)", Some("10.0.0.1")),
        ("ipv4(10.2.3.4),map_ip_key(nets)", Some("10.0.0.0/8")),
    ];
    let mut house = shelf().house();
    for (expression, want) in cases {
        assert_eq!(text(&mut house, expression).as_deref(), *want, "{expression}");
    }
}

#[test]
fn rules_change_lists_and_maps_for_all_who_look() {
    let shelf = Shelf::of(&[("deny", "10.0.0.1\n"), ("names", "a one\n")]);
    for place in
        [Place::TcpContent, Place::TcpContentOfHttp, Place::HttpRequest, Place::HttpResponse, Place::AfterResponse]
    {
        let mut house = shelf.house();
        house.place = place;
        let denied = condition(&mut house, "{ str(10.0.0.9) -m ip -f deny }");
        let begins = condition(&mut house, "{ str(10.0.0.95) -m beg -f deny }");
        let rules = house.rules(&[
            "set-var(txn.n) str(10.0.0.9)",
            "add-acl(deny) %[var(txn.n)]",
            "add-acl(deny) %[var(txn.n)]",
            "add-acl(deny) nonsense",
            "set-map(names) a two",
            "set-map(names) %[str(b)] \"%[str(x)] three\"",
        ]);
        assert!(!holds(&denied) && !holds(&begins));
        house.run(&rules, &mut Variables::default());
        assert!(holds(&denied) && holds(&begins));
        assert_eq!(text(&mut house, "str(a),map(names)").as_deref(), Some("two"));
        assert_eq!(text(&mut house, "str(b),map(names)").as_deref(), Some("x three"));
        let rules = house.rules(&["del-acl(deny) 10.0.0.9", "del-map(names) a"]);
        house.run(&rules, &mut Variables::default());
        assert!(!holds(&denied) && !holds(&begins), "one del-acl takes away what two add-acl added once");
        assert_eq!(text(&mut house, "str(a),map(names)"), None);
        assert!(is(&mut house, "{ str(10.0.0.1) -m ip -f deny }"));
    }
}

#[test]
fn what_does_not_suit_every_use_of_a_list_is_not_added() {
    let shelf = Shelf::of(&[("nets", "10.0.0.0/8 5\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    assert_eq!(text(&mut house, "ipv4(10.1.1.1),map_ip_int(nets)").as_deref(), Some("5"));
    shelf::commit(&mut house);
    let list = files.find("nets").unwrap();
    let told = |refused: Result<u64, plimsoll_rules::pattern::Refused>| refused.unwrap_err().to_string();
    assert_eq!(
        told(list.add(b"x", b"5", None)),
        "`x` is not an address or network; the names of hosts are not looked up"
    );
    assert_eq!(told(list.add(b"11.0.0.0/8", b"five", None)), "the value `five` is not a number");
    assert_eq!(list.set(b"10.0.0.0/8", b"five").unwrap_err().to_string(), "the value `five` is not a number");
    assert_eq!(list.set(b"10.0.0.0/8", b"6"), Ok(1));
    assert_eq!(list.len(), 1);
}
