//! Actions that HAProxy's users know and that a later version will do: each is named with what it would do.

/// Name, and the end of "it would …". A name that ends in `*` stands for all that begin so.
const LATER: &[(&str, &str)] = &[
    ("add-headers-bin", "add header fields out of a binary value"),
    ("attach-srv", "give a connection to a server as one of its own"),
    ("cache-store", "keep this response in a cache"),
    ("cache-use", "answer out of a cache"),
    ("del-headers-bin", "take header fields away that a binary value names"),
    ("do-log", "write a log line of its own"),
    ("do-resolve", "ask name servers for an address"),
    ("expect-netscaler-cip", "read the header by which a NetScaler tells the client's address"),
    ("expect-proxy", "read a PROXY header; today `accept-proxy` of a `bind` does so"),
    ("lua.*", "run a Lua script"),
    ("sc-*", "count in a stick table"),
    ("send-spoe-group", "ask an agent outside"),
    ("set-bandwidth-limit", "limit how fast a body is forwarded"),
    ("set-headers-bin", "set header fields out of a binary value"),
    ("set-priority-class", "choose the place in a server's queue"),
    ("set-priority-offset", "choose the place in a server's queue"),
    ("switch-mode", "go on in HTTP mode"),
    ("track-sc*", "count in a stick table"),
    ("wait-for-body", "wait for the request's body before the next rule"),
];

/// What an action of a later version would do.
pub(crate) fn action(name: &str) -> Option<&'static str> {
    let is = |known: &str| match known.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == known,
    };
    LATER.iter().find(|(known, _)| is(known)).map(|(_, does)| *does)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_of_names_are_known() {
        assert_eq!(action("sc-inc-gpc0"), Some("count in a stick table"));
        assert_eq!(action("track-sc1"), Some("count in a stick table"));
        assert_eq!(action("cache-use"), Some("answer out of a cache"));
        assert_eq!(action("cache-use2"), None);
        assert_eq!(action("deny"), None);
    }

    #[test]
    fn no_action_of_today_is_in_the_table() {
        for row in crate::PARTS.iter().flat_map(|part| part.actions) {
            assert_eq!(action(row.name), None, "{}", row.name);
        }
    }
}
