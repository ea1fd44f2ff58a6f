//! Every engine finds what the plain definition of its method finds: for few patterns and many, with entries gone or not.

use proptest::prelude::*;

use super::*;
use crate::Regexes as Cache;

/// What matches, by the plain definition: score and place.
fn naive(way: Way, keys: &[Vec<u8>], input: Input<'_>) -> Vec<(u32, u32)> {
    let all = keys.iter().enumerate().filter_map(|(at, key)| one(way, key, input).map(|score| (score, at as u32)));
    all.collect()
}

fn one(way: Way, key: &[u8], input: Input<'_>) -> Option<u32> {
    let lower = |text: &[u8]| if way.caseless { text.to_ascii_lowercase() } else { text.to_vec() };
    let key_text = lower(key);
    let yes = match input {
        Input::Text(text) => {
            let text = lower(text);
            match way.how {
                Match::Str => text == key_text,
                Match::Beg if !way.caseless => return text.starts_with(&key_text).then_some(key.len() as u32),
                Match::Beg => text.starts_with(&key_text),
                Match::End => text.ends_with(&key_text),
                Match::Sub => text.windows(key_text.len()).any(|part| part == key_text),
                Match::Dir => word(&text, &key_text, b"/?"),
                Match::Dom => word(&text, &key_text, b"/?.:"),
                Match::Reg => {
                    let regex = std::str::from_utf8(key).unwrap();
                    regex::bytes::RegexBuilder::new(regex)
                        .unicode(false)
                        .case_insensitive(way.caseless)
                        .build()
                        .unwrap()
                        .is_match(&text)
                }
                other => panic!("{other:?}"),
            }
        }
        Input::Int(number) => {
            let key = std::str::from_utf8(key).unwrap();
            let (low, high) = key.split_once(':').unwrap_or((key, key));
            low.parse::<i64>().is_ok_and(|low| low <= number) && high.parse::<i64>().is_ok_and(|high| number <= high)
        }
        Input::V4(_) | Input::V6(_) => return network(key, input),
    };
    yes.then_some(0)
}

/// It stands between delimiters or ends, without those at its own ends.
fn word(text: &[u8], key: &[u8], delimiters: &[u8]) -> bool {
    let is = |byte: &u8| delimiters.contains(byte);
    let (Some(first), Some(last)) = (key.iter().position(|b| !is(b)), key.iter().rposition(|b| !is(b))) else {
        return false;
    };
    let key = &key[first..=last];
    (0..text.len()).any(|at| {
        text[at..].starts_with(key)
            && (at == 0 || is(&text[at - 1]))
            && (at + key.len() == text.len() || is(&text[at + key.len()]))
    })
}

fn network(key: &[u8], input: Input<'_>) -> Option<u32> {
    let text = std::str::from_utf8(key).unwrap();
    let (address, mask) = text.split_once('/').unwrap();
    match address.parse().unwrap() {
        std::net::IpAddr::V4(address) => {
            let (have, more) = match input {
                Input::V4(have) => (have, OWN),
                Input::V6(have) if have >> 32 == 0xffff || have >> 32 == 0 => (have as u32, OTHER),
                Input::V6(have) if have >> 112 == 0x2002 => ((have >> 80) as u32, OTHER),
                _ => return None,
            };
            let (mask, score) = match mask.parse::<u32>() {
                Ok(bits) => (u32::MAX.checked_shl(32 - bits).unwrap_or(0), more + bits),
                Err(_) => (mask.parse::<std::net::Ipv4Addr>().unwrap().to_bits(), 0),
            };
            (have & mask == address.to_bits() & mask).then_some(score)
        }
        std::net::IpAddr::V6(address) => {
            let (have, more) = match input {
                Input::V4(have) => (0xffff_0000_0000 | u128::from(have), OTHER),
                Input::V6(have) => (have, OWN),
                _ => return None,
            };
            let bits = mask.parse::<u32>().unwrap();
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            (have & mask == address.to_bits() & mask).then_some(more + bits)
        }
    }
}

const OWN: u32 = 512;
const OTHER: u32 = 256;

fn agree(way: Way, keys: &[Vec<u8>], input: Input<'_>, gone: &[bool]) -> Result<(), TestCaseError> {
    for value in [&b""[..], b"value"] {
        let rows = keys.iter().enumerate().map(|(at, key)| (at as u64, &**key, value));
        let entries = Arc::new(Entries::of(rows).unwrap());
        let engine = Engine::new(way, &entries, &mut Cache::default()).unwrap();
        finds(&engine, way, keys, input, gone)?;
    }
    Ok(())
}

