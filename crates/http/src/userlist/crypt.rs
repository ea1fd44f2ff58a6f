//! Passwords as `crypt(3)` writes them.

use md5::{Digest, Md5};
use sha_crypt::{PasswordVerifier, ShaCrypt};
use yescrypt::Yescrypt;

/// The way a password was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `$1$`
    Md5,
    /// `$5$` and `$6$`
    Sha2,
    /// `$2a$`, `$2b$`, `$2x$` and `$2y$`
    Bcrypt,
    /// `$y$`
    Yescrypt,
}

/// Every scheme by its beginning, and how many `$` it has at least.
const SCHEMES: &[(&str, usize, Scheme)] = &[
    ("$1$", 3, Scheme::Md5),
    ("$5$", 3, Scheme::Sha2),
    ("$6$", 3, Scheme::Sha2),
    ("$2a$", 3, Scheme::Bcrypt),
    ("$2b$", 3, Scheme::Bcrypt),
    ("$2x$", 3, Scheme::Bcrypt),
    ("$2y$", 3, Scheme::Bcrypt),
    ("$y$", 4, Scheme::Yescrypt),
];

impl Scheme {
    /// How a password is hashed. The error says that it is not, or in a way that is not known here.
    pub fn of(hash: &str) -> Result<Self, String> {
        let Some((_, parts, scheme)) = SCHEMES.iter().find(|(start, ..)| hash.starts_with(start)) else {
            return Err(match hash.strip_prefix('$').and_then(|rest| rest.split_once('$')) {
                Some((name, _)) => format!("the scheme `${name}$` is not known"),
                None if hash.len() == 13 => String::from("this was hashed with DES, which everybody can undo"),
                None => String::from("this is no hashed password"),
            });
        };
        if hash.matches('$').count() < *parts || hash.ends_with('$') {
            return Err(String::from("this hashed password is cut off"));
        }
        Ok(*scheme)
    }

    /// Is it the password? This takes long.
    #[must_use]
    pub fn verify(self, password: &[u8], hash: &str) -> bool {
        match self {
            Self::Md5 => md5_crypt(password, hash).is_some_and(|made| made.as_bytes() == hash.as_bytes()),
            Self::Sha2 => ShaCrypt::default().verify_password(password, hash).is_ok(),
            Self::Bcrypt => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Yescrypt => Yescrypt::default().verify_password(password, hash).is_ok(),
        }
    }
}

/// The digits of `crypt(3)`.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// MD5-crypt as FreeBSD made it: a thousand rounds, each over password, salt and the last digest in an order of its own.
fn md5_crypt(password: &[u8], hash: &str) -> Option<String> {
    let (salt, _) = hash.strip_prefix("$1$")?.split_once('$')?;
    let salt = &salt.as_bytes()[..salt.len().min(8)];
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut context = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for part in password.chunks(16) {
        context.update(&inner[..part.len()]);
    }
    let mut bits = password.len();
    while bits > 0 {
        context.update(if bits & 1 == 1 { b"\0" } else { password.get(..1)? });
        bits >>= 1;
    }
    let mut last = context.finalize();
    for round in 0..1000 {
        let mut context = Md5::new();
        let odd = round % 2 == 1;
        context.update(if odd { password } else { &last[..] });
        if round % 3 != 0 {
            context.update(salt);
        }
        if round % 7 != 0 {
            context.update(password);
        }
        context.update(if odd { &last[..] } else { password });
        last = context.finalize();
    }
    let mut made = format!("$1${}$", std::str::from_utf8(salt).ok()?);
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        digits(u32::from(last[a]) << 16 | u32::from(last[b]) << 8 | u32::from(last[c]), 4, &mut made);
    }
    digits(u32::from(last[11]), 2, &mut made);
    Some(made)
}

fn digits(mut word: u32, count: usize, out: &mut String) {
    for _ in 0..count {
        out.push(char::from(DIGITS[(word & 63) as usize]));
        word >>= 6;
    }
}
