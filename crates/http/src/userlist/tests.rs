//! Passwords that crypt(3) and `openssl passwd` hashed.

use plimsoll_config::{Diagnostics, Sources, load};

use super::*;

const HASHES: &[(&str, &str)] = &[
    ("secret", "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"),
    ("", "$1$abc$Or2rbeUYTvt12aiVzMuS/."),
    ("a long password of more than sixteen bytes", "$1$saltsalt$9VIFgf4ut82WaWLQwsnw5."),
    ("secret", "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM."),
    ("secret", "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."),
    (
        "secret",
        "$6$rounds=1000$salty$fqJZBxaXwxUSvj0hv7ESR6yY7106btt1ezv9lXimUnzi3rcStZRQ7pQyPR4bwWudplzyCKZxsQyr83BPAjCrI/",
    ),
    ("secret", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("secret", "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("secret", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GmcwIgvdUC9qLWcKCi6gklUa1dM3ziD43YxYNURLKy0"),
];

#[test]
fn every_scheme_knows_its_password_and_no_other() {
    for (password, hash) in HASHES {
        let scheme = Scheme::of(hash).unwrap();
        assert!(scheme.verify(password.as_bytes(), hash), "{hash}");
        assert!(!scheme.verify(b"Secret", hash), "{hash}");
        assert!(!scheme.verify(b"\0", hash), "{hash}");
    }
}

#[test]
fn what_is_no_hash_is_told() {
    for (hash, want) in [
        ("secret", "no hashed password"),
        ("$3$$8846f7eaee8fb117ad06bdd830b7586c", "the scheme `$3$` is not known"),
        ("abJnggxhB/yWI", "DES"),
        ("$6$abcdefgh", "cut off"),
        ("$6$abcdefgh$", "cut off"),
        ("", "no hashed password"),
    ] {
        let told = Scheme::of(hash).expect_err(hash);
        assert!(told.contains(want), "{hash}: {told}");
    }
}

fn list(text: &str) -> (Userlist, Vec<String>) {
    let mut sources = Sources::new();
    let (options, mut found): (Option<UserlistOptions>, Diagnostics) = load(&mut sources, "users", text, &|_| None);
    let list = Userlist::build(&options.unwrap_or_default(), &mut found);
    let told = found.iter().map(|finding| finding.spelled(&sources)).collect();
    (list, told)
}

#[test]
fn users_and_groups_may_name_each_other() {
    let text = "users:\n  tiger: { insecure-password: cat }\n  scott: { insecure-password: elgato, groups: [g1, g2] }\n  none: { insecure-password: x }\n\
                groups:\n  g1: [tiger]\n  g2: scott\n";
    let (list, told) = list(text);
    assert_eq!(told, [""; 0]);
    let groups = |name: &str| {
        let user = list.user(name.as_bytes()).unwrap();
        user.groups().iter().map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((groups("tiger").as_str(), groups("scott").as_str(), groups("none").as_str()), ("g1", "g2 g1", ""));
    assert_eq!(list.user(b"scott").unwrap().verify(b"elgato"), Verdict::Right);
    assert_eq!(list.user(b"scott").unwrap().verify(b"elgatos"), Verdict::Wrong);
    assert!(list.user(b"Scott").is_none());
}

#[test]
fn what_is_wrong_with_a_list_is_told_at_its_place() {
    let text = "users:\n  a: { password: abJnggxhB/yWI }\n  b: { insecure-password: x, groups: gg }\n  c: {}\n  \
                d: { password: $1$abc$Or2rbeUYTvt12aiVzMuS/., insecure-password: x }\ngroups:\n  g: [e, a]\n";
    let (_, told) = list(text);
    let want = [
        "7:7 config.userlist ‹e› no user of this list is called `e`",
        "2:18 config.userlist ‹abJnggxhB/yWI› this was hashed with DES",
        "3:38 config.userlist ‹gg› no group of this list is called `gg`",
        "4:3 config.userlist ‹c› the user `c` has neither",
        "5:68 config.userlist ‹x› the user has two passwords",
    ];
    for want in want {
        assert!(told.iter().any(|told| told.starts_with(want)), "{want} in {told:#?}");
    }
}

#[test]
fn a_hashed_password_is_known_once_it_was_computed_and_guesses_push_out_only_guesses() {
    let user = User::new(b"u", Secret::Hash(Scheme::Md5, HASHES[0].1.into()));
    assert_eq!(user.verify(b"secret"), Verdict::Unknown);
    user.compute(b"secret");
    assert_eq!(user.verify(b"secret"), Verdict::Right);
    for guess in 0..300 {
        user.compute(format!("guess {guess}").as_bytes());
    }
    assert_eq!(user.verify(b"guess 299"), Verdict::Wrong);
    assert_eq!(user.verify(b"guess 0"), Verdict::Unknown);
    assert_eq!(user.verify(b"secret"), Verdict::Right);
    assert_eq!(user.known.lock().wrong.len(), WRONG);
}
