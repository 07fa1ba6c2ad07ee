//! What a file system says that cannot do a thing, as opposed to one that fails at it.

use std::io;

/// "No locks available": what many network file systems answer to every lock.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_LOCKS: i32 = 37;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const NO_LOCKS: i32 = 77;
#[cfg(not(unix))]
const NO_LOCKS: i32 = i32::MIN;

/// "Not a typewriter": some user-space file systems know no such call.
const NOT_SUCH_A_FILE: i32 = if cfg!(unix) { 25 } else { i32::MIN };

/// "No such device": what mapping a file says where files cannot be mapped.
const NO_MAPPING: i32 = if cfg!(unix) { 19 } else { i32::MIN };

/// "Function not implemented", `ERROR_INVALID_FUNCTION` on Windows.
const NO_SUCH_CALL: i32 = if cfg!(windows) { 1 } else { i32::MIN };

/// Whether the call is one that the file system does not have: `ENOSYS`, `ENOTSUP`, `ENOLCK`, `EINVAL`, `ENOTTY`, `ENODEV`.
pub fn is_unsupported(error: &io::Error) -> bool {
    let kind = matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput);
    kind || error
        .raw_os_error()
        .is_some_and(|code| [NO_LOCKS, NOT_SUCH_A_FILE, NO_MAPPING, NO_SUCH_CALL].contains(&code))
}

/// `Ok` also where the file system cannot do it.
///
/// # Errors
/// All others.
pub(crate) fn if_supported(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| if is_unsupported(&error) { Ok(()) } else { Err(error) })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_a_missing_feature() {
        let of = |code| is_unsupported(&io::Error::from_raw_os_error(code));
        // ENOLCK, EINVAL, ENOTTY, ENODEV, ENOSYS, EOPNOTSUPP.
        assert!([37, 22, 25, 19, 38, 95].into_iter().all(of));
        // EIO, EACCES, EAGAIN, ENOSPC, EROFS.
        assert!(![5, 13, 11, 28, 30].into_iter().any(of));
        assert!(if_supported(Err(io::Error::from_raw_os_error(95))).is_ok());
        assert!(if_supported(Err(io::Error::from_raw_os_error(28))).is_err());
    }
}
