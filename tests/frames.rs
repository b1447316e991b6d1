//! Frames on streams that deliver, take and fail as they like.
#![cfg(feature = "std")]

mod common;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use common::recorded;
use proptest::prelude::*;
use spectrum2::frame::{DEFAULT_LIMIT, Frame, FrameReader, FrameWriter, HEADER_LEN, OwnedFrame, Split, encode, split};
use spectrum2::{
    Connected, DecodeError, EncodeError, FrameError, List, Login, Payload, RoomList, StrMap, UserSettings,
};

const PING: &[u8] = b"\0\0\0\x02\x08\x09";
const EXIT: &[u8] = b"\0\0\0\x02\x08\x1d";

/// A stream that delivers or takes bytes in pieces, and fails in between.
#[derive(Default)]
struct Script {
    steps: VecDeque<Step>,
    written: Vec<u8>,
    writes: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// Delivers these bytes.
    Deliver(Vec<u8>),
    /// Takes this many bytes.
    Take(usize),
    Fail(ErrorKind),
}
use Step::{Deliver, Fail, Take};

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    fn pieces<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Self {
        Self::new(pieces.into_iter().map(|piece| Deliver(piece.to_vec())))
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.steps.pop_front() {
            None => Ok(0),
            Some(Deliver(mut bytes)) => {
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                if count < bytes.len() {
                    self.steps.push_front(Deliver(bytes.split_off(count)));
                }
                Ok(count)
            }
            Some(Fail(kind)) => Err(kind.into()),
            Some(Take(_)) => unreachable!("only for writing"),
        }
    }
}

/// Takes everything once the steps are over.
impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let count = match self.steps.pop_front() {
            None => bytes.len(),
            Some(Take(count)) => count.min(bytes.len()),
            Some(Fail(kind)) => return Err(kind.into()),
            Some(Deliver(_)) => unreachable!("only for reading"),
        };
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A large frame, and the payload in it.
fn large_frame(length: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    spectrum2::frame::encode_to_vec(&Payload::RawXml(&"x".repeat(length)), &mut frame).unwrap();
    frame
}

fn recorded_stream() -> Vec<u8> {
    recorded::frames().concat()
}

fn recorded_bodies() -> Vec<Vec<u8>> {
    recorded::frames().iter().map(|frame| frame[HEADER_LEN..].to_vec()).collect()
}

mod cuts {
    use super::*;

    fn read_by_reader(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut reader = FrameReader::new(Script::pieces(pieces.iter().copied()));
        let mut bodies = Vec::new();
        while let Some(frame) = reader.read_frame().unwrap() {
            bodies.push(frame.body().to_vec());
        }
        bodies
    }

    fn read_by_split(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut received = Vec::new();
        let mut bodies = Vec::new();
        for piece in pieces {
            received.extend_from_slice(piece);
            while let Split::Complete(frame, rest) = split(&received, DEFAULT_LIMIT).unwrap() {
                bodies.push(frame.body().to_vec());
                received = rest.to_vec();
            }
        }
        assert!(received.is_empty());
        bodies
    }

    #[cfg(feature = "heapless")]
    fn read_by_buffer(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut buffer = Box::new(spectrum2::frame::FrameBuffer::<4096>::new());
        let mut bodies = Vec::new();
        for piece in pieces {
            let mut piece = *piece;
            while !piece.is_empty() {
                piece = &piece[buffer.push(piece)..];
                while let Some(frame) = buffer.next_frame().unwrap() {
                    bodies.push(frame.body().to_vec());
                }
            }
        }
        assert!(buffer.bytes().is_empty());
        bodies
    }

    fn check(pieces: &[&[u8]]) {
        let bodies = recorded_bodies();
        assert_eq!(read_by_reader(pieces), bodies);
        assert_eq!(read_by_split(pieces), bodies);
        #[cfg(feature = "heapless")]
        assert_eq!(read_by_buffer(pieces), bodies);
    }

