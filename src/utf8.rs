//! Is it UTF-8? Asked for each string of each message, so the largest cost of decoding.
//!
//! Short ASCII is settled where it stands. Other strings go through [`is_valid_general`]: sequences
//! of two bytes, in plain 64-bit arithmetic that compilers turn into vector instructions where there
//! are any; what holds longer sequences is left to the core library. With the feature `simdutf8`
//! that crate judges long strings.
//!
//! Built with `--cfg spectrum2_plain`, the crate has none of its fast paths: here all is the core
//! library's check, messages are read without expecting an order, and copies are plain. The same
//! tests pass over it, which shows that the fast paths change nothing.

/// Whether all of it is UTF-8.
#[inline(always)]
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    if cfg!(spectrum2_plain) {
        return core::str::from_utf8(bytes).is_ok();
    }
    is_short_ascii(bytes) || is_valid_general(bytes)
}

/// The length of the longest prefix that is UTF-8.
#[cold]
pub(crate) fn valid_up_to(bytes: &[u8]) -> usize {
    match core::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    }
}

/// A byte repeated.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte: set where the byte is not ASCII.
const NOT_ASCII: u64 = each(0x80);

/// Bytes that are judged at once, and the next one.
const WINDOW: usize = 33;

/// From this length on `simdutf8` is ahead; below it does what the core library does.
#[cfg(feature = "simdutf8")]
const LONG: usize = 64;

/// From this length on it is ahead on ASCII too.
#[cfg(feature = "simdutf8")]
const VERY_LONG: usize = 1024;

/// Up to 64 bytes of ASCII, by loads that overlap: a third of the instructions of a call.
#[inline(always)]
fn is_short_ascii(bytes: &[u8]) -> bool {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>()) {
        return bytes.len() <= 64 && is_ascii(head, tail);
    }
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        return is_ascii(head, tail);
    }
    let seen = if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from_ne_bytes(*head) | u64::from_ne_bytes(*tail)
    } else if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_ne_bytes(*head) | u32::from_ne_bytes(*tail))
    } else {
        bytes.iter().fold(0, |seen, byte| seen | u64::from(*byte))
    };
    seen & NOT_ASCII == 0
}

/// Written so that the compiler makes one test of the signs of all bytes of it.
#[inline(always)]
fn is_ascii<const N: usize>(head: &[u8; N], tail: &[u8; N]) -> bool {
    let mut not_ascii = false;
    for (one, other) in head.iter().zip(tail) {
        not_ascii |= (one | other) >= 0x80;
    }
    !not_ascii
}

#[inline(never)]
fn is_valid_general(bytes: &[u8]) -> bool {
    // The whole of a text of 64 KiB takes 10 k instructions there, and 17 k behind `skip_ascii`.
    #[cfg(feature = "simdutf8")]
    if bytes.len() >= VERY_LONG {
        return simdutf8::basic::from_utf8(bytes).is_ok();
    }
    let rest = skip_ascii(bytes);
    #[cfg(feature = "simdutf8")]
    if rest.len() >= LONG {
        return simdutf8::basic::from_utf8(rest).is_ok();
    }
    is_valid_by_windows(rest)
}

#[inline(never)]
fn is_valid_by_windows(bytes: &[u8]) -> bool {
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return true };
    if is_continuation(*first) || is_lead(*last) {
        return false;
    }
    let mut rest = bytes;
    // What is before `rest` is right, and so is its first byte as the next one of that.
    while let Some(window) = rest.first_chunk::<WINDOW>() {
        if !is_sound(window) {
            return is_valid_from(rest);
        }
        rest = rest.get(WINDOW - 1..).unwrap_or_default();
    }
    is_sound_end(bytes) || is_valid_from(rest)
}

/// Leaves the rest to the core library, from the start of a character on.
#[inline(never)]
fn is_valid_from(rest: &[u8]) -> bool {
    let begun = rest.first().is_some_and(|first| is_continuation(*first));
    core::str::from_utf8(rest.get(usize::from(begun)..).unwrap_or_default()).is_ok()
}

/// Steps over blocks of ASCII.
#[inline(always)]
fn skip_ascii(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<64>() {
        let (words, _) = block.as_chunks();
        if words.iter().fold(0, |seen, word| seen | u64::from_ne_bytes(*word)) & NOT_ASCII != 0 {
            break;
        }
        rest = behind;
    }
    rest
}

/// Whether a text shorter than a window, or the end of a longer one, is sound.
#[inline(always)]
fn is_sound_end(bytes: &[u8]) -> bool {
    if let Some(window) = bytes.last_chunk::<WINDOW>() {
        is_sound(window)
    } else if let (Some(head), Some(tail)) = (bytes.first_chunk::<17>(), bytes.last_chunk::<17>()) {
        is_sound(head) && is_sound(tail)
    } else if let (Some(head), Some(tail)) = (bytes.first_chunk::<9>(), bytes.last_chunk::<9>()) {
        is_sound(head) && is_sound(tail)
    } else {
        let word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        mistakes(word, word >> 8) & NOT_ASCII == 0
    }
}

