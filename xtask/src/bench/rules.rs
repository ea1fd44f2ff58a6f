//! The row `rules`: the same twenty ACLs that do not match and five edits, in both languages.

/// Name, then what haproxy and `lb` both read behind it.
const ACLS: [(&str, &str); 20] = [
    ("admin", "path_beg /admin /internal /private"),
    ("script", "path_end .php .asp .cgi"),
    ("dots", "path_sub ../ ..%2f"),
    ("secret", "path_reg ^/v[0-9]+/secret"),
    ("other_host", "hdr(host) -i bad.example.com worse.example.com"),
    ("static", "hdr_beg(host) -i static. img. cdn."),
    ("robot", "hdr_sub(user-agent) -i curl wget badbot scanner"),
    ("method", "method TRACE CONNECT"),
    ("many", "req.hdr_cnt(x-forwarded-for) gt 3"),
    ("debug", "url_param(debug) -m found"),
    ("long", "req.cook(session) -m len 200:4096"),
    ("xml", "req.hdr(content-type) -m sub xml"),
    ("upper", "path,lower -m beg /wp-"),
    ("large", "req.hdr_val(content-length) gt 1000000"),
    ("union", "query -m sub union select"),
    ("from", "req.hdr(referer) -m dom evil.example"),
    ("old", "req.ver 0.9"),
    ("deep", "path -m len gt 1000"),
    ("word", "path_dir admin setup backup"),
    ("given", "req.hdr(authorization) -m found"),
];

const EDITS: [&str; 5] = [
    "http-request set-header X-Forwarded-Proto http",
    "http-request add-header X-Request-Method %[method]",
    "http-request del-header X-Debug",
    "http-response set-header X-Frame-Options DENY",
    "http-response del-header Server",
];

/// Keys of a frontend.
pub fn yaml() -> String {
    let acls: Vec<String> = ACLS.iter().map(|(name, line)| format!("{name}: '{line}'")).collect();
    let denies: Vec<String> = ACLS.iter().map(|(name, _)| format!("'deny if {name}'")).collect();
    let edits = |list: &str| -> Vec<String> {
        EDITS.iter().filter_map(|edit| edit.strip_prefix(list)).map(|edit| format!("'{}'", edit.trim())).collect()
    };
    let request = [denies, edits("http-request")].concat().join(", ");
    format!(
        "acls: {{ {} }}, http-request: [{request}], http-response: [{}], ",
        acls.join(", "),
        edits("http-response").join(", ")
    )
}

/// Lines of a frontend.
pub fn haproxy() -> String {
    let acls = ACLS.iter().map(|(name, line)| format!("  acl {name} {line}\n"));
    let denies = ACLS.iter().map(|(name, _)| format!("  http-request deny if {name}\n"));
    acls.chain(denies).chain(EDITS.iter().map(|edit| format!("  {edit}\n"))).collect()
}