    #[test]
    fn whole_and_byte_by_byte() {
        let stream = recorded_stream();
        check(&[&stream]);
        check(&stream.chunks(1).collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn at_random(lengths in prop::collection::vec(1_usize..400, 1..60)) {
            let stream = recorded_stream();
            let mut rest = stream.as_slice();
            let mut pieces = Vec::new();
            for length in lengths.iter().cycle() {
                let (piece, behind) = rest.split_at(rest.len().min(*length));
                pieces.push(piece);
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            check(&pieces);
        }
    }
}

mod splitting {
    use super::*;

    #[test]
    fn says_how_much_is_needed() {
        let stream = large_frame(10);
        for length in 0..stream.len() {
            let needed = if length < HEADER_LEN { HEADER_LEN } else { stream.len() };
            assert_eq!(split(&stream[..length], 20), Ok(Split::Partial { needed }));
        }
        assert!(matches!(split(&stream, 20), Ok(Split::Complete(_, rest)) if rest.is_empty()));
    }

    #[test]
    fn limit_counts_the_body() {
        let stream = large_frame(10);
        let length = stream.len() - HEADER_LEN;
        assert!(matches!(split(&stream, length), Ok(Split::Complete(..))));
        let too_large = FrameError::TooLarge { length, limit: length - 1 };
        assert_eq!(split(&stream, length - 1), Err(too_large));
        assert_eq!(split(&stream[..HEADER_LEN], length - 1), Err(too_large));
    }

    #[test]
    fn longest_length_is_partial_without_a_limit() {
        let needed = 0xffff_ffff_usize.saturating_add(HEADER_LEN);
        assert_eq!(split(&[0xff; 10], usize::MAX), Ok(Split::Partial { needed }));
    }
}

mod reader {
    use super::*;

    #[test]
    fn goes_on_after_an_error_anywhere_in_a_frame() {
        let stream = [PING, EXIT].concat();
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted] {
            for cut in 0..=stream.len() {
                let (before, after) = stream.split_at(cut);
                let steps = [Deliver(before.to_vec()), Fail(kind), Fail(kind), Deliver(after.to_vec())];
                let mut reader = FrameReader::new(Script::new(
                    steps.into_iter().filter(|step| !matches!(step, Deliver(bytes) if bytes.is_empty())),
                ));
                let mut payloads = Vec::new();
                let mut errors = 0;
                loop {
                    match reader.read_frame() {
                        Ok(Some(frame)) => payloads.push(frame.into_owned()),
                        Ok(None) => break,
                        Err(error) => {
                            assert_eq!(error.kind(), kind);
                            errors += 1;
                        }
                    }
                }
                assert_eq!(
                    payloads.iter().map(OwnedFrame::decode).collect::<Vec<_>>(),
                    [Ok(Payload::Ping), Ok(Payload::Exit)]
                );
                assert_eq!(errors, 2, "{kind} at {cut}");
            }
        }
    }

    #[test]
    fn end_between_frames_is_no_frame() {
        let mut reader = FrameReader::new(PING);
        assert!(reader.read_frame().unwrap().is_some());
        assert!(reader.read_frame().unwrap().is_none());
        assert!(reader.read_frame().unwrap().is_none());
        assert!(FrameReader::new(io::empty()).read_frame().unwrap().is_none());
    }

    #[test]
    fn end_within_a_frame_is_an_error() {
        for cut in 1..PING.len() {
            let stream = [EXIT, &PING[..cut]].concat();
            let mut reader = FrameReader::new(stream.as_slice());
            assert!(reader.read_frame().unwrap().is_some());
            assert_eq!(reader.read_frame().unwrap_err().kind(), ErrorKind::UnexpectedEof);
            assert_eq!(reader.buffered(), &PING[..cut]);
        }
    }

    #[test]
    fn frame_over_the_limit_is_an_error_that_says_so() {
        let stream = [PING, b"\0\0\0\x03\x08\x1d\0"].concat();
        let mut reader = FrameReader::with_limit(stream.as_slice(), 2);
        assert!(reader.read_frame().unwrap().is_some());
        let expected = FrameError::TooLarge { length: 3, limit: 2 };
        // The stream cannot go on: the error stays.
        for _ in 0..2 {
            let error = reader.read_frame().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert_eq!(error.get_ref().and_then(|inner| inner.downcast_ref()), Some(&expected));
            assert!(reader.has_frame().is_err());
            assert!(reader.buffered_frame().is_err());
        }
    }

    #[test]
    fn default_limit_is_the_longest_that_is_accepted() {
        let header = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
        let accepted = FrameReader::new(&header(DEFAULT_LIMIT)[..]).read_frame().unwrap_err();
        assert_eq!(accepted.kind(), ErrorKind::UnexpectedEof);
        let refused = FrameReader::new(&header(DEFAULT_LIMIT + 1)[..]).read_frame().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn frame_without_a_body_is_malformed_and_costs_itself_alone() {
        let stream = [b"\0\0\0\0", PING].concat();
        let mut reader = FrameReader::with_limit(stream.as_slice(), 2);
        let empty = reader.read_frame().unwrap().unwrap();
        assert_eq!(empty.body(), b"");
        assert_eq!(empty.decode().map_err(|error| error.field()), Err(Some("type")));
        assert_eq!(reader.read_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
    }

    #[test]
    fn large_frame_between_small_ones() {
        let large = large_frame(5_000_000);
        let stream = [PING, &large, PING, EXIT].concat();
        let mut reader = FrameReader::new(Script::pieces(stream.chunks(50_000)));
        let mut lengths = Vec::new();
        while let Some(frame) = reader.read_frame().unwrap() {
            assert!(frame.decode().is_ok());
            lengths.push(frame.body().len());
        }
        assert_eq!(lengths, [2, large.len() - HEADER_LEN, 2, 2]);
    }

    #[test]
    fn buffered_frames_are_taken_without_reading() {
        let stream = [PING, EXIT, &PING[..5]].concat();
        let mut reader = FrameReader::new(Script::pieces([stream.as_slice(), &PING[5..]]));
        assert!(reader.buffered_frame().unwrap().is_none());
        assert_eq!(reader.fill().unwrap(), stream.len());
        assert_eq!(reader.buffered(), stream);
        assert!(reader.has_frame().unwrap());
        assert_eq!(reader.buffered_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
        assert_eq!(reader.buffered_frame().unwrap().unwrap().decode(), Ok(Payload::Exit));
        assert!(!reader.has_frame().unwrap());
        assert!(reader.buffered_frame().unwrap().is_none());
        assert_eq!(reader.buffered(), &PING[..5]);
        assert_eq!(reader.get_ref().steps.len(), 1);
        assert_eq!(reader.read_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
        assert!(reader.get_mut().steps.is_empty());
        assert!(reader.into_inner().steps.is_empty());
    }
}

mod writer {
    use super::*;

    #[test]
    fn a_flush_is_one_write() {
        let mut writer = FrameWriter::new(Script::default());
        for _ in 0..3 {
            writer.write(&Payload::Pong).unwrap();
            writer.write(&Payload::Connected(Connected { user: "alice" })).unwrap();
        }
        assert_eq!(writer.get_ref().writes, 0);
        let waiting = writer.buffered().to_vec();
        assert_eq!(waiting.len(), 3 * (6 + 15));
        writer.flush().unwrap();
        assert_eq!(writer.get_ref().writes, 1);
        assert_eq!(writer.get_ref().written, waiting);
        assert_eq!(writer.buffered(), b"");
        writer.flush().unwrap();
        assert_eq!(writer.get_ref().writes, 1);
    }

    #[test]
    fn parts_and_interruptions_are_tried_again() {
        let steps = [Take(1), Fail(ErrorKind::Interrupted), Take(4), Fail(ErrorKind::Interrupted), Take(2)];
        let mut writer = FrameWriter::new(Script::new(steps));
        writer.write(&Payload::Ping).unwrap();
        writer.write(&Payload::Exit).unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.get_ref().written, [PING, EXIT].concat());
        assert_eq!(writer.get_ref().writes, 6);
    }

    #[test]
    fn what_was_not_written_stays() {
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::BrokenPipe] {
            for taken in 1..PING.len() {
                let mut writer = FrameWriter::new(Script::new([Take(taken), Fail(kind)]));
                writer.write(&Payload::Ping).unwrap();
                assert_eq!(writer.flush().unwrap_err().kind(), kind);
                assert_eq!(writer.buffered(), &PING[taken..]);
                writer.write(&Payload::Exit).unwrap();
                writer.flush().unwrap();
                assert_eq!(writer.into_inner().written, [PING, EXIT].concat());
            }
        }
    }

    #[test]
    fn stream_that_takes_nothing_is_an_error() {
        let mut writer = FrameWriter::new(Script::new([Take(2), Take(0)]));
        writer.write(&Payload::Ping).unwrap();
        assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::WriteZero);
        assert_eq!(writer.buffered(), &PING[2..]);
    }

    #[test]
    fn frames_of_any_size() {
        let mut writer = FrameWriter::new(Script::default());
        let mut expected = Vec::new();
        for length in [0, 100, 16_000, 20_000, 5_000_000, 1, 70_000] {
            let xml = "x".repeat(length);
            writer.write(&Payload::RawXml(&xml)).unwrap();
            expected.extend(large_frame(length));
            if length > 100_000 {
                writer.flush().unwrap();
            }
        }
        writer.flush().unwrap();
        assert_eq!(writer.get_ref().writes, 2);
        assert!(writer.get_ref().written == expected);
    }

    /// A stream that is always behind, but never far: what is written makes room for what comes.
    #[test]
    fn buffer_does_not_grow_while_the_stream_keeps_up() {
        let frame = large_frame(1000);
        let xml = "x".repeat(1000);
        let mut writer = FrameWriter::new(Script::default());
        writer.write(&Payload::RawXml(&xml)).unwrap();
        let mut total = frame.len();
        let memory = allocation_counter::measure(|| {
            for _ in 0..1000 {
                let steps = [Take(frame.len()), Fail(ErrorKind::WouldBlock)];
                writer.get_mut().steps.extend(steps);
                writer.get_mut().written.clear();
                writer.write(&Payload::RawXml(&xml)).unwrap();
                assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::WouldBlock);
                assert_eq!(writer.buffered().len(), frame.len());
                assert!(writer.get_ref().written.len() == frame.len());
                total += frame.len();
            }
        });
        assert!(total > 1_000_000);
        assert!(memory.bytes_max < 200_000, "{memory:?}");
    }

    #[test]
    fn received_frames_are_written_as_they_came() {
        let unknown_field: &[u8] = b"\x08\x09\x7a\x01\x78";
        let mut writer = FrameWriter::new(Script::default());
        writer.write_frame(Frame::new(unknown_field)).unwrap();
        writer.write_frame(Frame::new(b"")).unwrap();
        assert_eq!(writer.buffered(), b"\0\0\0\x05\x08\x09\x7a\x01\x78\0\0\0\0");
    }

    #[test]
    fn owned_frames_are_made_of_payloads_too() {
        let payload = Payload::RawXml("<presence/>");
        let frame = OwnedFrame::encode(&payload).unwrap();
        assert_eq!(frame.decode(), Ok(payload));
        assert_eq!(OwnedFrame::new(frame.clone().into_body()), frame);
    }

    #[test]
    fn a_length_that_32_bits_do_not_hold_is_too_long() {
        let part = "x".repeat(1 << 20);
        let names = vec![part.as_str(); 1 << 12];
        let settings = vec![(part.as_str(), part.as_str()); 1 << 11];
        let payloads = [
            Payload::RoomList(RoomList { room: List::from(&names), name: List::from(&names), ..RoomList::default() }),
            Payload::Login(Login {
                settings: Some(UserSettings { value: StrMap::from(&settings[..]) }),
                ..Login::default()
            }),
        ];
        for payload in payloads {
            let refused = spectrum2::frame::encode(&payload, &mut [0; 64]);
            assert!(matches!(refused, Err(EncodeError::TooLong { .. })), "{refused:?}");
            assert!(payload.encoded_len() > i32::MAX as usize);
        }
    }

    #[test]
    fn message_that_is_too_long_is_refused_and_adds_nothing() {
        let part = "x".repeat(1 << 20);
        let parts = vec![part.as_str(); 2048];
        let payload = Payload::RoomList(RoomList { room: List::from(&parts), ..RoomList::default() });
        let mut writer = FrameWriter::new(Script::default());
        writer.write(&Payload::Ping).unwrap();
        let memory = allocation_counter::measure(|| {
            let error = writer.write(&payload).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let refused = error.get_ref().and_then(|error| error.downcast_ref());
            assert!(matches!(refused, Some(EncodeError::TooLong { length }) if *length > i32::MAX as usize));
        });
        assert!(memory.bytes_max < 100, "{memory:?}");
        assert_eq!(writer.buffered(), PING);
        let mut buffer = PING.to_vec();
        let memory = allocation_counter::measure(|| {
            let refused = spectrum2::frame::encode_to_vec(&payload, &mut buffer);
            assert!(matches!(refused, Err(EncodeError::TooLong { .. })));
        });
        assert_eq!(memory.count_total, 0);
        assert_eq!(buffer, PING);
    }
}

#[cfg(feature = "heapless")]
mod buffer {
    use super::*;
    use spectrum2::frame::FrameBuffer;

