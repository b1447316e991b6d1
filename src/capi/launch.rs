use core::ffi::{CStr, c_char, c_int};
use std::ffi::OsString;

use super::error::{Fault, fail_with};
use super::payload::told;
use super::view::{Mirrored, Viewed, memory};
use super::{given, guard, output, sp2_error, sp2_result, sp2_str};
use crate::launch::Launch;

/// What the command line says, and what the configuration file that it names holds.
///
/// It does not change, and may be used from any thread until it is freed.
pub struct sp2_launch {
    pub(super) launch: Launch,
}

/// Reads a command line as `main` gets it, the program's name included, and the configuration file.
/// Unknown words are ignored.
///
/// `launch` is to be freed by `sp2_launch_free`. What is missing or wrong is in the text of the error:
/// a backend prints it and exits with a status other than 0.
///
/// # Safety
/// `arguments` points to `count` strings, each terminated by NUL; `launch` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_parse(
    count: c_int,
    arguments: *const *mut c_char,
    launch: *mut *mut sp2_launch,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let output = output(launch, error)?;
        let launch = parse(count, arguments, error)?;
        output.write(Box::into_raw(Box::new(sp2_launch { launch })));
        Ok(())
    })
}

/// # Safety
/// As [`sp2_launch_parse`].
pub(super) unsafe fn parse(
    count: c_int,
    arguments: *const *mut c_char,
    error: *mut sp2_error,
) -> Result<Launch, sp2_result> {
    // SAFETY: this function's own contract.
    unsafe {
        let count = told(usize::try_from(count).map_err(|_| Fault::from(sp2_result::SP2_INVALID_ARGUMENT)), error)?;
        let arguments = told(memory(arguments, count), error)?;
        if arguments.iter().any(|argument| argument.is_null()) {
            return told(Err(Fault::from(sp2_result::SP2_NULL_POINTER)), error);
        }
        let words = arguments.iter().skip(1).map(|argument| word(CStr::from_ptr(*argument)));
        Launch::from_args(words).map_err(|failure| fail_with(error, sp2_result::SP2_LAUNCH_FAILED, &failure))
    }
}

#[cfg(unix)]
pub(super) fn word(argument: &CStr) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(argument.to_bytes().to_vec())
}

#[cfg(not(unix))]
pub(super) fn word(argument: &CStr) -> OsString {
    argument.to_string_lossy().into_owned().into()
}

/// Frees `launch`, and with it all strings that came from it. NULL is fine.
///
/// # Safety
/// Nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_free(launch: *mut sp2_launch) {
    if !launch.is_null() {
        // SAFETY: made by `sp2_launch_parse`, and not used any more.
        drop(unsafe { Box::from_raw(launch) });
    }
}

/// What `get` finds in a launch. NULL has nothing.
///
/// # Safety
/// `launch` is NULL or not freed.
unsafe fn find(launch: *const sp2_launch, get: impl FnOnce(&Launch) -> Option<&str>) -> sp2_str {
    // SAFETY: this function's own contract.
    unsafe { launch.as_ref() }.and_then(|launch| get(&launch.launch)).mirror()
}

/// The host of the main process.
///
/// # Safety
/// `launch` is NULL or not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_host(launch: *const sp2_launch) -> sp2_str {
    // SAFETY: the caller's contract is theirs.
    unsafe { find(launch, |launch| Some(launch.host())) }
}

/// The port of the main process; 0 when `launch` is NULL.
///
/// # Safety
/// `launch` is NULL or not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_port(launch: *const sp2_launch) -> u16 {
    // SAFETY: the caller's contract is theirs.
    unsafe { launch.as_ref() }.map_or(0, |launch| launch.launch.port())
}

/// The number of this backend process, from 1; 0 where the command line does not tell.
///
/// # Safety
/// `launch` is NULL or not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_backend_id(launch: *const sp2_launch) -> u32 {
    // SAFETY: the caller's contract is theirs.
    unsafe { launch.as_ref() }.and_then(|launch| launch.launch.backend_id()).unwrap_or(0)
}

/// The gateway's JID, if the command line or the configuration file tell.
///
/// # Safety
/// `launch` is NULL or not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_jid(launch: *const sp2_launch) -> sp2_str {
    // SAFETY: the caller's contract is theirs.
    unsafe { find(launch, Launch::jid) }
}

/// The path of the configuration file, if there is one, and if it is UTF-8.
///
/// # Safety
/// `launch` is NULL or not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_config_path(launch: *const sp2_launch) -> sp2_str {
    // SAFETY: the caller's contract is theirs.
    unsafe { find(launch, |launch| launch.config_path()?.to_str()) }
}

/// The value of a key of the configuration, `section.key`; absent where there is none. Where the key
/// stands more than once, the last one counts.
///
/// # Safety
/// `launch` is NULL or not freed; `key` is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_get(launch: *const sp2_launch, key: sp2_str) -> sp2_str {
    // SAFETY: the caller's contract is theirs.
    unsafe { find(launch, |launch| launch.config().get(Viewed::view(&key).ok()?)) }
}

/// The value number `index`, from 0, of a key that stands more than once; absent behind the last one.
///
/// # Safety
/// `launch` is NULL or not freed; `key` is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_get_nth(launch: *const sp2_launch, key: sp2_str, index: usize) -> sp2_str {
    // SAFETY: the caller's contract is theirs.
    unsafe {
        find(launch, |launch| {
            let key: &str = Viewed::view(&key).ok()?;
            launch.config().entries().filter(|entry| entry.0 == key).nth(index).map(|entry| entry.1)
        })
    }
}

/// Writes the value of a key that is a number to `number`. Where the key is absent, `number` stays as
/// it is: set it to a default before.
///
/// `SP2_LAUNCH_FAILED`: the value is no number, or none in range.
///
/// # Safety
/// `launch` is not freed; `key` is there; `number` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_get_number(
    launch: *const sp2_launch,
    key: sp2_str,
    number: *mut i64,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let number = output(number, error)?;
        let config = given(launch, error)?.launch.config();
        let found = config.number(told(Viewed::view(&key), error)?);
        if let Some(found) = found.map_err(|failure| fail_with(error, sp2_result::SP2_LAUNCH_FAILED, &failure))? {
            number.write(found);
        }
        Ok(())
    })
}

/// Writes the value of a key that is true or false to `truth`, as 1 or 0. Where the key is absent,
/// `truth` stays as it is: set it to a default before.
///
/// `SP2_LAUNCH_FAILED`: the value is neither of `1`, `true`, `yes`, `on`, `0`, `false`, `no`, `off`.
///
/// # Safety
/// `launch` is not freed; `key` is there; `truth` and `error` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sp2_launch_get_bool(
    launch: *const sp2_launch,
    key: sp2_str,
    truth: *mut i32,
    error: *mut sp2_error,
) -> sp2_result {
    // SAFETY: the caller's contract is theirs.
    guard(error, || unsafe {
        let truth = output(truth, error)?;
        let config = given(launch, error)?.launch.config();
        let found = config.bool(told(Viewed::view(&key), error)?);
        if let Some(found) = found.map_err(|failure| fail_with(error, sp2_result::SP2_LAUNCH_FAILED, &failure))? {
            truth.write(found.into());
        }
        Ok(())
    })
}
