//! Writing fields into a buffer.

#[cfg(feature = "capi")]
use super::{IS_FIRMWARE, utf8};

/// The number of bytes of a varint.
#[inline(always)]
pub(crate) const fn varint_len(value: u64) -> usize {
    // Each byte takes 7 bits: (bits * 9 + 64) / 64 is that division rounded up, for 1 to 64 bits.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// The number of bytes of a length-delimited field with a one-byte tag.
///
/// Lengths that no `usize` holds are the highest: many elements can be one long string.
#[inline(always)]
pub(crate) const fn delimited_len(length: usize) -> usize {
    length.saturating_add(1 + varint_len(length as u64))
}

/// The buffer is full. How much would have been needed is counted only then, by the caller.
pub(crate) struct Full;

/// A writer behind what was written.
pub(crate) type Written<'b> = core::result::Result<Writer<'b>, Full>;

/// Writes fields, front to back, into a buffer that it never overruns.
///
/// It holds what is left of the buffer and nothing else, and is handed on by value: so it lives in two
/// registers, in functions that are not inlined as well.
pub(crate) struct Writer<'b> {
    rest: &'b mut [u8],
}

impl<'b> Writer<'b> {
    #[inline(always)]
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { rest: buffer }
    }

    /// The number of bytes that are left.
    #[inline(always)]
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    fn take(self, count: usize) -> core::result::Result<(&'b mut [u8], Self), Full> {
        let (taken, rest) = self.rest.split_at_mut_checked(count).ok_or(Full)?;
        Ok((taken, Self { rest }))
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(self, bytes: [u8; N]) -> Written<'b> {
        let (next, rest) = self.rest.split_first_chunk_mut().ok_or(Full)?;
        *next = bytes;
        Ok(Self { rest })
    }

    /// Bytes as they are.
    #[inline(always)]
    pub(crate) fn raw(self, bytes: &[u8]) -> Written<'b> {
        let (next, behind) = self.take(bytes.len())?;
        next.copy_from_slice(bytes);
        Ok(behind)
    }

    /// Does what [`text`](Self::text) does, without tag and length.
    #[cfg(feature = "capi")]
    #[inline(always)]
    pub(crate) fn raw_text<const TRUSTED: bool>(self, bytes: &[u8]) -> Written<'b> {
        match TRUSTED {
            true => self.raw(bytes),
            false if BY_WORDS => self.text_by_words(bytes),
            false if utf8::is_valid(bytes) => self.raw(bytes),
            false => Err(Full),
        }
    }

    /// Copies and looks at once.
    #[cfg(feature = "capi")]
    #[inline(never)]
    fn text_by_words(self, bytes: &[u8]) -> Written<'b> {
        const NOT_ASCII: u64 = u64::from_ne_bytes([0x80; 8]);
        let (next, behind) = self.take(bytes.len())?;
        if bytes.len() < 8 {
            return if copy_short_ascii(next, bytes) || utf8::is_valid(bytes) { Ok(behind) } else { Err(Full) };
        }
        if !copy_by_words(next, bytes, |word| word & NOT_ASCII == 0) {
            if !utf8::is_valid(bytes) {
                return Err(Full);
            }
            // No UTF-8 has such a word.
            copy_by_words(next, bytes, |word| word != u64::MAX);
        }
        Ok(behind)
    }

    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn varint(self, tag: u8, value: u64) -> Written<'b> {
        if value < 0x80 {
            return self.array([tag, value as u8]);
        }
        put_long_varint(self, tag, value)
    }

    #[inline(always)]
    pub(crate) fn bytes(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if cfg!(any(spectrum2_plain, spectrum2_small)) {
            return self.bytes_behind_varint(tag, bytes);
        }
        if bytes.len() > SHORT {
            return self.long_bytes(tag, bytes);
        }
        let (next, behind) = self.take(2 + bytes.len())?;
        if let [first, second, content @ ..] = next {
            *first = tag;
            *second = bytes.len() as u8;
            copy_short(content, bytes);
        }
        Ok(behind)
    }

    /// A string, which is written when it is UTF-8, and is [`Full`] when it is not. `TRUSTED` says that it is known to
    /// be: nothing looks at the bytes.
    #[cfg(feature = "capi")]
    #[cfg_attr(spectrum2_small, inline(never))]
    #[cfg_attr(not(spectrum2_small), inline(always))]
    pub(crate) fn text<const TRUSTED: bool>(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if TRUSTED {
            return self.bytes(tag, bytes);
        }
        if BY_WORDS {
            return self.varint(tag, bytes.len() as u64)?.text_by_words(bytes);
        }
        if bytes.len() > SHORT || !utf8::HAS_SHORT {
            return if utf8::is_valid(bytes) { self.bytes(tag, bytes) } else { Err(Full) };
        }
        let (next, behind) = self.take(2 + bytes.len())?;
        let [first, second, content @ ..] = next else { return Err(Full) };
        *first = tag;
        *second = bytes.len() as u8;
        if copy_short_ascii(content, bytes) || utf8::is_valid_general(bytes) { Ok(behind) } else { Err(Full) }
    }

    /// Does what `bytes` does, for ones that are seldom short.
    #[inline(never)]
    pub(crate) fn long_bytes(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        if !(0x80..0x4000).contains(&bytes.len()) {
            // Apart, or else registers would be saved for its calls.
            return self.bytes_behind_varint(tag, bytes);
        }
        let (next, behind) = self.take(3 + bytes.len())?;
        if let [first, second, third, content @ ..] = next {
            *first = tag;
            *second = bytes.len() as u8 | 0x80;
            *third = (bytes.len() >> 7) as u8;
            content.copy_from_slice(bytes);
        }
        Ok(behind)
    }

    #[inline(never)]
    fn bytes_behind_varint(self, tag: u8, bytes: &[u8]) -> Written<'b> {
        self.varint(tag, bytes.len() as u64)?.raw(bytes)
    }

    /// A length-delimited field whose content `write` writes.
    ///
    /// The length is not known before; `at_least` predicts how many bytes it takes. When that was
    /// wrong the content moves, which callers make rare by a good prediction.
    #[inline(always)]
    pub(crate) fn delimited(
        self,
        tag: u8,
        at_least: usize,
        write: impl for<'c> FnOnce(Writer<'c>) -> Written<'c>,
    ) -> Written<'b> {
        let whole = self.rest;
        let start = match at_least {
            ..0x80 => 2,
            0x80..0x4000 => 3,
            _ => 1 + varint_len(at_least as u64),
        };
        let content = whole.get_mut(start..).ok_or(Full)?;
        let room = content.len();
        let length = room.wrapping_sub(write(Writer::new(content))?.left());
        let end = match whole {
            [first, second, ..] if start == 2 && length < 0x80 => {
                *first = tag;
                *second = length as u8;
                start + length
            }
            [first, second, third, ..] if start == 3 && (0x80..0x4000).contains(&length) => {
                *first = tag;
                *second = length as u8 | 0x80;
                *third = (length >> 7) as u8;
                start + length
            }
            _ => put_moved(whole, tag, start, length),
        };
        Ok(Self { rest: whole.get_mut(end..).ok_or(Full)? })
    }

    /// As many bytes as `prefix` makes of the length of what `write` writes, and then that.
    #[inline(always)]
    pub(crate) fn prefixed<const N: usize>(
        self,
        prefix: impl FnOnce(usize) -> [u8; N],
        write: impl FnOnce(Self) -> Written<'b>,
    ) -> Written<'b> {
        let (first, content) = self.rest.split_first_chunk_mut().ok_or(Full)?;
        let room = content.len();
        let behind = write(Self::new(content))?;
        *first = prefix(room.wrapping_sub(behind.left()));
        Ok(behind)
    }
}