    #[test]
    fn takes_what_fits() {
        let mut buffer = FrameBuffer::<8>::new();
        let stream = [PING, EXIT].concat();
        assert_eq!(buffer.push(&stream), 8);
        assert_eq!(buffer.push(&stream[8..]), 0);
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
        assert_eq!(buffer.next_frame(), Ok(None));
        assert_eq!(buffer.bytes(), &EXIT[..2]);
        assert_eq!(buffer.push(&stream[8..]), 4);
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Exit));
        assert_eq!(buffer.bytes(), b"");
    }

    #[test]
    fn frame_that_cannot_fit_is_an_error() {
        let mut buffer = FrameBuffer::<8>::new();
        assert_eq!(buffer.push(b"\0\0\0\x04"), 4);
        assert_eq!(buffer.next_frame(), Ok(None));
        assert_eq!(buffer.push(b"\x08\x09\x12\0"), 4);
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
        assert_eq!(buffer.push(b"\0\0\0\x05"), 4);
        let too_large = FrameError::TooLarge { length: 5, limit: 4 };
        assert_eq!(buffer.next_frame(), Err(too_large));
        assert_eq!(buffer.next_frame(), Err(too_large));
        buffer.clear();
        assert_eq!(buffer.push(PING), 6);
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
    }

    #[test]
    fn buffer_smaller_than_a_header_never_holds_a_frame() {
        let mut buffer = FrameBuffer::<3>::new();
        assert_eq!(buffer.push(PING), 3);
        assert_eq!(buffer.next_frame(), Ok(None));
        assert_eq!(buffer.push(PING), 0);
        buffer.clear();
        assert_eq!(buffer.write(&Payload::Ping), Err(EncodeError::BufferTooShort { needed: 6 }));
        let mut nothing = FrameBuffer::<0>::new();
        assert_eq!(nothing.push(PING), 0);
        assert_eq!(nothing.next_frame(), Ok(None));
    }

    #[test]
    fn frame_without_room_adds_nothing() {
        let mut buffer = FrameBuffer::<16>::new();
        buffer.write(&Payload::Ping).unwrap();
        let connected = Payload::Connected(Connected { user: "alice" });
        assert_eq!(buffer.write(&connected), Err(EncodeError::BufferTooShort { needed: 15 }));
        assert_eq!(buffer.bytes(), PING);
        buffer.write(&Payload::Exit).unwrap();
        assert_eq!(buffer.bytes(), [PING, EXIT].concat());
        buffer.consume(4);
        assert_eq!(buffer.bytes(), &[PING, EXIT].concat()[4..]);
        buffer.write(&Payload::Ping).unwrap();
        assert_eq!(buffer.bytes(), &[PING, EXIT, PING].concat()[4..]);
        buffer.consume(8);
        buffer.consume(6);
        assert_eq!(buffer.bytes(), b"");
        buffer.write(&connected).unwrap();
        buffer.consume(usize::MAX);
        assert_eq!(buffer.bytes(), b"");
        buffer.write(&connected).unwrap();
        assert_eq!(buffer.bytes().len(), 15);
    }

    #[test]
    fn written_frames_can_be_taken_back_as_frames() {
        let mut buffer = FrameBuffer::<32>::new();
        buffer.write(&Payload::Ping).unwrap();
        assert_eq!(buffer.push(EXIT), 6);
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Ping));
        buffer.write(&Payload::Pong).unwrap();
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Exit));
        assert_eq!(buffer.next_frame().unwrap().unwrap().decode(), Ok(Payload::Pong));
        assert_eq!(buffer.next_frame(), Ok(None));
    }
}

