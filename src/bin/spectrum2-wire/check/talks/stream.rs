//! What a stream may look like.

use std::time::Duration;

use spectrum2::{Payload, Type};

use super::{Outcome, passed};
use crate::check::session::{Session, Trouble, encode, fail, login_message};

/// Long enough that the backend reads each piece on its own, most of the time.
const PAUSE: Duration = Duration::from_millis(3);

/// A frame with any body.
fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}

pub fn byte_by_byte(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let frames = encode(&[Payload::Ping, Payload::Ping])?;
    let pieces: Vec<&[u8]> = frames.chunks(1).collect();
    session.send_pieces("frames that came byte by byte", &pieces, PAUSE)?;
    expect_pongs(session, 2)
}

pub fn several_frames(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    session.send("several frames in one write", &[Payload::Ping, Payload::Ping, Payload::Ping])?;
    expect_pongs(session, 3)?;
    let frames = encode(&[Payload::Ping, Payload::Ping, Payload::Ping])?;
    // In the middle of the second frame.
    let (start, end) = frames.split_at(frames.len() / 2);
    session.send_pieces("a frame and a half, then the rest and one more", &[start, end], 20 * PAUSE)?;
    expect_pongs(session, 3)
}

fn expect_pongs(session: &mut Session<'_>, expected: usize) -> Outcome {
    let timeout = session.setup.options.timeout;
    let mut count = 0;
    session.wait(timeout, |payload| {
        count += usize::from(matches!(payload, Payload::Pong));
        (count == expected).then_some(())
    })?;
    if count < expected {
        return fail(format!("{count} of {expected} PINGs were answered within {timeout:?}."));
    }
    passed()
}

pub fn unknown_type(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let mut stalls = false;
    for type_number in [5, 99, 100_000] {
        let unknown = Payload::Unknown { type_number, bytes: b"\x0a\x03new" };
        session.send(&format!("a frame of the unknown type {type_number}"), &[unknown])?;
        stalls |= session.survives_and_may_stall()?;
    }
    survived(stalls)
}

/// A field of each wire type, under numbers that no message has: 8 bytes, 4 bytes, bytes, varint, group.
const UNKNOWN_FIELDS: &[u8] =
    b"\xa1\x06\0\0\0\0\0\0\0\0\xad\x06\0\0\0\0\xb2\x06\x03new\xb8\x06\x2a\xc3\x06\x08\x01\xc4\x06";

pub fn unknown_fields(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let ping = framed(&[b"\x08\x09", UNKNOWN_FIELDS].concat());
    session.send_pieces("a PING with unknown fields", &[&ping], Duration::ZERO)?;
    expect_pongs(session, 1)?;
    let account = session.setup.account();
    let login = login_message(account);
    let mut payload = vec![0; login.encoded_len()];
    login.encode(&mut payload).map_err(|error| Trouble::NotTried(error.to_string()))?;
    payload.extend_from_slice(UNKNOWN_FIELDS);
    // Encoded as a LOGIN with just these bytes.
    let payload = Payload::Unknown { type_number: Type::Login.number(), bytes: &payload };
    let mut body = vec![0; payload.encoded_len()];
    payload.encode(&mut body).map_err(|error| Trouble::NotTried(error.to_string()))?;
    body.extend_from_slice(UNKNOWN_FIELDS);
    session.send_pieces("a LOGIN with unknown fields", &[&framed(&body)], Duration::ZERO)?;
    session.expect_connected(account)?;
    session.survives()?;
    passed()
}

pub fn malformed(session: &mut Session<'_>) -> Outcome {
    let frames: [(&str, &[u8]); 6] = [
        ("an empty frame", b""),
        ("a frame without a type", b"\x12\x00"),
        ("a frame that is no Protobuf", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("a frame whose payload runs past its end", b"\x08\x08\x12\x7f\x0a"),
        ("a LOGIN without its required fields", b"\x08\x03\x12\x00"),
        ("a STATUS_CHANGED with a status that the schema does not have", b"\x08\x11\x12\x06\x0a\x02me\x18\x63"),
    ];
    session.begin()?;
    let mut stalls = false;
    for (what, body) in frames {
        session.send_pieces(what, &[&framed(body)], Duration::ZERO)?;
        stalls |= session.survives_and_may_stall()?;
    }
    survived(stalls)
}

fn survived(stalls: bool) -> Outcome {
    match stalls {
        true => Ok("though the frames behind them wait until more comes".into()),
        false => passed(),
    }
}