/// Writes a tag and a varint.
#[inline(never)]
fn put_long_varint(writer: Writer<'_>, tag: u8, mut value: u64) -> Written<'_> {
    let (next, behind) = writer.take(1 + varint_len(value))?;
    if let [first, bytes @ .., last] = next {
        *first = tag;
        for byte in bytes {
            *byte = value as u8 | 0x80;
            value >>= 7;
        }
        *last = value as u8;
    }
    Ok(behind)
}

/// Writes tag and length in front of a content that stands at `start`, and moves it to where they end.
/// Returns where it ends then, which may be behind the buffer.
#[cold]
#[inline(never)]
fn put_moved(buffer: &mut [u8], tag: u8, start: usize, length: usize) -> usize {
    let moved = 1 + varint_len(length as u64);
    let end = moved.saturating_add(length);
    if let Some(shift @ 1..) = start.checked_sub(moved) {
        // Down: the prediction was no lower bound. No list of Rust has it so, but one whose count C raised.
        for position in moved..end {
            let Some(byte) = buffer.get(position.saturating_add(shift)).copied() else { break };
            if let Some(place) = buffer.get_mut(position) {
                *place = byte;
            }
        }
    } else if let Some(area) = buffer.get_mut(start..end)
        && let Some(kept) = area.len().checked_sub(moved.saturating_sub(start))
    {
        area.copy_within(..kept, moved.saturating_sub(start));
    } else {
        return end;
    }
    // It fits, as the content behind it does.
    _ = put_long_varint(Writer::new(buffer), tag, length as u64);
    end
}

/// The longest content that is copied without a call: most strings are no longer.
pub(crate) const SHORT: usize = 64;

/// Whether strings are copied by words, and seen to be ASCII on the way: for firmware, whose `memcpy` may copy byte by
/// byte, after a check that has read all of it.
#[cfg(feature = "capi")]
const BY_WORDS: bool = IS_FIRMWARE && !cfg!(spectrum2_plain);

/// Copies `from` to `to`, which has the same length, as long as each eight bytes of it are right. Says whether that
/// is all.
///
/// That it may end anywhere keeps the compiler from making it a call of `memcpy`, and a second loop that looks.
#[cfg(feature = "capi")]
#[inline(always)]
fn copy_by_words(to: &mut [u8], from: &[u8], is_right: impl Fn(u64) -> bool) -> bool {
    let copy = |to: &mut [u8; 8], from: &[u8; 8]| {
        let word = u64::from_ne_bytes(*from);
        *to = word.to_ne_bytes();
        is_right(word)
    };
    for (to, from) in to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0) {
        if !copy(to, from) {
            return false;
        }
    }
    // What these have left over ends the last eight.
    let (Some(to), Some(from)) = (to.last_chunk_mut(), from.last_chunk()) else { return false };
    copy(to, from)
}

