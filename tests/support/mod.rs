//! What the tests over loopback share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::time::Duration;

/// Never waited for, except by a test that fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// How a stream is handed over.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// In one write.
    Whole,
    /// In pieces of one byte.
    ByteByByte,
    /// In pieces of any length, by a generator that starts from this.
    Cut { seed: u64 },
}

/// Every delivery that a test goes through.
pub const DELIVERIES: [Delivery; 6] = [
    Delivery::Whole,
    Delivery::ByteByByte,
    Delivery::Cut { seed: 1 },
    Delivery::Cut { seed: 2 },
    Delivery::Cut { seed: 3 },
    Delivery::Cut { seed: 4 },
];

/// Runs a test with every delivery. The last one shown is the one that fails.
pub fn with_every_delivery(mut test: impl FnMut(Cutter)) {
    for delivery in DELIVERIES {
        println!("{delivery:?}");
        test(Cutter::new(delivery));
    }
}

/// Cuts streams.
pub struct Cutter {
    delivery: Delivery,
    state: u64,
}

impl Cutter {
    pub fn new(delivery: Delivery) -> Self {
        let state = match delivery {
            Delivery::Cut { seed } => seed,
            _ => 0,
        };
        Self { delivery, state }
    }

    /// Calls `take` with each piece of a stream.
    pub fn pieces(&mut self, mut stream: &[u8], mut take: impl FnMut(&[u8])) {
        while !stream.is_empty() {
            let (piece, rest) = stream.split_at(self.length(stream.len()));
            take(piece);
            stream = rest;
        }
    }

    fn length(&mut self, left: usize) -> usize {
        match self.delivery {
            Delivery::Whole => left,
            Delivery::ByteByByte => 1,
            // A few bytes as often as a half of all.
            Delivery::Cut { .. } => {
                let most = 1 + self.number() % left;
                1 + self.number() % most
            }
        }
    }

    /// The generator `xorshift64*`.
    fn number(&mut self) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }
}
