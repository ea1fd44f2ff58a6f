//! The live state that commands reach: one value a type, so that a crate's commands find its own without a global.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// Values by their type.
#[derive(Default)]
pub struct Live(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Live {
    /// With this value; a former one of the same type is gone.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
        self
    }

    /// The value of that type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({} values)", self.0.len())
    }
}
