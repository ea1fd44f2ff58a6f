//! Replays every committed input on stable, and keeps the lists of targets together.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_fuzz_bodies::TARGETS;

fn fuzz() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("bodies lies in fuzz")
}

fn entries(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    entries.sort();
    entries
}

#[test]
fn every_committed_input_is_survived() {
    for (name, target) in TARGETS {
        let inputs = entries(fuzz().join("corpus").join(name));
        assert!(!inputs.is_empty(), "{name} has no input in fuzz/corpus");
        for input in inputs {
            let data = fs::read(&input).expect("a readable input");
            if std::panic::catch_unwind(|| target(&data)).is_err() {
                panic!("{} breaks {name}; the message stands above", input.display());
            }
        }
    }
}

#[test]
fn targets_their_files_their_binaries_and_their_corpora_are_the_same() {
    let mut listed: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    listed.sort();
    let stems = |folder: &str| -> Vec<String> {
        let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        entries(fuzz().join(folder)).into_iter().map(stem).collect()
    };
    assert_eq!(stems("fuzz_targets"), listed);
    assert_eq!(stems("corpus"), listed);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for name in listed {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no [[bin]]");
    }
}