/// Whether there is nothing but ASCII and sequences of two bytes, without a mistake: each byte but
/// the last is judged by itself, each but the first by the one before.
#[inline(always)]
fn is_sound<const N: usize>(window: &[u8; N]) -> bool {
    let (words, _) = window.as_chunks();
    let (next_words, _) = window.get(1..).unwrap_or_default().as_chunks();
    let mut seen = 0;
    let mut wrong = 0;
    for (word, next) in words.iter().zip(next_words) {
        let (word, next) = (u64::from_le_bytes(*word), u64::from_le_bytes(*next));
        seen |= word | next;
        wrong |= mistakes(word, next);
    }
    // Tested first because the compiler then does the rest only if it has to.
    seen & NOT_ASCII == 0 || wrong & NOT_ASCII == 0
}

/// Has the high bit of a byte set where that byte of `word` begins a sequence that is overlong or of
/// more than two bytes, or where its successor in `next` is a continuation and should not be one, or
/// the other way round.
#[inline(always)]
fn mistakes(word: u64, next: u64) -> u64 {
    let lead = word & word << 1;
    let continuation = next & !(next << 1);
    // Of C2 to DF, the bits of 3E are 02 to 1E; with that of 20 flipped, they alone are over 21.
    let two_bytes = ((word & each(0x3e)) ^ each(0x20)) + each(0x80 - 0x22);
    (lead ^ continuation) | (lead & !two_bytes)
}

#[inline(always)]
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[inline(always)]
fn is_lead(byte: u8) -> bool {
    byte >= 0xc0
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::is_valid;
    use proptest::prelude::*;
    use std::string::String;

    /// Characters of every length, with the first and the last one of each.
    fn character() -> impl Strategy<Value = char> {
        const BOUNDS: &[char] = &[
            '\0',
            '\x7f',
            '\u{80}',
            '\u{7ff}',
            '\u{800}',
            '\u{d7ff}',
            '\u{e000}',
            '\u{ffff}',
            '\u{10000}',
            '\u{10ffff}',
        ];
        prop_oneof![
            6 => proptest::char::range(' ', '~'),
            3 => proptest::char::range('\u{80}', '\u{7ff}'),
            1 => any::<char>(),
            1 => proptest::sample::select(BOUNDS),
        ]
    }

    /// Bytes at the edges of what may follow what.
    fn byte() -> impl Strategy<Value = u8> {
        const EDGES: &[u8] = b"\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xed\xee\xef\xf0\xf4\xf5\xff";
        prop_oneof![proptest::sample::select(EDGES), any::<u8>()]
    }

    fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
        prop_assert_eq!(is_valid(bytes), core::str::from_utf8(bytes).is_ok());
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn agrees_on_text(text in proptest::collection::vec(character(), 0..200)) {
            let text: String = text.into_iter().collect();
            prop_assert!(is_valid(text.as_bytes()));
        }

        #[test]
        fn agrees_on_mutated_text(
            text in proptest::collection::vec(character(), 0..120),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), byte()), 1..4),
            start in 0..4usize,
            length in 0..300usize,
        ) {
            let mut bytes = text.into_iter().collect::<String>().into_bytes();
            check(bytes.get(start..).unwrap_or_default())?;
            check(bytes.get(..length).unwrap_or(&bytes))?;
            for (index, byte) in changes {
                if !bytes.is_empty() {
                    let at = index.index(bytes.len());
                    bytes[at] = byte;
                    check(&bytes)?;
                }
            }
        }

        #[test]
        fn agrees_on_random_bytes(bytes in proptest::collection::vec(byte(), 0..80)) {
            check(&bytes)?;
        }
    }

    /// Pairs right and wrong, at every place of texts of every length around the block sizes.
    #[test]
    fn agrees_at_the_boundaries_of_blocks() {
        let mut text = [b'a'; 100];
        for length in 2..text.len() {
            for at in 0..length - 1 {
                for pair in [*b"\xc3\xa9", *b"\xc1\xbf", *b"\xa9a", *b"a\xc3", *b"\xe2\x82", *b"\xc3\xc3"] {
                    text[at..at + 2].copy_from_slice(&pair);
                    let bytes = &text[..length];
                    assert_eq!(is_valid(bytes), core::str::from_utf8(bytes).is_ok(), "{pair:x?} at {at} of {length}");
                    text[at..at + 2].copy_from_slice(b"aa");
                }
            }
        }
    }
}
