//! One namespace for all that can happen.

#[test]
fn no_two_outcomes_of_any_crate_have_one_slug() {
    assert_eq!(plimsoll_outcome::repeated(&plimsoll_engine::outcome_tables()), [""; 0]);
}

#[test]
fn a_slug_says_whose_side_it_is_and_a_state_has_two_printable_letters() {
    for outcome in plimsoll_engine::outcome_tables().into_iter().flatten() {
        let side = outcome.slug.split('.').next().unwrap();
        assert!(["ok", "client", "server", "proxy", "rule", "tls"].contains(&side), "{}", outcome.slug);
        assert!(outcome.slug.bytes().all(|byte| byte.is_ascii_lowercase() || b".-_0123456789".contains(&byte)));
        assert!(outcome.state.iter().all(u8::is_ascii_graphic), "{}", outcome.slug);
        // What ends as somebody meant it to may be answered with anything.
        let least = if outcome.state[0] == b'L' { 200 } else { 400 };
        assert!(outcome.status == 0 || (least..600).contains(&outcome.status), "{}", outcome.slug);
        assert!(outcome.text.ends_with('.'), "{}: one sentence", outcome.slug);
    }
}