/// Copies `from` to `to`, which has the same length, up to [`SHORT`]: by loads and stores that overlap.
#[inline(always)]
fn copy_short(to: &mut [u8], from: &[u8]) {
    let is_copied = if from.len() > 32 { copy_ends::<16, 2>(to, from) } else { copy_ends::<16, 1>(to, from) };
    if !(is_copied || copy_ends::<8, 1>(to, from) || copy_ends::<4, 1>(to, from) || copy_ends::<2, 1>(to, from))
        && let ([to], [from]) = (to, from)
    {
        *to = *from;
    }
}

/// Copies the first and the last `COUNT` times `N` bytes, which is all when there are at most twice as many.
///
/// Not more than 16 at once, or else a Cortex-M3 calls its `memcpy`: 400 instructions more for a VCARD.
#[inline(always)]
fn copy_ends<const N: usize, const COUNT: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let Some(behind_head) = from.len().checked_sub(N * COUNT) else { return false };
    for at in (0..COUNT).map(|index| index * N) {
        copy_at::<N>(to, from, at);
        copy_at::<N>(to, from, behind_head + at);
    }
    true
}

/// Does what [`copy_short`] does, and says whether it is ASCII, which is cheap where the bytes are in registers.
#[cfg(feature = "capi")]
#[inline(always)]
fn copy_short_ascii(to: &mut [u8], from: &[u8]) -> bool {
    match from.len() {
        32.. => copy_ends_ascii::<32>(to, from),
        16.. => copy_ends_ascii::<16>(to, from),
        8.. => copy_ends_ascii::<8>(to, from),
        4.. => copy_ends_ascii::<4>(to, from),
        2.. => copy_ends_ascii::<2>(to, from),
        1 => copy_ends_ascii::<1>(to, from),
        0 => true,
    }
}

/// Does what [`copy_ends`] does, and says whether they are ASCII.
#[cfg(feature = "capi")]
#[inline(always)]
fn copy_ends_ascii<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return false };
    // First, since what is written might be what is read, for all that the compiler knows.
    let are_ascii = utf8::are_ascii(head, tail);
    copy_ends::<N, 1>(to, from);
    are_ascii
}

#[inline(always)]
fn copy_at<const N: usize>(to: &mut [u8], from: &[u8], at: usize) {
    if let (Some(to), Some(from)) =
        (to.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<N>), from.get(at..).and_then(<[u8]>::first_chunk::<N>))
    {
        *to = *from;
    }
}
