//! How `PyTorch`'s files are recognised.

/// Name of the only tensor of a file that holds one tensor and no dictionary.
pub(crate) const BARE_TENSOR: &str = "tensor";

/// How a file of `PyTorch` before 1.6 begins: a pickled magic number.
pub(super) const LEGACY: &[u8] = &[0x80, 2, 0x8a, 10];

/// How a zip archive begins: with the header of its first member. Its first two bytes alone may be the length of a
/// safetensors header.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// Whether the first bytes are those of a zip archive or of the older format.
pub(super) fn is_torch_file(bytes: &[u8]) -> bool {
    bytes.starts_with(ARCHIVE) || bytes.starts_with(LEGACY)
}
