//! Configuration text: whatever it is, it becomes a tree or findings that can be shown.

use plimsoll_config::{Diagnostics, Sources, tree};

/// All bytes are the file; what is not UTF-8 never reaches the parser.
pub fn yaml_tree(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut sources = Sources::new();
    let mut found = Diagnostics::new();
    let env = |name: &str| (name.len() < 3).then(|| "a: [b".to_owned());
    let tree = tree::parse(&mut sources, "fuzz.yaml", text, &env, &mut found);
    assert!(tree.is_some() || found.has_errors(), "no tree, and nobody says why: {text:?}");
    found.sort();
    let _ = found.render(&sources, false);
    let _ = found.render_short(&sources);
}