fn finds(engine: &Engine, way: Way, keys: &[Vec<u8>], input: Input<'_>, gone: &[bool]) -> Result<(), TestCaseError> {
    let mut dead = vec![0_u64; keys.len().div_ceil(64)];
    for (at, _) in gone.iter().take(keys.len()).enumerate().filter(|(_, gone)| **gone) {
        dead[at / 64] |= 1 << (at % 64);
    }
    for dead in [None, Some(&*dead)] {
        let there = |at: u32| dead.is_none_or(|dead| dead[at as usize / 64] & (1 << (at % 64)) == 0);
        let mut want = naive(way, keys, input);
        want.retain(|(_, at)| there(*at));
        let best = want.iter().copied().min_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        let mut seek = Seek::best(dead);
        engine.seek(input, &mut seek);
        prop_assert_eq!(seek.found(), best, "{:?} {:?} {:?}", way, keys, input);
        let mut seek = Seek::any(dead);
        engine.seek(input, &mut seek);
        prop_assert_eq!(seek.found().is_some(), best.is_some(), "{:?} {:?} {:?}", way, keys, input);
    }
    Ok(())
}

fn few_or_many(one: impl Strategy<Value = Vec<u8>> + Clone) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![prop::collection::vec(one.clone(), 1..=4), prop::collection::vec(one, 5..80)]
}

fn text(most: usize) -> impl Strategy<Value = Vec<u8>> + Clone {
    let byte = prop::sample::select(b"abAB/.?:-".to_vec());
    prop::collection::vec(byte, 1..=most)
}

