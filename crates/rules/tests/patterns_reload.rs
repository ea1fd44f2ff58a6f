//! Lists over time: files that are shared, what a reload keeps and what it replaces, versions, ids, and readers beside a writer.

mod house;
mod shelf;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_rules::PatternFiles;
use plimsoll_rules::pattern::{Entry, Match, Refused};
use proptest::prelude::*;
use shelf::{Shelf, commit, condition, holds, is, text};

fn keys(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| String::from_utf8(entry.key.to_vec()).unwrap()).collect()
}

#[test]
fn a_reload_keeps_what_was_changed_at_run_time_unless_the_file_changed() {
    let shelf = Shelf::of(&[("deny", "a\nb\n")]);
    let files = PatternFiles::default();
    let mut first = shelf.house_in(&files);
    let old = condition(&mut first, "{ str(c) -f deny }");
    commit(&mut first);
    files.find("deny").unwrap().add(b"c", b"", None).unwrap();
    assert!(holds(&old));

    let mut second = shelf.house_in(&files);
    let new = condition(&mut second, "{ str(c) -f deny }");
    commit(&mut second);
    assert!(holds(&new), "the file is as it was, so what was added stays");

    shelf.write("deny", "b\nd\n");
    let mut third = shelf.house_in(&files);
    let newest = condition(&mut third, "{ str(c) -f deny }");
    assert!(holds(&newest) && holds(&new), "nothing happens before the configuration is in force");
    commit(&mut third);
    assert!(!holds(&newest));
    assert_eq!(keys(&files.find("deny").unwrap().entries(None)), ["b", "d"]);
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let shelf = Shelf::of(&[("nets", "10.0.0.0/8\n")]);
    let files = PatternFiles::default();
    let mut first = shelf.house_in(&files);
    let old = condition(&mut first, "{ ipv4(10.1.1.1) -f nets }");
    commit(&mut first);

    shelf.write("nets", "11.0.0.0/8\nnonsense\n");
    let mut second = shelf.house_in(&files);
    let told = second.rule("set-var(txn.x) int(1) if { ipv4(10.1.1.1) -f nets }").unwrap_err();
    assert!(told.contains("line 2 of `nets`: `nonsense` is not an address"), "{told}");
    drop(second);
    assert!(holds(&old));
    assert_eq!(keys(&files.find("nets").unwrap().entries(None)), ["10.0.0.0/8"]);
    // And it may be used in other ways from now on.
    shelf.write("nets", "nonsense\n");
    let mut third = shelf.house_in(&files);
    let texts = condition(&mut third, "{ str(nonsense) -f nets }");
    commit(&mut third);
    assert!(holds(&texts) && !holds(&old));
    assert!(files.find("nets").unwrap().add(b"more nonsense", b"", None).is_ok(), "nobody asks for addresses any more");
}

#[test]
fn a_way_that_was_given_up_can_be_used_again() {
    let shelf = Shelf::of(&[("nets", "10.0.0.0/8\n")]);
    let files = PatternFiles::default();
    let texts = ["{ ipv4(10.1.1.1) -f nets }", "{ str(10.0.0.0/8) -f nets }", "{ ipv4(10.1.1.1) -f nets }"];
    for (round, text) in texts.into_iter().enumerate() {
        shelf.write("nets", if round == 0 { "10.0.0.0/8\n" } else { "10.0.0.0/8\n10.0.0.0/9\n" });
        let mut house = shelf.house_in(&files);
        let rule = condition(&mut house, text);
        commit(&mut house);
        assert!(holds(&rule), "{round}: {text}");
        assert!(files.find("nets").unwrap().add(b"11.0.0.0/8", b"", None).is_ok());
        assert!(holds(&rule), "{round}: {text}");
    }
}

