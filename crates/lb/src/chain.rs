//! Lists of servers without allocation: every server is a node of one array, and in one list at most.

use std::ops::{Index, IndexMut};

/// No server.
pub(crate) const NIL: u32 = u32::MAX;

/// One list; its nodes lie in a [`Chain`].
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) head: u32,
    pub(crate) tail: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: NIL, tail: NIL };
}

/// The nodes of all lists, with what is kept of each server.
pub(crate) struct Chain<T>(Vec<Node<T>>);

#[derive(Clone)]
struct Node<T> {
    value: T,
    prev: u32,
    next: u32,
}

impl<T: Clone> Chain<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// A server that is in no list gets this value; those before it, as far as they are new, too.
    pub(crate) fn join(&mut self, server: usize, value: T) {
        let blank = Node { value, prev: NIL, next: NIL };
        if server >= self.0.len() {
            self.0.resize(server + 1, blank.clone());
        }
        self.0[server] = blank;
    }
}

impl<T> Chain<T> {
    /// Slots, used or not.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn prev(&self, server: u32) -> u32 {
        self.0[server as usize].prev
    }

    #[inline]
    pub(crate) fn next(&self, server: u32) -> u32 {
        self.0[server as usize].next
    }

    #[inline]
    pub(crate) fn push(&mut self, list: &mut List, server: u32) {
        self.insert(list, server, list.tail);
    }

    /// Inserts behind `after`, or at the head when that is [`NIL`].
    #[inline]
    pub(crate) fn insert(&mut self, list: &mut List, server: u32, after: u32) {
        let next = if after == NIL { list.head } else { self.next(after) };
        let node = &mut self.0[server as usize];
        (node.prev, node.next) = (after, next);
        if after == NIL {
            list.head = server;
        } else {
            self.0[after as usize].next = server;
        }
        if next == NIL {
            list.tail = server;
        } else {
            self.0[next as usize].prev = server;
        }
    }

    #[inline]
    pub(crate) fn unlink(&mut self, list: &mut List, server: u32) {
        let (prev, next) = (self.prev(server), self.next(server));
        if prev == NIL {
            list.head = next;
        } else {
            self.0[prev as usize].next = next;
        }
        if next == NIL {
            list.tail = prev;
        } else {
            self.0[next as usize].prev = prev;
        }
    }
}

impl<T> Index<u32> for Chain<T> {
    type Output = T;

    #[inline]
    fn index(&self, server: u32) -> &T {
        &self.0[server as usize].value
    }
}

impl<T> IndexMut<u32> for Chain<T> {
    #[inline]
    fn index_mut(&mut self, server: u32) -> &mut T {
        &mut self.0[server as usize].value
    }
}
