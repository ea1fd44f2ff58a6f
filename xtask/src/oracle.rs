//! `oracle`: a HAProxy that is younger than the machine's own, unpacked beside it.
//!
//! It comes from a later suite of the Debian that the machine takes its packages from, with the libraries that it needs, into a folder of
//! the target folder. Nothing is installed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{shell, workspace};

/// Unpack a younger HAProxy of Debian's beside the installed one, and print the program's path.
///
/// For `cargo xtask bench --haproxy PATH`.
#[derive(clap::Args)]
pub struct Oracle {
    /// Debian's suite: trixie has HAProxy 3.0, sid the newest.
    #[arg(default_value = "sid")]
    suite: String,
}

/// apt, of a folder of its own and as if nothing were installed.
struct Apt {
    folder: PathBuf,
}

impl Oracle {
    pub fn run(self) -> Result<()> {
        let folder = workspace::target()?.join("oracle").join(&self.suite);
        let apt = Apt::new(&folder, &self.suite)?;
        shell::run(apt.command("apt-get", &["-q", "update"]))?;
        let packages = apt.with_libraries("haproxy")?;
        let (root, archives) = (folder.join("root"), folder.join("archives"));
        fs::create_dir_all(&archives)?;
        let mut download = apt.command("apt-get", &["-q", "download"]);
        download.args(&packages).current_dir(&archives);
        shell::run(download)?;
        for archive in fs::read_dir(&archives)? {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("--extract").arg(archive?.path()).arg(&root);
            shell::run(unpack)?;
        }
        let program = folder.join("haproxy");
        fs::write(&program, script(&root))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        println!("{}\n{}", workspace::version_of(&program.display().to_string(), "-v"), program.display());
        Ok(())
    }
}

/// Its own loader finds its own libraries: those of the machine are older.
fn script(root: &Path) -> String {
    let root = root.display();
    format!(
        "#!/bin/sh\nexec '{root}/usr/lib64/ld-linux-x86-64.so.2' --library-path '{root}/usr/lib/x86_64-linux-gnu' \
         '{root}/usr/sbin/haproxy' \"$@\"\n"
    )
}

impl Apt {
    fn new(folder: &Path, suite: &str) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial", "root"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::write(folder.join("status"), "")?;
        let from = mirror().context("no address of Debian's packages in /etc/apt")?;
        let key = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
        fs::write(folder.join("sources.list"), format!("deb [{key}] {from} {suite} main\n"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        for (name, value) in [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
        ] {
            command.arg("-o").arg(format!("{name}={}", self.folder.join(value).display()));
        }
        command.args(["-o", "Dir::Etc::sourceparts=-", "-o", "APT::Sandbox::User=root"]).args(args);
        command
    }

    /// The package and every library that it needs, directly or not.
    fn with_libraries(&self, package: &str) -> Result<Vec<String>> {
        let mut packages = vec![package.to_owned()];
        let mut at = 0;
        while let Some(package) = packages.get(at) {
            let output = self.command("apt-cache", &["show", "--no-all-versions", package]).output()?;
            ensure!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
            for library in libraries(&String::from_utf8_lossy(&output.stdout)) {
                if !packages.contains(&library) {
                    packages.push(library);
                }
            }
            at += 1;
        }
        Ok(packages)
    }
}

/// The libraries that a package's record depends on; of alternatives the first.
fn libraries(record: &str) -> Vec<String> {
    let depends =
        record.lines().filter_map(|line| line.strip_prefix("Depends: ").or(line.strip_prefix("Pre-Depends: ")));
    let names = depends.flat_map(|line| line.split(',')).filter_map(|one| one.split_whitespace().next());
    let names = names.map(|name| name.split(':').next().unwrap_or(name));
    names.filter(|name| name.starts_with("lib") || *name == "zlib1g").map(str::to_owned).collect()
}

/// Where this machine takes Debian's packages from.
fn mirror() -> Option<String> {
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = folder.chain([PathBuf::from("/etc/apt/sources.list")]).collect();
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| address(&text))
}

/// The first address in a list of sources, in either of apt's formats.
fn address(text: &str) -> Option<String> {
    let lines = text.lines().filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let found = lines.flat_map(str::split_whitespace).find(|word| word.starts_with("http"));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_both_formats() {
        let new = "Types: deb\n# URIs: http://not.this\nURIs: https://a.example/debian\nSuites: x\n";
        assert_eq!(address(new).as_deref(), Some("https://a.example/debian"));
        let old = "# deb http://not.this x main\ndeb [signed-by=/k.gpg] http://a.example/debian x main\n";
        assert_eq!(address(old).as_deref(), Some("http://a.example/debian"));
        assert_eq!(address("# nothing\n"), None);
    }

    #[test]
    fn libraries_are_told_from_other_packages() {
        let record = "Package: haproxy\nPre-Depends: libsystemd0\nDepends: libc6 (>= 2.38), zlib1g:any (>= 1), adduser, liba | libb\n";
        assert_eq!(libraries(record), ["libsystemd0", "libc6", "zlib1g", "liba"]);
    }
}
