//! Reading the data files that are compiled into the crate.
//!
//! The bytes are part of the program and the tests walk through all of them, so there is no error to report
//! at run time: past the end these functions read zeros and empty slices.

/// The little-endian number at a byte offset.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, offset))
}

/// The little-endian number at a byte offset.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// A cursor over little-endian bytes.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, tail) = self.rest.split_at_checked(length).unwrap_or_default();
        debug_assert!(head.len() == length, "the embedded data is cut short");
        self.rest = tail;
        head
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        array_at(self.take(N), 0)
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(crate) fn i8(&mut self) -> i8 {
        i8::from_le_bytes(self.array())
    }

    pub(crate) fn i32(&mut self) -> i32 {
        i32::from_le_bytes(self.array())
    }

    #[cfg(test)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