#[test]
fn owned_frames_outlive_the_buffer_and_decode_the_same() {
    fn is_portable<T: Send + Sync + 'static>(_: &T) {}
    for body in recorded::bodies() {
        let owned = OwnedFrame::from(Frame::new(&body));
        is_portable(&owned);
        assert_eq!(owned.as_frame(), Frame::new(&body));
        assert_eq!(owned.decode(), Payload::decode(&body));
        assert_eq!(owned.as_frame().wrapper(), spectrum2::Wrapper::decode(&body));
    }
}

#[test]
fn borrowed_values_can_be_shared_between_threads() {
    fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Payload<'_>>();
    is_shareable::<Frame<'_>>();
    is_shareable::<List<'_, &str>>();
    is_shareable::<List<'_, spectrum2::Buddy<'_>>>();
    is_shareable::<spectrum2::StrMap<'_>>();
    is_shareable::<DecodeError>();
    is_shareable::<EncodeError>();
    is_shareable::<FrameError>();
}

#[test]
fn header_counts_the_body() {
    for body in recorded::valid_bodies() {
        let payload = Payload::decode(&body).unwrap();
        let mut buffer = vec![0xaa; body.len() + HEADER_LEN + 3];
        assert_eq!(encode(&payload, &mut buffer), Ok(body.len() + HEADER_LEN));
        assert_eq!(buffer[..HEADER_LEN], u32::try_from(body.len()).unwrap().to_be_bytes());
        assert!(buffer.ends_with(&[0xaa; 3]));
    }
}
