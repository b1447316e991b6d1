//! Streams of frames that come and go in any pieces: the readers find the frames that stand in the
//! stream and lose nothing, the writer writes each once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spectrum2::FrameError;
use spectrum2::frame::{Frame, FrameBuffer, FrameReader, FrameWriter, HEADER_LEN, Split, split};
use spectrum2_fuzz::script::{self, Scripted, is_passing};

fuzz_target!(|data: &[u8]| {
    let (script, rest) = script::split(data);
    let Some((limit, stream)) = rest.split_first_chunk() else { return };
    let limit = usize::from(u16::from_be_bytes(*limit));
    read(script, stream, limit);
    buffer::<16>(script, stream);
    buffer::<300>(script, stream);
    write(script, stream, limit);
});

/// How a stream ends.
#[derive(Debug, PartialEq)]
enum End {
    Clean,
    /// Within a frame: with these bytes of it.
    Cut(Vec<u8>),
    TooLarge(FrameError),
}

/// The frames of a whole stream, and its end.
fn frames(mut stream: &[u8], limit: usize) -> (Vec<&[u8]>, End) {
    let mut frames = Vec::new();
    loop {
        match split(stream, limit) {
            Ok(Split::Complete(frame, rest)) => {
                assert_eq!(stream.len(), HEADER_LEN + frame.body().len() + rest.len());
                frames.push(frame.body());
                stream = rest;
            }
            Ok(Split::Partial { needed }) => {
                assert!(needed > stream.len() && needed <= HEADER_LEN + limit.max(HEADER_LEN));
                return (frames, if stream.is_empty() { End::Clean } else { End::Cut(stream.to_vec()) });
            }
            Err(error) => return (frames, End::TooLarge(error)),
        }
    }
}

fn read(script: &[u8], stream: &[u8], limit: usize) {
    let (frames, end) = frames(stream, limit);
    let mut expected = frames.iter();
    let mut reader = FrameReader::with_limit(Scripted::new(script, stream), limit);
    loop {
        let peeked = reader.peek_frame().map(|frame| frame.body().to_vec());
        match reader.read_frame() {
            Ok(Some(frame)) => {
                assert_eq!(Some(&frame.body()), expected.next());
                assert!(peeked.is_none_or(|peeked| peeked == frame.body()));
            }
            Ok(None) => {
                assert_eq!((end, expected.next()), (End::Clean, None));
                return;
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                let end_found = match error.get_ref().and_then(|error| error.downcast_ref::<FrameError>()) {
                    Some(error) => End::TooLarge(*error),
                    None => End::Cut(reader.buffered().to_vec()),
                };
                assert_eq!((end_found, expected.next()), (end, None), "{error}");
                return;
            }
        }
    }
}

/// The same in a buffer of fixed size, whose limit is that size.
fn buffer<const N: usize>(script: &[u8], mut stream: &[u8]) {
    let (frames, end) = frames(stream, N - HEADER_LEN);
    let mut expected = frames.iter();
    let mut script = script.iter().map(|count| usize::from(*count));
    let mut buffer = FrameBuffer::<N>::new();
    loop {
        match buffer.next_frame() {
            Ok(Some(frame)) => assert_eq!(Some(&frame.body()), expected.next()),
            Ok(None) if stream.is_empty() => {
                let left = buffer.bytes().to_vec();
                let end_found = if left.is_empty() { End::Clean } else { End::Cut(left) };
                assert_eq!((end_found, expected.next()), (end, None));
                return;
            }
            Ok(None) => {
                let piece = &stream[..script.next().unwrap_or(usize::MAX).clamp(1, stream.len())];
                let taken = buffer.push(piece);
                assert!(taken > 0, "a buffer without a frame has room");
                stream = &stream[taken..];
            }
            Err(error) => {
                assert_eq!((End::TooLarge(error), expected.next()), (end, None));
                return;
            }
        }
    }
}

fn write(script: &[u8], stream: &[u8], limit: usize) {
    let (frames, _) = frames(stream, limit);
    let mut writer = FrameWriter::new(Scripted::new(script, &[]));
    let mut written = 0;
    for (count, body) in frames.iter().enumerate() {
        writer.write_frame(Frame::new(body)).expect("no frame is too long");
        written += HEADER_LEN + body.len();
        // Some wait for the next ones.
        if count % 3 == 0 {
            match writer.flush() {
                Ok(()) => assert!(writer.buffered().is_empty()),
                Err(error) => assert!(is_passing(&error)),
            }
        }
        assert_eq!(writer.get_ref().output.len() + writer.buffered().len(), written);
    }
    while writer.flush().is_err_and(|error| is_passing(&error)) {}
    assert_eq!(writer.into_inner().output, stream[..written]);
}