fn gone() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.3), 80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn engines_of_texts_find_what_their_definitions_find(
        how in prop::sample::select(vec![Match::Str, Match::Beg, Match::End, Match::Sub, Match::Dir, Match::Dom]),
        caseless: bool,
        keys in few_or_many(text(4)),
        input in prop_oneof![text(12), text(2)],
        gone in gone(),
    ) {
        let way = Way { how, caseless, dotted: false };
        let delimiters: &[u8] = if how == Match::Dir { b"/?" } else { b"/?.:" };
        let keys: Vec<Vec<u8>> = keys
            .into_iter()
            .filter(|key| !matches!(how, Match::Dir | Match::Dom) || key.iter().any(|byte| !delimiters.contains(byte)))
            .collect();
        agree(way, &keys, Input::Text(&input), &gone)?;
        agree(way, &keys, Input::Text(b""), &gone)?;
    }

    #[test]
    fn long_texts_are_compared_to_their_ends(
        how in prop::sample::select(vec![Match::Str, Match::Beg, Match::End, Match::Sub, Match::Dir, Match::Dom]),
        caseless: bool,
        whole in prop::collection::vec(prop::sample::select(b"aB/.".to_vec()), 1..40),
        parts in few_or_many((0_usize..40, 1_usize..24, prop::option::weighted(0.3, (0_usize..24, prop::sample::select(b"aAbB/.".to_vec())))).prop_map(
            |(start, length, other)| {
                let (at, byte) = other.unwrap_or((usize::MAX, 0));
                [&start.to_le_bytes()[..], &length.to_le_bytes(), &at.to_le_bytes(), &[byte]].concat()
            },
        )),
        gone in gone(),
    ) {
        // Keys are parts of the text, some with another byte in them.
        let number = |bytes: &[u8]| usize::from_le_bytes(bytes.try_into().unwrap());
        let keys = parts.iter().map(|part| {
            let start = number(&part[..8]).min(whole.len() - 1);
            let mut key = whole[start..(start + number(&part[8..16])).min(whole.len())].to_vec();
            if let Some(byte) = key.get_mut(number(&part[16..24])) {
                *byte = part[24];
            }
            key
        });
        let keys: Vec<Vec<u8>> = keys.filter(|key| key.iter().any(u8::is_ascii_alphabetic)).collect();
        if !keys.is_empty() {
            agree(Way { how, caseless, dotted: false }, &keys, Input::Text(&whole), &gone)?;
        }
    }

    #[test]
    fn the_engine_of_regular_expressions_finds_what_each_finds(
        caseless: bool,
        keys in few_or_many("\\^?[ab][.+]?[abA]\\$?".prop_map(String::into_bytes)),
        input in "[abAB]{0,6}",
        gone in gone(),
    ) {
        agree(Way { how: Match::Reg, caseless, dotted: false }, &keys, Input::Text(input.as_bytes()), &gone)?;
    }

    #[test]
    fn the_engine_of_numbers_finds_what_ranges_hold(
        keys in few_or_many((-20_i64..20, 0_i64..8).prop_map(|(low, more)| format!("{low}:{}", low + more).into_bytes())),
        input in -25_i64..30,
        gone in gone(),
    ) {
        agree(Way::of(Match::Int), &keys, Input::Int(input), &gone)?;
    }

    #[test]
    fn the_engine_of_addresses_finds_what_masks_find(
        keys in few_or_many(prop_oneof![
            (0_u8..4, 0_u8..4, 0_u8..=32).prop_map(|(a, b, bits)| format!("10.{a}.0.{b}/{bits}")),
            (0_u8..4, 0_u8..4).prop_map(|(a, b)| format!("10.{a}.0.{b}/255.0.0.255")),
            (0_u8..4, 0_u8..4, 90_u8..=128).prop_map(|(a, b, bits)| format!("::ffff:10.{a}.0.{b}/{bits}")),
            (0_u8..4, 0_u8..=128).prop_map(|(a, bits)| format!("2002:a0{a}:1::1/{bits}")),
        ].prop_map(String::into_bytes)),
        address in prop_oneof![
            (0_u32..4, 0_u32..4).prop_map(|(a, b)| (0, u128::from(10 << 24 | a << 16 | b))),
            (0_u32..4, 0_u32..4).prop_map(|(a, b)| (1, 0xffff_0000_0000 | u128::from(10 << 24 | a << 16 | b))),
            (0_u32..4, 0_u32..4).prop_map(|(a, b)| (1, u128::from(10 << 24 | a << 16 | b))),
            (0_u128..4, 0_u128..4).prop_map(|(a, b)| (1, 0x2002_0a00_u128 << 96 | a << 96 | 1 << 80 | b)),
        ],
        gone in gone(),
    ) {
        let input = if address.0 == 0 { Input::V4(address.1 as u32) } else { Input::V6(address.1) };
        agree(Way::of(Match::Ip), &keys, input, &gone)?;
    }

    #[test]
    fn an_index_of_many_networks_finds_what_masks_find(
        high in prop::sample::select(vec![0_u32, 0x0a00_0000, 0xffff_0000]),
        reach in prop::sample::select(vec![0xff_u32, 0x0f0f_0f0f, u32::MAX]),
        networks in prop::collection::vec((any::<u32>(), prop_oneof![Just(32_u8), 0_u8..=32, 20_u8..=32]), 64..200),
        inputs in prop::collection::vec((any::<u32>(), any::<prop::sample::Index>(), any::<bool>()), 20),
        gone in prop::collection::vec(prop::bool::weighted(0.2), 200),
        long: bool,
    ) {
        let places: Vec<u32> = networks.iter().map(|(address, _)| high ^ address & reach).collect();
        let keys: Vec<Vec<u8>> = networks.iter().zip(&places).map(|((_, bits), address)| match long {
            false => format!("{}/{bits}", std::net::Ipv4Addr::from_bits(*address)),
            true => format!("{}/{}", std::net::Ipv6Addr::from_bits(0x2001 << 112 | u128::from(*address) << 40), 60 + bits),
        }.into_bytes()).collect();
        for (address, near, exact) in inputs {
            let near = *near.get(&places);
            let address = if exact { near.wrapping_add(address % 3).wrapping_sub(1) } else { near ^ address & reach };
            let input = if long {
                Input::V6(0x2001 << 112 | u128::from(address) << 40 | u128::from(address))
            } else {
                Input::V4(address)
            };
            agree(Way::of(Match::Ip), &keys, input, &gone)?;
        }
    }

    #[test]
    fn no_pattern_and_no_input_panics(keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..10), input: Vec<u8>) {
        let entries = Entries::of(keys.iter().enumerate().map(|(at, key)| (at as u64, &**key, &b""[..]))).map(Arc::new).unwrap();
        for how in Match::ALL {
            for caseless in [false, true] {
                if let Ok(engine) = Engine::new(Way { how, caseless, dotted: caseless }, &entries, &mut Cache::default()) {
                    engine.seek(Input::Text(&input), &mut Seek::best(None));
                }
            }
        }
    }
}
