//! The runtime command language, as HAProxy's users and tools speak it over the stats socket.
//!
//! *Knows*: rows of commands and who may run them, how a line becomes words, how answers are framed, paged and prefixed.
//! *Does not know*: sockets, any command of the product, any state; commands find that in a type map.
//! *Start reading at*: [`Command`], then [`Session`].
//!
//! ```
//! use plimsoll_commands::{Command, Context, Level, Live, Reply, Session, Step, Table};
//!
//! fn greet(context: &mut Context<'_>) -> Reply {
//!     match context.arg(0) {
//!         Some(name) => Reply::info(format!("hello {name} from {}", context.get::<String>().unwrap())),
//!         None => Reply::error("Require a name."),
//!     }
//! }
//! const COMMANDS: &[Command] =
//!     &[Command { words: &["greet"], level: Level::User, usage: "<name>", doc: "say hello", run: greet }];
//!
//! let live = Live::default().with(String::from("me"));
//! let mut session = Session::new(Table::new(&[COMMANDS]).into(), Level::User);
//! session.feed(b"greet you; greet\n");
//! let mut out = Vec::new();
//! while session.step(&live, &mut out) == Step::Output {}
//! assert_eq!(out, b"hello you from me\n\nRequire a name.\n\n");
//! ```

mod builtin;
mod command;
mod help;
mod line;
mod live;
mod reply;
mod session;
mod table;

pub use command::{Command, Context, Level};
pub use line::{Line, Request, escape, parse};
pub use live::Live;
pub use reply::{Pages, Progress, Reply, Severity};
pub use session::{LINE_LIMIT, PAYLOAD_LIMIT, Session, Step};
pub use table::Table;
