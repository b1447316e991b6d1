//! Is it UTF-8? Asked for each string of each message, so the largest cost of decoding.

/// The high bit of each byte: set where the byte is not ASCII.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

#[inline(always)]
pub(crate) fn is_valid(bytes: &[u8]) -> bool {
    is_short_ascii(bytes) || is_valid_general(bytes)
}

#[inline(never)]
fn is_valid_general(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_ok()
}

/// The length of the longest prefix that is UTF-8.
#[cold]
pub(crate) fn valid_up_to(bytes: &[u8]) -> usize {
    match core::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    }
}

/// Up to 32 bytes of ASCII, by loads that overlap: cheaper than a call.
#[inline(always)]
fn is_short_ascii(bytes: &[u8]) -> bool {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        if bytes.len() > 32 {
            return false;
        }
        let mut seen = u64::from_ne_bytes(*head) | u64::from_ne_bytes(*tail);
        if let (Some(head), Some(tail)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
            seen |= (u128::from_ne_bytes(*head) >> 64) as u64 | u128::from_ne_bytes(*tail) as u64;
            seen |= (u128::from_ne_bytes(*tail) >> 64) as u64 | u128::from_ne_bytes(*head) as u64;
        }
        return seen & NOT_ASCII == 0;
    }
    bytes.iter().fold(0, |seen, byte| seen | byte) < 0x80
}
