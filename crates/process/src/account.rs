//! `user` and `group`: by name, as the system knows it, or by number.

use std::borrow::Cow;
use std::fmt;

use nix::unistd::{Group, User};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By name.
    Name(String),
    /// By number, which nobody needs to know.
    Number(u32),
}

/// Numbers to run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
}

/// A name that means nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No such user.
    #[error("there is no user `{0}` on this system")]
    User(String),
    /// No such group.
    #[error("there is no group `{0}` on this system")]
    Group(String),
    /// The system could not be asked.
    #[error("the system's users and groups cannot be read: {0}")]
    System(String),
}

impl Ids {
    /// What these names mean. Without a group it is the user's own; without a user, only the group changes.
    pub fn find(user: Option<&Who>, group: Option<&Who>, now: Ids) -> Result<Self, AccountError> {
        let (found, own) = match user {
            None => (now.user, now.group),
            Some(Who::Number(number)) => {
                // A number without an entry has no group of its own: then it is the same number, never root's.
                let entry = User::from_uid((*number).into()).ok().flatten();
                (*number, entry.map_or(*number, |user| user.gid.as_raw()))
            }
            Some(Who::Name(name)) => {
                let entry = User::from_name(name).map_err(|error| AccountError::System(error.to_string()))?;
                let entry = entry.ok_or_else(|| AccountError::User(name.clone()))?;
                (entry.uid.as_raw(), entry.gid.as_raw())
            }
        };
        let group = match group {
            None => own,
            Some(Who::Number(number)) => *number,
            Some(Who::Name(name)) => {
                let entry = Group::from_name(name).map_err(|error| AccountError::System(error.to_string()))?;
                entry.ok_or_else(|| AccountError::Group(name.clone()))?.gid.as_raw()
            }
        };
        Ok(Self { user: found, group })
    }
}

impl JsonSchema for Who {
    fn schema_name() -> Cow<'static, str> {
        "Who".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [{ "type": "string", "minLength": 1 }, { "type": "integer", "minimum": 0, "maximum": 4_294_967_294_u32 }],
            "examples": ["nobody", 65534],
        })
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl Visitor<'_> for Words {
            type Value = Who;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a number")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Who, E> {
                match text.parse() {
                    _ if text.is_empty() => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Ok(Who::Name(text.to_owned())),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Who, E> {
                match u32::try_from(number) {
                    // The last one means "leave it as it is" to the kernel.
                    Ok(number) if number != u32::MAX => Ok(Who::Number(number)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self)),
                }
            }
        }

        deserializer.deserialize_any(Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Ids = Ids { user: 0, group: 0 };

    fn name(text: &str) -> Who {
        Who::Name(text.into())
    }

    #[test]
    fn without_a_group_it_is_the_users_own() {
        // Debian's base-passwd: these two are on every system.
        assert_eq!(Ids::find(Some(&name("nobody")), None, ROOT), Ok(Ids { user: 65534, group: 65534 }));
        assert_eq!(Ids::find(Some(&name("nobody")), Some(&name("root")), ROOT), Ok(Ids { user: 65534, group: 0 }));
        assert_eq!(Ids::find(None, Some(&Who::Number(7)), ROOT), Ok(Ids { user: 0, group: 7 }));
    }

    #[test]
    fn a_number_that_nobody_has_is_never_in_roots_group() {
        assert_eq!(Ids::find(Some(&Who::Number(3_999_999)), None, ROOT), Ok(Ids { user: 3_999_999, group: 3_999_999 }));
    }

    #[test]
    fn a_name_that_nobody_has_is_named() {
        let error = Ids::find(Some(&name("no-such-user")), None, ROOT).unwrap_err();
        assert_eq!(error.to_string(), "there is no user `no-such-user` on this system");
        assert!(matches!(Ids::find(None, Some(&name("no-such-group")), ROOT), Err(AccountError::Group(_))));
    }
}