#[test]
fn virtual_lists_have_no_file_and_optional_ones_may_lack_theirs() {
    let shelf = Shelf::of(&[("there", "x\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    let virt = condition(&mut house, "{ str(x) -f virt@names }");
    let missing = condition(&mut house, "{ str(x) -f opt@later }");
    assert!(is(&mut house, "{ str(x) -f opt@there }"));
    assert!(is(&mut house, "{ str(x) -f file@there }"));
    assert!(!holds(&virt) && !holds(&missing));
    commit(&mut house);
    files.find("virt@names").unwrap().add(b"x", b"", None).unwrap();
    assert!(holds(&virt));
    assert!(files.find("later").is_some() && files.find("opt@later").is_some());

    shelf.write("later", "x\n");
    let mut house = shelf.house_in(&files);
    let virt = condition(&mut house, "{ str(x) -f virt@names }");
    let found = condition(&mut house, "{ str(x) -f opt@later }");
    commit(&mut house);
    assert!(holds(&virt), "a list without a file is kept");
    assert!(holds(&found), "the file is there now");
}

#[test]
fn lists_have_ids_in_order_and_those_in_rules_can_be_changed_too() {
    let shelf = Shelf::of(&[("f", "x\n"), ("m", "k v\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    let inline = condition(&mut house, "{ str(b) -f f -i A }");
    let forced = condition(&mut house, "{ int(7) -u 0 5 6 }");
    assert_eq!(text(&mut house, "str(k),map(m)").as_deref(), Some("v"));
    assert!(files.all().is_empty(), "nothing is shown before the configuration is in force");
    commit(&mut house);
    let all: Vec<_> =
        files.all().into_iter().map(|(id, list)| (id, list.name().map(str::to_owned), list.len())).collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(all, [(0, None, 2), (1, name("f"), 1), (2, None, 1), (3, name("m"), 1)]);
    assert_eq!(files.find("#2").unwrap().about(), "str(b)");
    assert!(!holds(&inline) && !holds(&forced));
    files.find("#2").unwrap().add(b"B", b"", None).unwrap();
    files.find("#0").unwrap().add(b"7:9", b"", None).unwrap();
    assert!(holds(&inline) && holds(&forced));
    assert_eq!(files.find("#0").unwrap().remove(b"7:9"), 1);
    assert!(!holds(&forced));
}

#[test]
fn get_says_what_matches_in_each_way() {
    let shelf = Shelf::of(&[("f", "/a\n/a/b\nx\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    for text in ["{ str(q) -m beg -f f }", "{ str(q) -m dir -i -f f }", "{ str(q) -f f }"] {
        condition(&mut house, text);
    }
    commit(&mut house);
    let found = files.find("f").unwrap().get(b"/a/b/c");
    let shown: Vec<_> = found
        .iter()
        .map(|found| (found.way.how, found.way.caseless, found.entry.as_ref().map(|entry| &*entry.key)))
        .collect();
    assert_eq!(
        shown,
        [(Match::Beg, false, Some(&b"/a/b"[..])), (Match::Dir, true, Some(b"/a")), (Match::Str, false, None)]
    );
}

#[test]
fn a_version_is_seen_at_once_when_it_is_put_in_force() {
    let shelf = Shelf::of(&[("f", "a\nb\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    let (a, c) = (condition(&mut house, "{ str(a) -f f }"), condition(&mut house, "{ str(c) -f f }"));
    commit(&mut house);
    let list = files.find("f").unwrap();
    let (first, second) = (list.prepare(), list.prepare());
    assert_eq!((list.versions(), first, second), ((0, 2), 1, 2));
    list.add(b"c", b"", Some(second)).unwrap();
    list.add(b"lost", b"", Some(first)).unwrap();
    assert_eq!(list.add(b"x", b"", Some(9)), Err(Refused::Version));
    assert!(holds(&a) && !holds(&c));
    assert_eq!(keys(&list.entries(Some(second))), ["c"]);
    list.commit(second).unwrap();
    assert!(!holds(&a) && holds(&c));
    assert_eq!(list.commit(first), Err(Refused::Version), "older ones are gone");
    assert_eq!(list.versions(), (2, 2));
    list.clear(None).unwrap();
    assert!(!holds(&c) && list.is_empty());
}

/// What is done to a list, and to the plain model of it.
#[derive(Clone, Debug)]
enum Do {
    Add(u8, u8),
    AddNew(u8),
    Set(u8, u8),
    Put(u8, u8),
    Remove(u8),
    RemoveAt(usize),
    SetAt(usize, u8),
    Clear,
    Prepare,
    AddTo(u32, u8),
    Commit(u32),
}

fn deed() -> impl Strategy<Value = Do> {
    prop_oneof![
        12 => (0_u8..60, 0_u8..9).prop_map(|(key, value)| Do::Add(key, value)),
        4 => (0_u8..60).prop_map(Do::AddNew),
        4 => (0_u8..60, 0_u8..9).prop_map(|(key, value)| Do::Set(key, value)),
        4 => (0_u8..60, 0_u8..9).prop_map(|(key, value)| Do::Put(key, value)),
        4 => (0_u8..60).prop_map(Do::Remove),
        2 => (0_usize..90).prop_map(Do::RemoveAt),
        2 => (0_usize..90, 0_u8..9).prop_map(|(at, value)| Do::SetAt(at, value)),
        1 => Just(Do::Clear),
        1 => Just(Do::Prepare),
        4 => (0_u32..4, 0_u8..60).prop_map(|(version, key)| Do::AddTo(version, key)),
        1 => (0_u32..4).prop_map(Do::Commit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_list_is_what_a_plain_row_of_entries_would_be(deeds in prop::collection::vec(deed(), 1..300)) {
        let shelf = Shelf::of(&[("m", "k0 0\nk1 1\nk2 2\n")]);
        let files = PatternFiles::default();
        let mut house = shelf.house_in(&files);
        let looks: Vec<_> = (0..60)
            .flat_map(|key| [format!("str(k{key}),map(m)"), format!("str(k{key}0),map_beg(m)"), format!("str(xk{key}x),map_sub(m)")])
            .map(|text| house.expr(&text).unwrap())
            .collect();
        commit(&mut house);
        let list = files.find("m").unwrap();
        let mut model: Vec<(u64, String, String)> = (0..3).map(|at| (at, format!("k{at}"), at.to_string())).collect();
        let mut prepared: std::collections::BTreeMap<u32, Vec<(u64, String, String)>> = Default::default();
        let (mut current, mut newest) = (0, 0);
        for deed in &deeds {
            let (key, value) = (|key: &u8| format!("k{key}"), |value: &u8| value.to_string());
            match deed {
                Do::Add(k, v) => {
                    let id = list.add(key(k).as_bytes(), value(v).as_bytes(), None).unwrap();
                    model.push((id, key(k), value(v)));
                }
                Do::AddNew(k) => {
                    let there = model.iter().any(|row| row.1 == key(k));
                    prop_assert_eq!(list.add_new(key(k).as_bytes(), b"7"), Ok(!there));
                    if !there {
                        model.push((list.entries(None).last().unwrap().id, key(k), String::from("7")));
                    }
                }
                Do::Set(k, v) | Do::Put(k, v) => {
                    let mut changed = 0;
                    for row in model.iter_mut().filter(|row| row.1 == key(k)) {
                        row.2 = value(v);
                        changed += 1;
                    }
                    if matches!(deed, Do::Set(..)) {
                        prop_assert_eq!(list.set(key(k).as_bytes(), value(v).as_bytes()), Ok(changed));
                    } else {
                        list.put(key(k).as_bytes(), value(v).as_bytes()).unwrap();
                        if changed == 0 {
                            model.push((list.entries(None).last().unwrap().id, key(k), value(v)));
                        }
                    }
                }
                Do::Remove(k) => {
                    let before = model.len();
                    model.retain(|row| row.1 != key(k));
                    prop_assert_eq!(list.remove(key(k).as_bytes()), before - model.len());
                }
                Do::RemoveAt(at) => {
                    let id = model.get(*at).map_or(u64::MAX, |row| row.0);
                    prop_assert_eq!(list.remove_id(id), model.iter().any(|row| row.0 == id));
                    model.retain(|row| row.0 != id);
                }
                Do::SetAt(at, v) => {
                    let id = model.get(*at).map_or(u64::MAX, |row| row.0);
                    prop_assert_eq!(list.set_id(id, value(v).as_bytes()), Ok(model.iter().any(|row| row.0 == id)));
                    model.iter_mut().filter(|row| row.0 == id).for_each(|row| row.2 = value(v));
                }
                Do::Clear => {
                    list.clear(None).unwrap();
                    model.clear();
                }
                Do::Prepare => {
                    newest += 1;
                    prop_assert_eq!(list.prepare(), newest);
                    prepared.insert(newest, Vec::new());
                }
                Do::AddTo(ahead, k) => {
                    let version = current + ahead;
                    let added = list.add(key(k).as_bytes(), b"5", Some(version));
                    let row = |id| (id, key(k), String::from("5"));
                    match (version == current, prepared.get_mut(&version)) {
                        (true, _) => model.push(row(added.unwrap())),
                        (false, Some(rows)) => rows.push(row(added.unwrap())),
                        (false, None) => prop_assert_eq!(added, Err(Refused::Version)),
                    }
                }
                Do::Commit(ahead) => {
                    let version = current + ahead;
                    let done = list.commit(version);
                    match prepared.remove(&version) {
                        Some(rows) => {
                            prop_assert_eq!(done, Ok(()));
                            (model, current) = (rows, version);
                            prepared.retain(|other, _| *other > version);
                        }
                        None => prop_assert_eq!(done, Err(Refused::Version)),
                    }
                }
            }
        }
        let rows: Vec<_> = list.entries(None).into_iter().map(|entry| {
            let text = |bytes: Box<[u8]>| String::from_utf8(bytes.into()).unwrap();
            (entry.id, text(entry.key), text(entry.value))
        }).collect();
        prop_assert_eq!(&rows, &model);
        for look in &looks {
            let (arena, mut variables) = (plimsoll_rules::Arena::new(), plimsoll_rules::Variables::default());
            let cx = plimsoll_rules::Context::new(plimsoll_rules::Place::HttpRequest, &arena, &house::Still, &mut variables);
            let got = look.eval(&cx).and_then(|value| value.text(&arena)).map(|text| String::from_utf8(text.to_vec()).unwrap());
            let input = look.text().split(['(', ')']).nth(1).unwrap();
            let first = |matches: &dyn Fn(&str) -> bool| model.iter().find(|row| matches(&row.1)).map(|row| row.2.clone());
            let want = match look.text().split(',').nth(1).unwrap() {
                "map(m)" => first(&|key| key == input),
                "map_sub(m)" => first(&|key| input.contains(key)),
                _ => {
                    let longest = model.iter().filter(|row| input.starts_with(&row.1)).map(|row| row.1.len()).max();
                    first(&|key| input.starts_with(key) && Some(key.len()) == longest)
                }
            };
            prop_assert_eq!(got, want, "{}", look.text());
        }
    }
}

#[test]
fn readers_beside_a_writer_see_whole_states_only() {
    // A version holds both keys or neither; both ways of looking change at once.
    let shelf = Shelf::of(&[("f", "a\nb\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    let both = [condition(&mut house, "{ str(a) -f f }"), condition(&mut house, "{ str(b) -m beg -f f }")];
    let one = condition(&mut house, "{ str(stays) -m sub -f f } or { str(a) -f f }");
    commit(&mut house);
    let list = files.find("f").unwrap();
    let (start, done) = (Barrier::new(4), AtomicBool::new(false));
    let (both, one, start, done, list) = (&both, &one, &start, &done, &list);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(move || {
                start.wait();
                let mut looks = 0_u64;
                while !done.load(Ordering::Acquire) || looks < 100 {
                    // Either the file's entries or the other version's: one of them is always in force.
                    assert!(holds(one), "there was a moment without entries");
                    let _ = both.iter().map(holds).count();
                    looks += 1;
                }
            });
        }
        start.wait();
        for round in 0..2000 {
            let version = list.prepare();
            if round % 2 == 0 {
                list.add(b"stays", b"", Some(version)).unwrap();
            } else {
                list.add(b"a", b"", Some(version)).unwrap();
                list.add(b"b", b"", Some(version)).unwrap();
            }
            list.commit(version).unwrap();
            for number in 0..5 {
                list.add(format!("n{number}").as_bytes(), b"", None).unwrap();
            }
            assert_eq!(list.remove(b"n3"), 1);
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn an_entry_of_run_time_that_a_new_configuration_cannot_use_is_told() {
    let shelf = Shelf::of(&[("f", "10.0.0.1\n")]);
    let files = PatternFiles::default();
    let mut house = shelf.house_in(&files);
    condition(&mut house, "{ str(x) -f f }");
    commit(&mut house);
    files.find("f").unwrap().add(b"x", b"", None).unwrap();
    let told = shelf.house_in(&files).rule("set-var(txn.x) int(1) if { ipv4(10.1.1.1) -f f }").unwrap_err();
    assert_eq!(
        told,
        "1:46 rule.file ‹f› `f`, as it is in force: `x` is not an address or network; the names of hosts are not looked up"
    );
}
