//! The error pages of proxies: files are read here, with the configuration.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_config::{Diagnostic, Diagnostics, NamedMap, OneOrMany, ShortForm, Spanned};
use plimsoll_proxy::rules::{Page, Pages};

use crate::load::{Ask, Surroundings};
use crate::model::{Backend, Defaults, ErrorFiles, File, Frontend};

/// The most bytes of a page.
const MOST: usize = 1 << 20;

/// What a proxy says about pages.
pub(super) struct Given<'g> {
    pub(super) errorfiles: Option<&'g Spanned<ShortForm<ErrorFiles>>>,
    pub(super) locations: [(u16, &'g NamedMap<Spanned<String>>); 3],
    pub(super) http_error: &'g OneOrMany<Spanned<String>>,
}

/// Anything with the keys of error pages.
macro_rules! given {
    ($type:ty) => {
        impl<'g> From<&'g $type> for Given<'g> {
            fn from(from: &'g $type) -> Self {
                Self {
                    errorfiles: from.errorfiles.as_ref(),
                    locations: [(302, &from.errorloc), (302, &from.errorloc302), (303, &from.errorloc303)],
                    http_error: &from.http_error,
                }
            }
        }
    };
}

given!(Frontend);
given!(Backend);
given!(Defaults);

/// The sets of `http-errors`, by name.
pub(super) type Sets = HashMap<String, Arc<Pages>>;

/// Reads the sets.
pub(super) fn sets(file: &File, surroundings: &Surroundings<'_>, found: &mut Diagnostics) -> Sets {
    let read = |(name, files): (&Spanned<String>, &NamedMap<Spanned<String>>)| {
        let mut pages = Pages::default();
        files_of(files, &mut pages, surroundings, found);
        (name.as_str().to_owned(), Arc::new(pages))
    };
    file.http_errors.iter().map(read).collect()
}

/// Everything but `http-error`, whose texts are a rule's.
pub(super) fn plain(given: &Given<'_>, sets: &Sets, surroundings: &Surroundings<'_>, found: &mut Diagnostics) -> Pages {
    let mut pages = Pages::default();
    if let Some(errorfiles) = given.errorfiles {
        if let Some(name) = &errorfiles.set {
            match sets.get(name) {
                Some(set) => set.iter().for_each(|(status, page)| pages.set(*status, Arc::clone(page))),
                None => {
                    let text = format!("no set of `http-errors` is called `{name}`");
                    let told = Diagnostic::error("config.bad-value", errorfiles.span(), text);
                    found.push(told.suggest(name, sets.keys().map(String::as_str)));
                }
            }
        }
        files_of(&errorfiles.files, &mut pages, surroundings, found);
    }
    for (code, urls) in given.locations {
        for (status, url) in urls.iter() {
            if url.is_empty() || url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                let told = Diagnostic::error("config.bad-value", url.span(), format!("`{url}` is not an address"));
                found.push(told);
            } else if let Some(status) = status_of(status, found) {
                pages.set(status, Arc::new(Page::elsewhere(code, url)));
            }
        }
    }
    pages
}

fn files_of(
    files: &NamedMap<Spanned<String>>,
    pages: &mut Pages,
    surroundings: &Surroundings<'_>,
    found: &mut Diagnostics,
) {
    for (status, path) in files.iter() {
        let Some(status) = status_of(status, found) else { continue };
        let contents = surroundings.files.ask(Ask::Contents, Path::new(path.as_str()));
        let page = match contents.map(|mut all| all.pop().unwrap_or_default()) {
            Ok(text) if text.len() > MOST => Err("it is larger than 1 MiB".to_owned()),
            Ok(text) => Page::read(&text),
            Err(error) => Err(error.to_string()),
        };
        match page {
            Ok(page) => pages.set(status, Arc::new(page)),
            Err(text) => {
                let text = format!("cannot use {path}: {text}");
                found.push(Diagnostic::error("rule.file", path.span(), text));
            }
        }
    }
}

fn status_of(written: &Spanned<String>, found: &mut Diagnostics) -> Option<u16> {
    let status = written.parse().ok().filter(|status| (200..=599).contains(status));
    if status.is_none() {
        let text = format!("`{written}` is not a status between 200 and 599");
        found.push(Diagnostic::error("config.bad-value", written.span(), text));
    }
    status
}
