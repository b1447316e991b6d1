//! What every peer can do, and what those with a message type of their own share.

use bytes::Bytes;

use crate::show::{Record, Sink, Touch};
use crate::workloads::Message;

/// One implementation, as the measurements see it.
pub trait Codec {
    /// Decodes all frames of `stream` and touches every field.
    fn decode(&mut self, stream: &Bytes) -> Touch;

    /// Decodes all frames of `stream` and records every field.
    fn record(&mut self, stream: &Bytes) -> Record;

    /// Builds the messages that [`encode`](Self::encode) encodes.
    fn prepare(&mut self, messages: &'static [Message]);

    /// Encodes the messages that are ready as frames.
    fn encode(&mut self) -> &[u8];

    /// Builds messages from plain values and encodes them as frames.
    fn build(&mut self, messages: &'static [Message]) -> &[u8];
}

/// A peer that decodes one frame at a time and encodes a message type of its own.
pub trait Peer {
    type Message;

    /// Hears of the stream whose frames come next.
    fn start(&mut self, _: &Bytes) {}

    /// Decodes the body of a frame and shows every field.
    fn read(&mut self, body: &[u8], sink: &mut impl Sink);

    fn build(plain: &Message) -> Self::Message;

    /// Encodes the body of a frame to the end of `output`.
    fn write(&mut self, message: &Self::Message, output: &mut Vec<u8>);
}

/// A [`Peer`] with what it has ready and where it writes to.
pub struct Bench<P: Peer> {
    peer: P,
    ready: Vec<P::Message>,
    output: Vec<u8>,
}

impl<P: Peer> Bench<P> {
    pub fn new(peer: P) -> Self {
        Self { peer, ready: Vec::new(), output: Vec::new() }
    }

    fn read_all<S: Sink + Default>(&mut self, stream: &Bytes) -> S {
        self.peer.start(stream);
        let mut sink = S::default();
        for body in bodies(stream) {
            self.peer.read(body, &mut sink);
        }
        sink
    }
}

impl<P: Peer> Codec for Bench<P> {
    fn decode(&mut self, stream: &Bytes) -> Touch {
        self.read_all(stream)
    }

    fn record(&mut self, stream: &Bytes) -> Record {
        self.read_all(stream)
    }

    fn prepare(&mut self, messages: &'static [Message]) {
        self.ready = messages.iter().map(P::build).collect();
    }

    fn encode(&mut self) -> &[u8] {
        self.output.clear();
        for message in &self.ready {
            write_frame(&mut self.output, |output| self.peer.write(message, output));
        }
        &self.output
    }

    fn build(&mut self, messages: &'static [Message]) -> &[u8] {
        self.output.clear();
        for message in messages {
            let message = P::build(message);
            write_frame(&mut self.output, |output| self.peer.write(&message, output));
        }
        &self.output
    }
}

/// The bodies of the frames in `stream`, all complete.
#[inline(always)]
pub fn bodies(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let (header, behind) = rest.split_first_chunk()?;
        let (body, behind) = behind.split_at(u32::from_be_bytes(*header) as usize);
        rest = behind;
        Some(body)
    })
}

/// Appends a header, and the body that `write_body` appends.
#[inline(always)]
pub fn write_frame(output: &mut Vec<u8>, write_body: impl FnOnce(&mut Vec<u8>)) {
    let start = output.len();
    output.extend([0; 4]);
    write_body(output);
    let length = (output.len() - start - 4) as u32;
    output[start..start + 4].copy_from_slice(&length.to_be_bytes());
}
