//! Buffers that are used again from photo to photo.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use kernels::panels::AlignedBuffer;

/// The buffers of one thread's current task.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The stem's patches.
    pub(super) patches: AlignedBuffer,
    /// Rows of expanded channels, columns padded.
    pub(super) expanded: AlignedBuffer,
    /// Rows after the depthwise convolution.
    pub(super) depthwise: AlignedBuffer,
}

/// The feature maps of one photo.
#[derive(Debug, Default)]
pub(super) struct FeatureMaps {
    pub(super) input: AlignedBuffer,
    pub(super) output: AlignedBuffer,
    /// After the depthwise convolution, where blocks are computed panel by panel.
    pub(super) depthwise: AlignedBuffer,
}

/// Buffers that are not in use at the moment.
#[derive(Debug, Default)]
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    /// A used one, or a new one.
    pub(super) fn take(&self) -> Lent<'_, T> {
        let item = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lent { pool: self, item: item.unwrap_or_default() }
    }
}

/// Goes back to its pool when dropped.
pub(super) struct Lent<'a, T: Default> {
    pool: &'a Pool<T>,
    item: T,
}

impl<T: Default> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T: Default> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

impl<T: Default> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let item = std::mem::take(&mut self.item);
        self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }
}
