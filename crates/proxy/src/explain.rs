//! What there is to say about each outcome of a request or connection, for `lb explain`.

use plimsoll_outcome::Explain;

/// A row for each row of [`OUTCOMES`](crate::OUTCOMES).
pub const EXPLAIN: &[Explain] = &[
    Explain::new(
        "ok",
        "The request or connection came to its end without a fault here. The status may still be an error that the server chose.",
        &[],
        &["nothing"],
    ),
    Explain::new(
        "client.proxy.timeout",
        "The port has `accept-proxy`, and the header was not complete within `timeouts.client-handshake` (10 s if not given). It counts from \
         the accept, also when not a byte came.",
        &[
            "the balancer in front does not send the header, and its client waits for the server to speak first, as in SMTP or SSH",
            "a balancer that opens connections in advance",
            "somebody who holds connections on purpose",
        ],
        &["let the balancer in front send the header at once: `send-proxy`"],
    ),
    Explain::new(
        "client.proxy.truncated",
        "The client closed or reset its connection before its PROXY header was complete.",
        &["the sender was stopped", "something that is no PROXY header and only begins like one"],
        &["see its bytes with `show errors`"],
    ),
    Explain::new(
        "client.request.timeout",
        "The request's head was not complete within `timeouts.http-request` (10 s if not given).",
        &[
            "a slow or broken network",
            "a browser that opened a connection in advance and did not use it",
            "somebody who holds connections on purpose",
        ],
        &["raise `timeouts.http-request` only if real clients are that slow"],
    ),
    Explain::new(
        "client.request.aborted",
        "The client closed or reset its connection before its request head was complete.",
        &["a port scan or a TCP health check of another balancer", "people leave: some of these are normal"],
        &["let checks send a whole request"],
    ),
    Explain::new(
        "client.body.timeout",
        "The client sent nothing of its request body for `timeouts.client`, or, where none is given, less than 1 KiB in 10 s.",
        &["an upload over a network that broke", "a client that announces more than it sends"],
        &["set or raise `timeouts.client` if uploads pause for long"],
    ),
    Explain::new(
        "client.body.aborted",
        "The client went away while it sent its request body.",
        &["an upload that was cancelled", "people leave: some of these are normal"],
        &["nothing, unless it is most of them: then look at the way to the client"],
    ),
    Explain::new(
        "client.read.timeout",
        "The client did not take the response for `timeouts.client`, or, where none is given, less than 1 KiB of it in 10 s.",
        &["a client whose network broke", "a download that was paused"],
        &["set or raise `timeouts.client` if clients pause for long"],
    ),
    Explain::new(
        "client.read.aborted",
        "The client closed before it had the whole response.",
        &[
            "a browser that left the page",
            "people leave: some of these are normal",
            "a client whose own time-out is shorter than the response takes",
        ],
        &["compare with the time that the server took, in the same log line"],
    ),
    Explain::new(
        "client.connect.aborted",
        "The client closed its sending side before a server was reached, and the backend's `abortonclose` takes that for leaving.",
        &[
            "a user who pressed stop or reload",
            "a client that closes its sending side behind its request, and still wants the answer",
        ],
        &["if such clients are to be answered, take `abortonclose` out"],
    ),
    Explain::new(
        "client.response.aborted",
        "The client closed its sending side while the server worked, and the backend's `abortonclose` takes that for leaving.",
        &[
            "a user who pressed stop or reload",
            "a client that closes its sending side behind its request, and still wants the answer",
        ],
        &["if such clients are to be answered, take `abortonclose` out"],
    ),
    Explain::new(
        "proxy.backend.none",
        "The frontend has no `default-backend`, so there is nowhere to send this request.",
        &["the key was forgotten: `lb check` warns"],
        &["set `default-backend`"],
    ),
    Explain::new(
        "proxy.server.none",
        "Every server of the backend is down, in maintenance or of weight 0.",
        &[
            "the health check asks for something that the application does not have, such as another path or Host",
            "all servers are really down",
        ],
        &["ask a server what the check asks: `curl -v`", "see the reason in the log line of its last change of state"],
    ),
    Explain::new(
        "server.response.empty",
        "The server closed the connection, without a byte of an answer. If the request may be repeated, that was tried first.",
        &[
            "the program crashed on this request",
            "its keep-alive time-out is shorter than the time for which idle connections are kept here",
        ],
        &["look at the server's own log at this time", "raise the server's keep-alive time-out"],
    ),
    Explain::new(
        "server.response.truncated",
        "The server closed within the head of its response.",
        &["the program crashed", "something between here and the server cut the connection"],
        &["look at the server's own log at this time"],
    ),
    Explain::new(
        "server.response.early",
        "The server sent bytes on a connection over which nothing had been asked yet. They cannot be the answer to the next request, so the \
         connection is closed and another one is tried.",
        &["the port belongs to a protocol in which the server speaks first: SSH, SMTP, MySQL"],
        &["check address and port of the server", "use `mode: tcp` for such a protocol"],
    ),
    Explain::new(
        "server.response.timeout",
        "The server did not begin its answer within `timeouts.server`.",
        &[
            "the application is slow on this request",
            "it waits for something: a database, another service",
            "it is overloaded: too many requests at once",
        ],
        &[
            "look at what the server did at this time",
            "raise `timeouts.server` if such a time is right for this application",
        ],
    ),
    Explain::new(
        "server.write.timeout",
        "The server did not read the request body for `timeouts.server`.",
        &["the application does not read what it is sent", "it is overloaded"],
        &["let the application read or refuse uploads early"],
    ),
    Explain::new(
        "server.body.truncated",
        "The server closed before the end that its response had announced. The client's connection is cut, so that it notices.",
        &["the program crashed while it wrote", "Content-Length is larger than the body"],
        &["look at the server's own log at this time", "compare Content-Length with the body's size"],
    ),
    Explain::new(
        "server.body.timeout",
        "The server stopped in the middle of its response for `timeouts.server`.",
        &["a long poll or an event stream that is silent for longer than that", "the application hangs"],
        &["raise `timeouts.server`, or let the stream send something now and then"],
    ),
    Explain::new(
        "client.tunnel.timeout",
        "Nothing moved on a TCP connection or WebSocket for `timeouts.tunnel`, or the shorter of `client` and `server`.",
        &["an idle connection: often normal"],
        &["raise `timeouts.tunnel`", "let one side send pings"],
    ),
    Explain::new(
        "client.tunnel.reset",
        "The client ended a TCP connection or WebSocket by RST.",
        &["the client's program ended", "people leave: some of these are normal"],
        &["nothing, unless it is most of them"],
    ),
    Explain::new(
        "server.tunnel.reset",
        "The server ended a TCP connection or WebSocket by RST.",
        &["the server's program ended or was restarted", "its own idle time-out"],
        &["look at the server's own log at this time"],
    ),
    Explain::new(
        "proxy.panic",
        "A fault in this program ended the task that served the connection. Every other connection goes on; the log has an event \
         `process.panic` with the place and the way to it.",
        &["a case that nobody thought of: it is a bug"],
        &["report it with the event's line; nothing about the configuration is needed to explain it"],
    ),
    Explain::new(
        "proxy.server.removed",
        "A reload removed or changed the server of a TCP connection or WebSocket, and `global.removed-servers` gave it no more time.",
        &["a deployment"],
        &["`removed-servers: keep` or `drain TIME` gives such connections more time"],
    ),
    Explain::new(
        "rule.deny",
        "A rule `deny` or `tarpit` of `http-request` matched. The log line and `show errors` name the proxy; `lb route` shows which rule it is.",
        &["the rule does what it is for", "its condition holds for more than was meant"],
        &["try the request with `lb route`, which prints each rule that was looked at"],
    ),
    Explain::new(
        "rule.response.deny",
        "A rule `deny` of `http-response` matched, or a rule ended the response in another way that leaves nothing to answer with.",
        &["a server answered with what must not leave the house"],
        &["ask the server itself for the same, and compare with the rule"],
    ),
    Explain::new(
        "rule.reject",
        "A rule `reject`, `close` or `silent-drop` matched: the connection ended without an answer.",
        &["the rule does what it is for", "its condition holds for more than was meant"],
        &["try the request with `lb route`"],
    ),
    Explain::new(
        "rule.rewrite.failed",
        "A rule should have changed the message and could not: the value holds a byte that no head may hold, the name is no name, or the head would be \
         larger than it may be. As HAProxy does, the request is answered with 500, unless `strict-mode off` stands before the rule.",
        &[
            "a value that a client chose, with control characters in it",
            "a rule that adds a large field to a large head",
        ],
        &[
            "encode the value: `url_enc`, `base64`",
            "put `strict-mode off` before the rule, if the request may go on without the change",
        ],
    ),
    Explain::new(
        "rule.tarpit",
        "A rule `tarpit` matched: the request was held for `timeouts.tarpit`, then denied.",
        &["the rule does what it is for", "its condition holds for more than was meant"],
        &["try the request with `lb route`, which prints each rule that was looked at"],
    ),
    Explain::new(
        "rule.response.return",
        "A rule `return` of `http-response` answered in the place of the server, which had answered something else.",
        &["the rule does what it is for"],
        &["nothing"],
    ),
    Explain::new(
        "rule.response.redirect",
        "A rule `redirect` of `http-response` sent the client to another address, instead of what the server answered.",
        &["the rule does what it is for"],
        &["nothing"],
    ),
    Explain::new(
        "rule.return",
        "A rule `return` answered; no server was asked.",
        &["the rule does what it is for"],
        &["nothing"],
    ),
    Explain::new(
        "rule.redirect",
        "A rule sent the client to another address; no server was asked.",
        &["the rule does what it is for"],
        &["nothing"],
    ),
    Explain::new(
        "rule.auth",
        "A rule `auth` asked the client for a user and a password: it had sent none, or wrong ones.",
        &["the first request of every browser", "a password that was changed"],
        &["nothing, unless it goes on: then compare the user with the `userlists`"],
    ),
    Explain::new(
        "rule.service",
        "A service of the process itself answered, by a rule `use-service` or under the address of `stats`; no server was asked.",
        &["somebody looks at the figures"],
        &["nothing; who may see them is said by a condition of the rule, or by `stats`"],
    ),
    Explain::new(
        "rule.monitor",
        "The path of `monitor-uri` was asked for.",
        &["another balancer checks this process"],
        &["nothing"],
    ),
];
