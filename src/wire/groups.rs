//! Groups, which no message of the schema has: they are stepped over.
//!
//! Each end has to have the number of the group that began last. A hundred groups may be open, and firmware has no
//! stack for a hundred numbers: those of [`BAND`] levels are kept at a time, and a group that goes deeper is walked
//! again for the next ones. So the most hostile group is walked 13 times; it costs time linear in its length.

use super::wire_type::{GROUP_END, GROUP_START};
use super::{Cursor, MAX_DEPTH, Result};
use crate::error::DecodeErrorKind;

/// How many levels have their numbers kept at a time.
const BAND: u8 = 8;

/// Steps over a group, behind the tag that starts it.
#[inline(never)]
pub(super) fn skip(cursor: &mut Cursor<'_, false>, tag: u32) -> Result<()> {
    let group = cursor.rest;
    let mut length = group.len();
    let mut result = Ok(());
    let mut outside = 0;
    loop {
        let mut open = OpenGroups { count: 0, deepest: 0, outside, numbers: [0; BAND as usize] };
        cursor.rest = group.get(..length).unwrap_or_default();
        let found = open.walk(cursor, tag);
        // Walked again it ends where the first mistake is, if there is one: of those before it, only numbers are left.
        if outside == 0 || found == Err(DecodeErrorKind::UnmatchedGroupEnd) {
            result = found;
            length = length.wrapping_sub(cursor.rest.len());
        }
        outside += BAND;
        if open.deepest <= outside {
            break;
        }
    }
    cursor.rest = group.get(length..).unwrap_or_default();
    result
}

/// The groups that are open.
struct OpenGroups {
    /// How many there are.
    count: u8,
    /// How many there were at most.
    deepest: u8,
    /// The number of those, from the outermost one on, whose numbers are not kept.
    outside: u8,
    /// The numbers of the next ones.
    numbers: [u32; BAND as usize],
}

impl OpenGroups {
    /// Steps over a group, or to the first mistake.
    #[inline(always)]
    fn walk(&mut self, cursor: &mut Cursor<'_, false>, mut tag: u32) -> Result<()> {
        loop {
            match tag as u8 & 7 {
                GROUP_START => self.start(tag >> 3, cursor.depth)?,
                GROUP_END => self.end(tag >> 3)?,
                _ => cursor.skip_scalar(tag)?,
            }
            if self.count == 0 {
                return Ok(());
            }
            tag = cursor.tag()?;
        }
    }

    /// Opens a group in a message at this depth.
    fn start(&mut self, number: u32, depth: u8) -> Result<()> {
        if self.count >= MAX_DEPTH.saturating_sub(depth) {
            return Err(DecodeErrorKind::NestedTooDeep);
        }
        if let Some(kept) = self.kept() {
            *kept = number;
        }
        self.count += 1;
        self.deepest = self.deepest.max(self.count);
        Ok(())
    }

    /// Closes the group that was opened last.
    fn end(&mut self, number: u32) -> Result<()> {
        self.count = self.count.saturating_sub(1);
        match self.kept() {
            Some(kept) if *kept != number => Err(DecodeErrorKind::UnmatchedGroupEnd),
            _ => Ok(()),
        }
    }

    /// Where the number of the next group is kept.
    fn kept(&mut self) -> Option<&mut u32> {
        self.numbers.get_mut(usize::from(self.count.checked_sub(self.outside)?))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Cursor, DecodeErrorKind, GROUP_END, GROUP_START, MAX_DEPTH, Result};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use std::vec::Vec;

    const NUMBERS: &[u32] = &[1, 15, 16, 2000, (1 << 29) - 1];

