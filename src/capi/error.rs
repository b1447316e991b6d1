use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};

use super::sp2_str;
use crate::descriptor::MessageDescriptor;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, FrameError};

/// Declares the results, with a line for people about each.
macro_rules! texts {
    ($($result:ident $text:literal,)*) => {
        impl sp2_result {
            fn text(number: i32) -> &'static CStr {
                $(if number == sp2_result::$result as i32 {
                    return $text;
                })*
                c"no result of this library"
            }
        }
    };
}

/// What a function says about how it went. 0 is success. Up to 15: the call; 16 to 31: a malformed
/// message, which costs that message alone; from 32: the connection.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sp2_result {
    /// It went well.
    SP2_OK = 0,
    /// A pointer is NULL that may not be.
    SP2_NULL_POINTER = 1,
    /// An argument has a value that makes no sense.
    SP2_INVALID_ARGUMENT = 2,
    /// The buffer is too short; `needed` in the error says what is enough.
    SP2_BUFFER_TOO_SHORT = 3,
    /// The message is longer than Protobuf allows: 2 GiB - 1.
    SP2_MESSAGE_TOO_LONG = 4,
    /// A frame is not there whole yet; `needed` in the error says how many bytes have to be, before
    /// there is more to say.
    SP2_INCOMPLETE = 5,
    /// A frame is over the limit. The stream cannot go on.
    SP2_FRAME_TOO_LARGE = 6,
    /// The handle is in use: by another thread, or by the function that called this one.
    SP2_BUSY = 7,
    /// A defect of this library. The handle that was used can only be freed.
    SP2_PANIC = 8,
    /// A value, or a group, runs past the end of the message that holds it.
    SP2_TRUNCATED = 16,
    /// A varint is longer than its kind allows.
    SP2_VARINT_TOO_LONG = 17,
    /// A tag with field number 0, or with wire type 6 or 7.
    SP2_INVALID_TAG = 18,
    /// The end of a group that is not open.
    SP2_UNMATCHED_GROUP_END = 19,
    /// Groups and messages nested more than 100 deep.
    SP2_NESTED_TOO_DEEP = 20,
    /// A string is not UTF-8. Sending finds that too.
    SP2_INVALID_UTF8 = 21,
    /// A required field is missing, or holds an enum value that the schema does not know.
    SP2_MISSING_FIELD = 22,
    /// Lines of a daemon of msncd are malformed, or too long.
    SP2_MALFORMED_LINE = 23,
    /// The command line or the configuration file is not right.
    SP2_LAUNCH_FAILED = 32,
    /// The main process cannot be reached.
    SP2_CONNECT_FAILED = 33,
    /// The connection failed.
    SP2_CONNECTION_FAILED = 34,
    /// Nothing came from the main process for too long: it is gone, or it hangs.
    SP2_SILENCE = 35,
    /// A callback returned something else than 0.
    SP2_CALLBACK_FAILED = 36,
    /// Nothing came in the time given.
    SP2_TIMEOUT = 37,
    /// The connection is at its end: after EXIT, a close, or a shutdown.
    SP2_CLOSED = 38,
    /// The daemon of msncd refused; why is the text of the error.
    SP2_REFUSED = 39,
    /// An earlier command to the daemon of msncd still waits for its answer.
    SP2_UNANSWERED = 40,
    /// Which answer of the daemon of msncd belongs to which command cannot be known any more.
    SP2_OUT_OF_STEP = 41,
}

