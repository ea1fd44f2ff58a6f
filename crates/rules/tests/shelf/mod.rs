//! Files of patterns and maps that exist in a test only, and conditions that are tried at once.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use plimsoll_rules::{Arena, Context, Names, PatternFiles, Place, Rule, Stored, Truth, Variables};

use crate::house::{House, Still};

/// Files by name; what they say may change between two readings.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<String, Vec<u8>>>>);

impl Names for Shelf {
    fn find(&self, _: &str, _: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.lock().unwrap().get(path).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))
    }
}

impl Shelf {
    pub fn of(files: &[(&str, &str)]) -> Self {
        let shelf = Self::default();
        for (name, text) in files {
            shelf.write(name, text);
        }
        shelf
    }

    pub fn write(&self, name: &str, text: &str) {
        self.0.lock().unwrap().insert(name.to_owned(), text.as_bytes().to_vec());
    }

    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }

    /// A house that reads these files, with lists of its own.
    pub fn house(&self) -> House {
        let mut house = House::new(&[], Place::HttpRequest);
        house.names = Arc::new(self.clone());
        house
    }

    /// A house that reads these files, with the lists of a process.
    pub fn house_in(&self, files: &PatternFiles) -> House {
        let mut house = self.house();
        house.patterns = files.load();
        house
    }
}

/// The configuration that was read in a house is in force.
pub fn commit(house: &mut House) {
    std::mem::take(&mut house.patterns).commit();
}

/// A condition that is tried again and again.
pub fn condition(house: &mut House, text: &str) -> Rule {
    let rule = format!("set-var(txn.x) int(1) if {text}");
    house.rule(&rule).unwrap_or_else(|told| panic!("{text}:\n{told}"))
}

pub fn holds(rule: &Rule) -> bool {
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables);
    rule.condition.as_ref().unwrap().holds(&cx) == Truth::Yes
}

/// Does a condition hold that needs no fact?
pub fn is(house: &mut House, text: &str) -> bool {
    let rule = condition(house, text);
    holds(&rule)
}

/// A value as text.
pub fn text(house: &mut House, expression: &str) -> Option<String> {
    Some(match house.value(expression)? {
        Stored::Str(text) | Stored::Bin(text) | Stored::Method(text) => String::from_utf8(text.into()).unwrap(),
        Stored::Int(number) => number.to_string(),
        Stored::Ipv4(address) => address.to_string(),
        Stored::Ipv6(address) => address.to_string(),
        Stored::Bool(yes) => yes.to_string(),
    })
}