    fn tag(number: u32, wire_type: u8) -> Vec<u8> {
        let mut rest = number << 3 | u32::from(wire_type);
        let mut varint = Vec::new();
        while rest >= 0x80 {
            varint.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        varint.push(rest as u8);
        varint
    }

    /// The same with the numbers of all open groups.
    fn skip_with_all_numbers(cursor: &mut Cursor<'_, false>, first: u32) -> Result<()> {
        let mut open = Vec::new();
        let mut tag = first;
        loop {
            match tag as u8 & 7 {
                GROUP_START if open.len() >= usize::from(MAX_DEPTH - cursor.depth) => {
                    return Err(DecodeErrorKind::NestedTooDeep);
                }
                GROUP_START => open.push(tag >> 3),
                GROUP_END if open.pop() != Some(tag >> 3) => return Err(DecodeErrorKind::UnmatchedGroupEnd),
                GROUP_END => {}
                _ => cursor.skip_scalar(tag)?,
            }
            if open.is_empty() {
                return Ok(());
            }
            tag = cursor.tag()?;
        }
    }

    /// Skips the group that `bytes` begin with, in a message at this depth: what comes of it, and what is left.
    fn skip(bytes: &[u8], depth: u8) -> (Result<()>, usize) {
        let mut cursor = Cursor { rest: bytes, depth };
        let tag = cursor.tag().unwrap();
        let mut again = cursor;
        let found = (super::skip(&mut cursor, tag), cursor.rest.len());
        let expected = skip_with_all_numbers(&mut again, tag);
        assert_eq!(found, (expected, again.rest.len()), "{bytes:x?}, at depth {depth}");
        found
    }

    #[test]
    fn each_end_has_to_have_the_number_of_its_group() {
        let all = |numbers: &mut dyn Iterator<Item = u32>, wire_type| -> Vec<u8> {
            numbers.flat_map(|number| tag(number, wire_type)).collect()
        };
        for deepest in 1..=u32::from(MAX_DEPTH) {
            let starts = all(&mut (1..=deepest), GROUP_START);
            let ends = all(&mut (1..=deepest).rev(), GROUP_END);
            assert_eq!(skip(&[&starts, &*ends, &[0x08, 0x01]].concat(), 0), (Ok(()), 2));
            for wrong in 1..=deepest {
                let ends = [all(&mut (wrong + 1..=deepest).rev(), GROUP_END), tag(wrong + 1, GROUP_END)].concat();
                // Whatever stands behind the mistake, a tag that is none too.
                for behind in [&[][..], &[0x00], &tag(wrong, GROUP_END)] {
                    let mistaken = skip(&[&starts, &*ends, behind].concat(), 0);
                    assert_eq!(mistaken, (Err(DecodeErrorKind::UnmatchedGroupEnd), behind.len()));
                }
            }
        }
    }

    #[test]
    fn groups_nest_up_to_the_limit() {
        for depth in 0..=MAX_DEPTH {
            let count = usize::from(MAX_DEPTH - depth);
            let nested = |count| [tag(15, GROUP_START).repeat(count), tag(15, GROUP_END).repeat(count)].concat();
            if count > 0 {
                assert_eq!(skip(&nested(count), depth), (Ok(()), 0));
            }
            assert_eq!(skip(&nested(count + 1), depth), (Err(DecodeErrorKind::NestedTooDeep), count + 1));
        }
    }

    /// What stands in a group.
    #[derive(Clone, Copy, Debug)]
    enum Value {
        Start,
        End,
        Scalar,
    }

    /// A value with its number, and one of 64 chances: at 0 an end has that number, or else the right one.
    fn value() -> impl Strategy<Value = (Value, u32, u8)> {
        let value = prop_oneof![5 => Just(Value::Start), 4 => Just(Value::End), 1 => Just(Value::Scalar)];
        (value, select(NUMBERS), 0..64u8)
    }

    fn encode(values: &[(Value, u32, u8)]) -> Vec<u8> {
        let mut open = Vec::new();
        let mut bytes = tag(15, GROUP_START);
        open.push(15);
        for (value, number, chance) in values {
            match (value, open.pop()) {
                (Value::End, Some(opened)) => bytes.extend(tag(if *chance == 0 { *number } else { opened }, GROUP_END)),
                (Value::Start, outer) => {
                    open.extend(outer);
                    open.push(*number);
                    bytes.extend(tag(*number, GROUP_START));
                }
                (_, outer) => {
                    open.extend(outer);
                    bytes.extend([tag(*number, 2), Vec::from(*b"\x03\x0b\x0c\x7f")].concat());
                }
            }
        }
        bytes.extend(open.iter().rev().flat_map(|number| tag(*number, GROUP_END)));
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn agrees_with_all_numbers(
            values in vec(value(), 0..400),
            depth in prop_oneof![4 => 0..4u8, 1 => 60..=MAX_DEPTH],
            changes in vec((any::<Index>(), any::<u8>()), 0..3),
            length in any::<Index>(),
            is_cut in any::<bool>(),
        ) {
            let mut bytes = encode(&values);
            let first = tag(15, GROUP_START).len();
            for (index, byte) in changes {
                let at = first + index.index(bytes.len() - first);
                bytes[at] = byte;
            }
            if is_cut {
                bytes.truncate(first + length.index(bytes.len() - first));
            }
            let (_, left) = skip(&bytes, depth);
            prop_assert!(left < bytes.len());
        }
    }
}