texts! {
    SP2_OK c"success",
    SP2_NULL_POINTER c"a pointer is NULL",
    SP2_INVALID_ARGUMENT c"an argument has a value that makes no sense",
    SP2_BUFFER_TOO_SHORT c"the buffer is too short",
    SP2_MESSAGE_TOO_LONG c"the message is longer than Protobuf allows",
    SP2_INCOMPLETE c"the frame is not there whole yet",
    SP2_FRAME_TOO_LARGE c"the frame is over the limit",
    SP2_BUSY c"the handle is in use",
    SP2_PANIC c"a defect of the library",
    SP2_TRUNCATED c"a value runs past the end of its message",
    SP2_VARINT_TOO_LONG c"a varint is too long",
    SP2_INVALID_TAG c"a tag is invalid",
    SP2_UNMATCHED_GROUP_END c"a group ends that is not open",
    SP2_NESTED_TOO_DEEP c"groups are nested too deep",
    SP2_INVALID_UTF8 c"a string is not UTF-8",
    SP2_MISSING_FIELD c"a required field is missing",
    SP2_MALFORMED_LINE c"lines are malformed or too long",
    SP2_LAUNCH_FAILED c"the command line or the configuration is not right",
    SP2_CONNECT_FAILED c"the main process cannot be reached",
    SP2_CONNECTION_FAILED c"the connection failed",
    SP2_SILENCE c"nothing came from the main process for too long",
    SP2_CALLBACK_FAILED c"a callback failed",
    SP2_TIMEOUT c"nothing came in time",
    SP2_CLOSED c"the connection is closed",
    SP2_REFUSED c"the daemon refused",
    SP2_UNANSWERED c"an earlier command still waits for its answer",
    SP2_OUT_OF_STEP c"the connection to the daemon is out of step",
}

/// A line for people about a result, terminated by NUL. Any number is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_strerror(result: i32) -> *const c_char {
    sp2_result::text(result).as_ptr()
}

/// Whether a result is about a malformed message, which costs that message alone: the next one can
/// be read.
#[unsafe(no_mangle)]
pub extern "C" fn sp2_is_malformed(result: i32) -> i32 {
    i32::from((sp2_result::SP2_TRUNCATED as i32..=sp2_result::SP2_MALFORMED_LINE as i32).contains(&result))
}

/// The size of `sp2_error.text`.
pub const SP2_ERROR_TEXT_SIZE: usize = 256;

/// The details of a failure.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sp2_error {
    /// The result, once more.
    pub code: i32,
    /// The schema's name of the message that is malformed; `ptr` is NULL when it is about none.
    pub message: sp2_str,
    /// The schema's name of the field that is malformed, or the name of the part of a line of msncd;
    /// `ptr` is NULL when it is about none.
    pub field: sp2_str,
    /// Where decoding stopped, counted from the first byte that was decoded.
    pub offset: usize,
    /// The number of bytes that would be enough: of a buffer, or of a frame with its header.
    pub needed: usize,
    /// A line for people, terminated by NUL. It is cut when it is too long.
    pub text: [c_char; SP2_ERROR_TEXT_SIZE],
}

/// Writes to the text of an error, as much as fits. What is left of it is NUL.
struct Text<'t> {
    rest: &'t mut [c_char],
    cut: bool,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let mut encoded = [0; 4];
            let encoded = character.encode_utf8(&mut encoded).as_bytes();
            let room = core::mem::take(&mut self.rest);
            // One stays behind for NUL.
            if self.cut || encoded.len() >= room.len() {
                self.cut = true;
                return Ok(());
            }
            for (to, from) in room.iter_mut().zip(encoded) {
                *to = *from as c_char;
            }
            self.rest = room.get_mut(encoded.len()..).unwrap_or_default();
        }
        Ok(())
    }
}

/// Tells a failure. What the error says besides its text is left to the caller, where somebody asked for it.
///
/// # Safety
/// `error` is NULL or points to an error that may be written, and nobody else looks at it during `'e`.
#[cold]
#[inline(never)]
unsafe fn tell<'e>(error: *mut sp2_error, result: sp2_result, text: &dyn fmt::Display) -> Option<&'e mut sp2_error> {
    if error.is_null() {
        return None;
    }
    // Where it stands: firmware has no stack for a second text.
    // SAFETY: not NULL; the rest is this function's own contract. All zero is an error.
    let told = unsafe {
        error.write_bytes(0, 1);
        &mut *error
    };
    told.code = result as i32;
    // Writing to a text does not fail.
    let _ = write!(Text { rest: &mut told.text, cut: false }, "{text}");
    Some(told)
}

/// Tells a failure whose result says it all.
///
/// Of C, since such functions do not unwind: so none does that ends by this one.
///
/// # Safety
/// As [`tell`].
#[cold]
pub(super) unsafe extern "C" fn fail(error: *mut sp2_error, result: sp2_result) -> sp2_result {
    let text = sp2_result::text(result as i32).to_str().unwrap_or_default();
    // SAFETY: this function's own contract.
    unsafe { tell(error, result, &text) };
    result
}

