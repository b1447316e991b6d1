//! How it ends: with status 0 and no complaint.

use spectrum2::Payload;
use spectrum2::frame::OwnedFrame;

use super::frames::{ALICE, logged_in, login, to_echo};
use super::program::Session;
use super::support::{Cutter, Delivery, with_every_delivery};

#[test]
fn exit_ends_it_well() {
    with_every_delivery(|cutter| {
        let mut session = Session::start(cutter);
        session.exchange(&[login(ALICE)], &logged_in(ALICE));
        session.send(&[to_echo("the last"), Payload::Exit]);
        assert_eq!(decoded(&session.finish()), [to_echo("the last")]);
    });
}

fn decoded(frames: &[OwnedFrame]) -> Vec<Payload<'_>> {
    frames.iter().map(|frame| frame.decode().unwrap()).collect()
}

#[test]
fn a_bare_close_ends_it_well() {
    with_every_delivery(|cutter| {
        // At once, with what it said unread; and later, with nothing unread.
        let session = Session::connect(cutter);
        session.connection.close();
        session.process.expect_good_end();
    });
    with_every_delivery(|cutter| {
        let mut session = Session::start(cutter);
        session.exchange(&[login(ALICE)], &logged_in(ALICE));
        session.connection.close();
        session.process.expect_good_end();
    });
    with_every_delivery(|cutter| {
        let mut session = Session::start(cutter);
        session.send(&[login(ALICE)]);
        assert_eq!(decoded(&session.finish()), logged_in(ALICE));
    });
}

/// How often an end is tried that depends on which side is faster.
const TRIES: usize = 20;

/// PING, EXIT and close, so that the PONG may not be written any more: it ends well all the same.
#[test]
fn ping_exit_and_close_at_once_end_it_well() {
    for _ in 0..TRIES {
        let mut session = Session::start(Cutter::new(Delivery::Whole));
        session.send(&[Payload::Ping, Payload::Exit]);
        session.connection.close();
        session.process.expect_good_end();
    }
}

/// As above; the backend has said something that is never read, so that the close is a reset.
#[test]
fn ping_exit_and_reset_end_it_well() {
    for _ in 0..TRIES {
        let mut session = Session::connect(Cutter::new(Delivery::Whole));
        session.wait_for_unread();
        session.send(&[Payload::Ping, Payload::Exit]);
        drop(session.connection);
        session.process.expect_good_end();
    }
}

/// As above, with many answers that cannot be written.
#[test]
fn many_requests_and_a_reset_end_it_well() {
    let mut requests = vec![login(ALICE)];
    // The system holds as much, so that neither side waits for the other.
    requests.extend([to_echo("hello"), Payload::Ping].repeat(200));
    requests.push(Payload::Exit);
    with_every_delivery(|cutter| {
        let mut session = Session::connect(cutter);
        session.wait_for_unread();
        session.send(&requests);
        drop(session.connection);
        session.process.expect_good_end();
    });
}

/// A reset throws away what is on its way, also in the middle of a frame.
#[test]
fn a_reset_within_a_frame_ends_it_well() {
    with_every_delivery(|cutter| {
        let mut session = Session::connect(cutter);
        session.wait_for_unread();
        session.send_stream(b"\0\0\0\x02\x08");
        drop(session.connection);
        session.process.expect_good_end();
    });
}

/// A frame that is cut off by the close is no good end, but the program is not killed by a signal either.
#[test]
fn a_close_within_a_frame_is_one_line_on_standard_error() {
    let mut session = Session::start(Cutter::new(Delivery::Whole));
    session.send_stream(b"\0\0\0\x02\x08");
    session.connection.close();
    let (status, complaints) = session.process.wait();
    assert_eq!((status, complaints.lines().count()), (Some(1), 1), "{complaints}");
}
