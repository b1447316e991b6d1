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
    random: Random,
}

impl Cutter {
    pub fn new(delivery: Delivery) -> Self {
        let seed = match delivery {
            Delivery::Cut { seed } => seed,
            _ => 0,
        };
        Self { delivery, random: Random::new(seed) }
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
                let most = 1 + self.random.below(left);
                1 + self.random.below(most)
            }
        }
    }
}

/// Numbers by chance, the same ones for the same seed: the generator `xorshift64*`.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to `limit`, and below it.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}
