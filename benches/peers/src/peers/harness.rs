//! What the harness itself takes: all that is done beside decoding and encoding.

use bytes::Bytes;
use spectrum2::Payload;

use super::spectrum2::{Scratch, build, for_each_frame, show};
use crate::peer::Codec;
use crate::show::{Record, Sink, Touch};
use crate::workloads::Message;

#[derive(Default)]
pub struct Harness {
    ready: Vec<Payload<'static>>,
    scratch: Scratch,
}

impl Harness {
    /// Walks from header to header, and touches the fields of messages that were not decoded.
    #[inline(always)]
    fn walk<S: Sink + Default>(&self, stream: &[u8]) -> S {
        let mut sink = S::default();
        let mut ready = self.ready.iter();
        for_each_frame(stream, |_| {
            if let Some(payload) = ready.next() {
                show(payload, &mut sink);
            }
        });
        sink
    }
}

impl Codec for Harness {
    fn decode(&mut self, stream: &Bytes) -> Touch {
        self.walk(stream)
    }

    fn record(&mut self, stream: &Bytes) -> Record {
        self.walk(stream)
    }

    fn prepare(&mut self, messages: &'static [Message]) {
        self.ready = messages.iter().map(|message| build(message, Box::leak(Box::default()))).collect();
    }

    fn encode(&mut self) -> &[u8] {
        for payload in &self.ready {
            std::hint::black_box(payload);
        }
        &[]
    }

    fn build(&mut self, messages: &'static [Message]) -> &[u8] {
        for message in messages {
            std::hint::black_box(&build(message, &mut self.scratch));
        }
        &[]
    }
}
