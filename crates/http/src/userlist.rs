//! Lists of users: who they are, which groups they belong to, and whether a password is right.
//!
//! A hashed password takes milliseconds to verify, by design: [`User::verify`] only looks whether the answer is known, and
//! [`User::compute`] finds it, away from the event loop. What is remembered are keyed hashes of passwords, never passwords.

mod crypt;
mod options;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

pub use crypt::Scheme;
pub use options::{UserOptions, UserlistOptions};

/// Wrong passwords that are remembered for each user: somebody who guesses pushes out his own guesses only.
const WRONG: usize = 256;

/// Users by name.
#[derive(Debug, Default)]
pub struct Userlist {
    users: HashMap<Box<[u8]>, Arc<User>>,
}

impl Userlist {
    /// A user, if there is one of that name.
    #[must_use]
    pub fn user(&self, name: &[u8]) -> Option<&Arc<User>> {
        self.users.get(name)
    }
}

/// A user.
pub struct User {
    name: Box<[u8]>,
    groups: Box<[Box<[u8]>]>,
    secret: Secret,
    /// Keys of this process, so that nobody outside can find two passwords of one digest.
    keys: (RandomState, RandomState),
    known: Mutex<Known>,
}

enum Secret {
    Clear(Box<[u8]>),
    Hash(Scheme, Box<str>),
}

#[derive(Default)]
struct Known {
    right: Option<Digest>,
    wrong: VecDeque<Digest>,
}

/// Is it the password?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is not.
    Wrong,
    /// It takes [`User::compute`] to know.
    Unknown,
}

/// A keyed hash of a password.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Digest(u128);

impl User {
    fn new(name: &[u8], secret: Secret) -> Self {
        let keys = (RandomState::new(), RandomState::new());
        Self { name: name.into(), groups: Box::default(), secret, keys, known: Mutex::default() }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The groups, in the order of the configuration.
    #[must_use]
    pub fn groups(&self) -> &[Box<[u8]>] {
        &self.groups
    }

    /// As far as it is known already. A clear password is compared at once, by its digest: how long that takes tells nothing.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> Verdict {
        let digest = self.digest(password);
        match &self.secret {
            Secret::Clear(clear) if self.digest(clear) == digest => Verdict::Right,
            Secret::Clear(_) => Verdict::Wrong,
            Secret::Hash(..) => {
                let known = self.known.lock();
                if known.right == Some(digest) {
                    Verdict::Right
                } else if known.wrong.contains(&digest) {
                    Verdict::Wrong
                } else {
                    Verdict::Unknown
                }
            }
        }
    }

    /// Finds it out, and remembers it. This takes long.
    pub fn compute(&self, password: &[u8]) {
        let Secret::Hash(scheme, hash) = &self.secret else { return };
        let right = scheme.verify(password, hash);
        let digest = self.digest(password);
        let mut known = self.known.lock();
        if right {
            known.right = Some(digest);
        } else if !known.wrong.contains(&digest) {
            if known.wrong.len() == WRONG {
                known.wrong.pop_front();
            }
            known.wrong.push_back(digest);
        }
    }

    fn digest(&self, password: &[u8]) -> Digest {
        let (one, two) = (self.keys.0.hash_one(password), self.keys.1.hash_one(password));
        Digest(u128::from(one) << 64 | u128::from(two))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &String::from_utf8_lossy(&self.name)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
