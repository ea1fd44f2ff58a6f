//! Servers: their checks, their names, where requests go when some are gone.

use crate::case::{Case, sections};

pub fn cases() -> Vec<Case> {
    vec![
        sections("nbsrv chooses", "frontend web\n bind <bind>\n use_backend other if { nbsrv(app) lt 1 }\n default_backend app\nbackend app\n server s1 <s1> disabled\nbackend other\n server s2 <s2>\n").get("/"),
        sections("roundrobin by itself", "listen web\n bind <bind>\n server s1 <s1>\n server s2 <s2>\n").get("/1").get("/2").get("/3"),
        sections("leastconn takes turns", "listen web\n bind <bind>\n balance leastconn\n http-reuse always\n server s1 <s1>\n server s2 <s2>\n").get("/1").get("/2").get("/3").get("/4"),
    ]
}
