//! The `userlists` of a configuration.

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_config::{Diagnostic, Diagnostics, NamedMap, OneOrMany, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Scheme, Secret, User, Userlist};

/// Users and their groups.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct UserlistOptions {
    /// The users, by name.
    pub users: NamedMap<UserOptions>,
    /// Groups, with the users that belong to them. Users may name their groups instead.
    pub groups: NamedMap<OneOrMany<Spanned<String>>>,
}

/// One user. There is one kind of password.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct UserOptions {
    /// As `crypt(3)` writes it: `$y$`, `$2b$`, `$6$`, `$5$` or `$1$` and what follows.
    pub password: Option<Spanned<String>>,
    /// The password itself.
    pub insecure_password: Option<Spanned<String>>,
    /// Groups of the list that the user belongs to.
    pub groups: Option<OneOrMany<Spanned<String>>>,
}

impl Userlist {
    /// Out of what a configuration says. What is wrong is reported.
    #[must_use]
    pub fn build(options: &UserlistOptions, found: &mut Diagnostics) -> Self {
        let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
        for (group, members) in options.groups.iter() {
            for member in members.iter() {
                if !options.users.contains_key(member.as_str()) {
                    let text = format!("no user of this list is called `{}`", member.as_str());
                    found.push(
                        Diagnostic::error("config.userlist", member.span(), text)
                            .suggest(member.as_str(), options.users.names()),
                    );
                }
                groups.entry(member.as_str()).or_default().push(group.as_str());
            }
        }
        let mut users = HashMap::new();
        for (name, user) in options.users.iter() {
            let mut own = groups.remove(name.as_str()).unwrap_or_default();
            for group in user.groups.iter().flat_map(|groups| groups.iter()) {
                if !options.groups.contains_key(group.as_str()) {
                    let text = format!("no group of this list is called `{}`", group.as_str());
                    found.push(
                        Diagnostic::error("config.userlist", group.span(), text)
                            .suggest(group.as_str(), options.groups.names()),
                    );
                }
                if !own.contains(&group.as_str()) {
                    own.push(group.as_str());
                }
            }
            let Some(secret) = secret(name, user, found) else { continue };
            let mut made = User::new(name.as_bytes(), secret);
            made.groups = own.into_iter().map(|group| group.as_bytes().into()).collect();
            users.insert(name.as_bytes().into(), Arc::new(made));
        }
        Self { users }
    }
}

fn secret(name: &Spanned<String>, user: &UserOptions, found: &mut Diagnostics) -> Option<Secret> {
    match (&user.password, &user.insecure_password) {
        (Some(hash), None) => {
            match Scheme::of(hash.as_str()) {
                Ok(scheme) => Some(Secret::Hash(scheme, hash.as_str().into())),
                Err(text) => {
                    let error = Diagnostic::error("config.userlist", hash.span(), text);
                    found.push(error.help("`openssl passwd -6` and `mkpasswd` write such passwords; `insecure-password` takes it in clear"));
                    None
                }
            }
        }
        (None, Some(clear)) => Some(Secret::Clear(clear.as_bytes().into())),
        (Some(_), Some(clear)) => {
            found.push(Diagnostic::error("config.userlist", clear.span(), "the user has two passwords"));
            None
        }
        (None, None) => {
            let text = format!("the user `{}` has neither `password` nor `insecure-password`", name.as_str());
            found.push(Diagnostic::error("config.userlist", name.span(), text));
            None
        }
    }
}
