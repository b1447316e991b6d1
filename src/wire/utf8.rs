//! Is it UTF-8? Asked for each string of each message, so the largest cost of decoding.
//!
//! Short ASCII is settled where it stands. Other strings go through [`is_valid_general`]: ASCII and
//! sequences of two bytes, by comparisons of bytes that compilers turn into vector instructions where
//! there are any; x86-64 processors that have AVX2, which is nearly all, get longer ones. What holds
//! longer sequences is left to the core library or, with the feature `simdutf8`, to that crate.
//!
//! Built with `--cfg spectrum2_plain`, the crate has none of its fast paths: here all is the core
//! library's check, messages are read without expecting an order, and copies are plain. The same
//! tests pass over it, which shows that the fast paths change nothing.

use super::IS_FIRMWARE;

/// Whether short ASCII has a path of its own. Processors of firmware have no vectors, and little room.
pub(super) const HAS_SHORT: bool = !IS_FIRMWARE && !cfg!(spectrum2_plain);

/// Whether all of it is UTF-8.
#[inline(always)]
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    if !HAS_SHORT {
        return core::str::from_utf8(bytes).is_ok();
    }
    is_short_ascii(bytes) || is_valid_general(bytes)
}

/// What is left of the bytes where they are no UTF-8 any more.
#[cold]
pub(crate) fn invalid_from(bytes: &[u8]) -> &[u8] {
    let valid = core::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.get(valid..).unwrap_or_default()
}

/// Bytes that are judged at once, each by the next one.
const WINDOW: usize = 64;

/// From this length on `simdutf8` is ahead of the core library; below it does the same.
#[cfg(feature = "simdutf8")]
const LONG: usize = 64;

/// Up to 64 bytes of ASCII, by loads that overlap: a third of the instructions of a call.
#[inline(always)]
fn is_short_ascii(bytes: &[u8]) -> bool {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>()) {
        return bytes.len() <= 64 && are_ascii(head, tail);
    }
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        return are_ascii(head, tail);
    }
    const NOT_ASCII: u64 = u64::from_ne_bytes([0x80; 8]);
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
pub(super) fn are_ascii<const N: usize>(head: &[u8; N], tail: &[u8; N]) -> bool {
    if N <= 8 {
        const NOT_ASCII: u64 = u64::from_ne_bytes([0x80; 8]);
        return (widened(head) | widened(tail)) & NOT_ASCII == 0;
    }
    let mut not_ascii = false;
    for (one, other) in head.iter().zip(tail) {
        not_ascii |= (one | other) >= 0x80;
    }
    !not_ascii
}

#[inline(never)]
pub(super) fn is_valid_general(bytes: &[u8]) -> bool {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(is_valid) = super::is_valid_by_avx2(bytes) {
        return is_valid;
    }
    is_valid_by_windows(bytes)
}

/// The same code with vectors twice as long.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
pub(super) fn is_valid_with_avx2(bytes: &[u8]) -> bool {
    is_valid_by_windows(bytes)
}

#[inline(always)]
fn is_valid_by_windows(bytes: &[u8]) -> bool {
    let mut rest = skip_ascii(bytes);
    let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return true };
    if is_continuation(*first) || is_lead(*last) {
        return false;
    }
    // What is before `rest` is right, and so is its first byte as the next one of that.
    while let Some(is_sound) = start_is_sound::<WINDOW>(rest) {
        if !is_sound {
            return is_valid_from(rest);
        }
        rest = rest.get(WINDOW..).unwrap_or_default();
    }
    end_is_sound::<WINDOW>(bytes).unwrap_or_else(|| is_sound_short(bytes)) || is_valid_from(rest)
}

/// Leaves the rest to a validator of all sequences, from the start of a character on.
#[inline(never)]
fn is_valid_from(rest: &[u8]) -> bool {
    let begun = rest.first().is_some_and(|first| is_continuation(*first));
    let rest = rest.get(usize::from(begun)..).unwrap_or_default();
    #[cfg(feature = "simdutf8")]
    if rest.len() >= LONG {
        return simdutf8::basic::from_utf8(rest).is_ok();
    }
    core::str::from_utf8(rest).is_ok()
}

/// Steps over blocks of ASCII.
#[inline(always)]
fn skip_ascii(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk::<64>() {
        let (Some(head), Some(tail)) = (block.first_chunk::<32>(), block.last_chunk::<32>()) else { break };
        if !are_counted_ascii(head, tail) {
            break;
        }
        rest = behind;
    }
    rest
}