/// Tells a failure with a text of its own.
///
/// # Safety
/// As [`tell`].
#[cfg(feature = "std")]
#[cold]
pub(super) unsafe fn fail_with(error: *mut sp2_error, result: sp2_result, text: &dyn fmt::Display) -> sp2_result {
    // SAFETY: this function's own contract.
    unsafe { tell(error, result, text) };
    result
}

/// Something that a failure can be made of.
pub(super) trait Failure {
    /// Tells it.
    ///
    /// # Safety
    /// `error` is NULL or points to an error that may be written.
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result;
}

impl Failure for DecodeError {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let result = match self.kind() {
            DecodeErrorKind::Truncated => sp2_result::SP2_TRUNCATED,
            DecodeErrorKind::VarintTooLong => sp2_result::SP2_VARINT_TOO_LONG,
            DecodeErrorKind::InvalidTag => sp2_result::SP2_INVALID_TAG,
            DecodeErrorKind::UnmatchedGroupEnd => sp2_result::SP2_UNMATCHED_GROUP_END,
            DecodeErrorKind::NestedTooDeep => sp2_result::SP2_NESTED_TOO_DEEP,
            DecodeErrorKind::InvalidUtf8 => sp2_result::SP2_INVALID_UTF8,
            DecodeErrorKind::MissingField => sp2_result::SP2_MISSING_FIELD,
        };
        // SAFETY: this function's own contract.
        if let Some(told) = unsafe { tell(error, result, &self) } {
            told.message = sp2_str::of(Some(self.message()));
            told.field = sp2_str::of(self.field());
            told.offset = self.offset();
        }
        result
    }
}

impl Failure for EncodeError {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let (result, needed) = match self {
            Self::BufferTooShort { needed } => (sp2_result::SP2_BUFFER_TOO_SHORT, needed),
            Self::TooLong { .. } => (sp2_result::SP2_MESSAGE_TOO_LONG, 0),
        };
        // SAFETY: this function's own contract.
        if let Some(told) = unsafe { tell(error, result, &self) } {
            told.needed = needed;
        }
        result
    }
}

impl Failure for FrameError {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let result = sp2_result::SP2_FRAME_TOO_LARGE;
        // SAFETY: this function's own contract.
        unsafe { tell(error, result, &self) };
        result
    }
}

#[cfg(feature = "std")]
impl Failure for crate::msncd::ParseError {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let result = sp2_result::SP2_MALFORMED_LINE;
        // SAFETY: this function's own contract.
        if let Some(told) = unsafe { tell(error, result, &self) } {
            told.field = sp2_str::of(Some(self.field()));
            told.offset = self.offset();
        }
        result
    }
}

/// A frame of which `needed` bytes have to be there before there is more to say.
pub(super) struct Incomplete {
    pub(super) needed: usize,
}

impl Failure for Incomplete {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        let result = sp2_result::SP2_INCOMPLETE;
        let text = sp2_result::text(result as i32).to_str().unwrap_or_default();
        // SAFETY: this function's own contract.
        if let Some(told) = unsafe { tell(error, result, &text) } {
            told.needed = self.needed;
        }
        result
    }
}

/// What is wrong with a message of the caller's.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    result: sp2_result,
    field: Option<(&'static MessageDescriptor, usize)>,
}

impl Fault {
    /// Names the field, unless an inner message has named it.
    #[cold]
    pub(super) fn in_field(self, message: &'static MessageDescriptor, index: usize) -> Self {
        Self { field: self.field.or(Some((message, index))), ..self }
    }
}

impl From<sp2_result> for Fault {
    #[cold]
    fn from(result: sp2_result) -> Self {
        Self { result, field: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((message, index)) = self.field {
            f.write_str(message.name)?;
            f.write_str(".")?;
            f.write_str(message.fields.get(index).map_or("", |field| field.name))?;
            f.write_str(": ")?;
        }
        f.write_str(sp2_result::text(self.result as i32).to_str().unwrap_or_default())
    }
}

impl Failure for Fault {
    #[cold]
    unsafe fn tell(self, error: *mut sp2_error) -> sp2_result {
        // SAFETY: this function's own contract.
        if let Some(told) = unsafe { tell(error, self.result, &self) }
            && let Some((message, index)) = self.field
        {
            told.message = sp2_str::of(Some(message.name));
            told.field = sp2_str::of(message.fields.get(index).map(|field| field.name));
        }
        self.result
    }
}
