//! How much memory the codec takes: none for a frame, and for a stream what it delivers.
#![cfg(feature = "std")]

mod common;

use std::hint::black_box;
use std::io::{self, Read};

use allocation_counter::measure;
use common::recorded;
use spectrum2::frame::{self, DEFAULT_LIMIT, FrameReader, FrameWriter};
use spectrum2::{Buddy, List, ListItem, Payload, RoomList, Wrapper};

/// Visits everything in a payload that takes a second walk over the frame.
fn iterate(payload: &Payload<'_>) {
    fn visit<'a, T: ListItem<'a>>(list: List<'a, T>) {
        for element in list {
            black_box(element);
        }
    }
    let buddy = |buddy: &Buddy<'_>| visit(buddy.group);
    match payload {
        Payload::Login(login) => {
            visit(login.extra_fields);
            let settings = login.settings.unwrap_or_default().value;
            visit(settings.entries());
            black_box(settings.get("stay_connected"));
        }
        Payload::BuddyChanged(changed) => buddy(changed),
        Payload::BuddyRemoved(removed) => buddy(removed),
        Payload::Buddies(buddies) => buddies.buddy.iter().for_each(|element| buddy(&element)),
        Payload::ConvMessage(message) => visit(message.attachment),
        Payload::RoomList(RoomList { room, name, .. }) => {
            visit(*room);
            visit(*name);
        }
        _ => {}
    }
}

#[test]
fn decoding_allocates_nothing() {
    for body in recorded::bodies() {
        let memory = measure(|| {
            let _ = black_box(Wrapper::decode(&body));
            if let Ok(payload) = Payload::decode(&body) {
                iterate(&payload);
                assert!(Payload::decode(&body) == Ok(payload));
            }
        });
        assert_eq!(memory.count_total, 0, "{body:x?}");
    }
}

#[test]
fn malformed_messages_allocate_nothing() {
    for body in recorded::bodies() {
        let memory = measure(|| {
            for length in 0..body.len() {
                let _ = black_box(Payload::decode(&body[..length]));
            }
        });
        assert_eq!(memory.count_total, 0, "{body:x?}");
    }
}

#[test]
fn encoding_allocates_nothing() {
    for body in recorded::valid_bodies() {
        let payload = Payload::decode(&body).unwrap();
        let mut buffer = vec![0; frame::encoded_len(&payload)];
        let memory = measure(|| {
            black_box(payload.encoded_len());
            assert!(payload.encode(&mut buffer).is_ok());
            assert!(payload.encode(&mut []).is_err());
            assert!(frame::encode(&payload, &mut buffer).is_ok());
        });
        assert_eq!(memory.count_total, 0, "{payload:?}");
    }
}

/// Delivers the same bytes for ever.
struct Cycle<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Read for Cycle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes[self.position..].as_ref().read(buffer)?;
        self.position = (self.position + count) % self.bytes.len();
        Ok(count)
    }
}

#[test]
fn reading_frames_allocates_nothing_once_it_runs() {
    let frames = recorded::frames();
    let stream = frames.concat();
    let mut reader = FrameReader::new(Cycle { bytes: &stream, position: 0 });
    let mut read_all = || {
        for expected in &frames {
            let frame = reader.read_frame().unwrap().unwrap();
            assert!(expected.ends_with(frame.body()));
            let _ = black_box(frame.decode());
        }
    };
    read_all();
    assert_eq!(measure(|| (0..20).for_each(|_| read_all())).count_total, 0);
}

#[test]
fn writing_frames_allocates_nothing_once_it_runs() {
    let bodies = recorded::valid_bodies();
    let payloads: Vec<_> = bodies.iter().map(|body| Payload::decode(body).unwrap()).collect();
    let mut writer = FrameWriter::new(io::sink());
    let mut write_all = || {
        for payloads in payloads.chunks(10) {
            payloads.iter().for_each(|payload| writer.write(payload).unwrap());
            writer.flush().unwrap();
        }
    };
    write_all();
    assert_eq!(measure(|| (0..20).for_each(|_| write_all())).count_total, 0);
}

/// The most that a reader may hold on to between frames.
const SMALL: u64 = 256 << 10;

#[test]
fn announced_length_takes_no_memory() {
    let header = u32::try_from(DEFAULT_LIMIT).unwrap().to_be_bytes();
    let stream = [&header[..], &[0; 1000]].concat();
    let memory = measure(|| {
        let mut reader = FrameReader::new(stream.as_slice());
        assert!(reader.read_frame().is_err());
        assert_eq!(reader.buffered(), stream);
    });
    assert!(memory.bytes_max < SMALL, "{memory:?}");
}

#[test]
fn length_over_the_limit_takes_no_memory() {
    let stream = vec![0xff; 1 << 20];
    let memory = measure(|| {
        let mut reader = FrameReader::new(stream.as_slice());
        assert!(reader.read_frame().is_err());
        assert!(reader.read_frame().is_err());
    });
    assert!(memory.bytes_max < SMALL, "{memory:?}");
}

#[test]
fn reader_grows_with_what_it_receives_and_shrinks_again() {
    const LARGE: usize = 5 << 20;
    let mut stream = Vec::new();
    frame::encode_to_vec(&Payload::RawXml(&"x".repeat(LARGE)), &mut stream).unwrap();
    for _ in 0..10 {
        frame::encode_to_vec(&Payload::RawXml(&"x".repeat(10_000)), &mut stream).unwrap();
    }
    let mut reader = None;
    let memory = measure(|| {
        let reader = reader.insert(FrameReader::new(stream.as_slice()));
        while reader.read_frame().unwrap().is_some() {}
    });
    // The old and the new buffer stand beside each other while one grows into the other.
    assert!(memory.bytes_max < 2 * LARGE as u64, "{memory:?}");
    assert!(memory.bytes_current < SMALL as i64, "{memory:?}");
}

#[test]
fn writer_shrinks_after_a_large_frame() {
    let xml = "x".repeat(5 << 20);
    let mut writer = None;
    let memory = measure(|| {
        let writer = writer.insert(FrameWriter::new(io::sink()));
        writer.write(&Payload::RawXml(&xml)).unwrap();
        writer.flush().unwrap();
    });
    assert!(memory.bytes_current < SMALL as i64, "{memory:?}");
}
