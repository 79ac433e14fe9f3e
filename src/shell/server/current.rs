//! What is in force now, and may be replaced while it is used.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that many read and few replace. Who has read it keeps what they read: a call goes on with
/// what it began with.
#[derive(Debug, Default)]
pub struct Current<T>(RwLock<Arc<T>>);

impl<T> Current<T> {
    /// `value` is in force.
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// What is in force now.
    pub fn get(&self) -> Arc<T> {
        // Nothing that can panic is done under the lock.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// From now on `value` is in force.
    pub fn set(&self, value: T) {
        let value = Arc::new(value);
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *held, value);
        drop(held);
        // What it takes to let the old one go is no reader's business.
        drop(old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_read_keeps_what_they_read() {
        let current = Current::new(1);
        let read = current.get();
        current.set(2);
        assert_eq!((*read, *current.get()), (1, 2));
    }
}