/// Up to eight bytes in a register, and zeros.
#[inline(always)]
fn widened<const N: usize>(bytes: &[u8; N]) -> u64 {
    let mut wide = [0; 8];
    for (to, from) in wide.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_ne_bytes(wide)
}

/// The same as [`are_ascii`]; counted, compilers make one test of it with AVX2 too.
#[inline(always)]
fn are_counted_ascii<const N: usize>(head: &[u8; N], tail: &[u8; N]) -> bool {
    let mut count = 0_u8;
    for (one, other) in head.iter().zip(tail) {
        count += u8::from((one | other) < 0x80);
    }
    usize::from(count) == N
}

/// Whether the first `N` pairs of neighbours are [sound](are_sound), when there are as many.
#[inline(always)]
fn start_is_sound<const N: usize>(bytes: &[u8]) -> Option<bool> {
    let next = bytes.get(1..)?.first_chunk::<N>()?;
    Some(are_sound(bytes.first_chunk()?, next))
}

/// Whether the last `N` pairs of neighbours are.
#[inline(always)]
fn end_is_sound<const N: usize>(bytes: &[u8]) -> Option<bool> {
    let before = bytes.get(..bytes.len().checked_sub(1)?)?;
    Some(are_sound(before.last_chunk::<N>()?, bytes.last_chunk()?))
}

/// Whether all pairs are of a text that is shorter than a window.
#[inline(always)]
fn is_sound_short(bytes: &[u8]) -> bool {
    fn both<const N: usize>(bytes: &[u8]) -> Option<bool> {
        Some(start_is_sound::<N>(bytes)? && end_is_sound::<N>(bytes)?)
    }
    let sound =
        both::<32>(bytes).or_else(|| both::<16>(bytes)).or_else(|| both::<8>(bytes)).or_else(|| both::<4>(bytes));
    sound.or_else(|| both::<2>(bytes)).or_else(|| both::<1>(bytes)).unwrap_or(true)
}

/// Whether there is nothing but ASCII and sequences of two bytes, without a mistake: each of the
/// bytes is judged by itself, each of the next ones by the one before.
#[inline(always)]
fn are_sound<const N: usize>(bytes: &[u8; N], next: &[u8; N]) -> bool {
    let mut wrong = false;
    for (byte, next) in bytes.iter().zip(next) {
        wrong |= is_wrong(*byte, *next);
    }
    !wrong
}

/// Whether `byte` begins a sequence that is overlong or of more than two bytes, or `next` is a
/// continuation and should not be one, or the other way round.
#[inline(always)]
fn is_wrong(byte: u8, next: u8) -> bool {
    (is_lead(byte) != is_continuation(next)) | (is_lead(byte) & !(0xc2..=0xdf).contains(&byte))
}

#[inline(always)]
fn is_continuation(byte: u8) -> bool {
    (byte as i8) < -0x40
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

    /// Whether it is written as a string; then, as it is.
    #[cfg(feature = "capi")]
    fn is_written(bytes: &[u8]) -> bool {
        let mut buffer = [0; 256];
        let Ok(behind) = crate::wire::Writer::new(&mut buffer).text::<false>(0x0a, bytes) else { return false };
        let start = 256 - behind.left() - bytes.len();
        assert_eq!(&buffer[start..start + bytes.len()], bytes);
        true
    }

    /// Pairs right and wrong, at every place of texts of every length around the block sizes.
    #[test]
    fn agrees_at_the_boundaries_of_blocks() {
        let mut text = [b'a'; 200];
        for length in 2..text.len() {
            for at in 0..length - 1 {
                for pair in [*b"\xc3\xa9", *b"\xc1\xbf", *b"\xa9a", *b"a\xc3", *b"\xe2\x82", *b"\xc3\xc3"] {
                    text[at..at + 2].copy_from_slice(&pair);
                    let bytes = &text[..length];
                    let expected = core::str::from_utf8(bytes).is_ok();
                    assert_eq!(is_valid(bytes), expected, "{pair:x?} at {at} of {length}");
                    #[cfg(feature = "capi")]
                    assert_eq!(is_written(bytes), expected, "{pair:x?} at {at} of {length}, written");
                    text[at..at + 2].copy_from_slice(b"aa");
                }
            }
        }
    }
}
