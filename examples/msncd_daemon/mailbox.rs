//! What an account is told at its next poll. Messages are kept within bounds.

use std::collections::{BTreeSet, VecDeque};

/// The most events that wait but for messages and statuses. Beyond that the oldest is forgotten: what
/// changed on the lists GETCL and GETRCL tell. Of statuses, one waits for each account at the most.
pub const MOST_EVENTS: usize = 1000;

/// How much is kept for an account: what waits, and what it may not have got.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub messages: usize,
    /// The bytes of their texts.
    pub bytes: usize,
}

pub struct Message {
    pub from: String,
    pub text: String,
    /// The account was logged off when it, or one before it, came: its sender is to know of its arrival.
    pub stored: bool,
}

pub enum Waiting {
    Message(Message),
    /// The status is the one of the moment when it is told.
    Status {
        email: String,
        discarded: u32,
    },
    Typing {
        email: String,
    },
    /// Any other event, as it goes out.
    Line(String),
}

impl Waiting {
    /// By [`MOST_EVENTS`].
    fn is_bounded(&self) -> bool {
        matches!(self, Self::Typing { .. } | Self::Line(_))
    }
}

#[derive(Default)]
pub struct Mailbox {
    waiting: VecDeque<Waiting>,
    /// What the last poll told. The next command shows that it arrived; where a connection is lost
    /// before that, it waits again.
    unconfirmed: Vec<Waiting>,
    /// Of both: messages, and the bytes of their texts.
    messages: usize,
    bytes: usize,
}

impl Mailbox {
    /// Adds a message. What is over the bounds comes back: the oldest messages, but none that may have
    /// arrived already.
    pub fn add_message(&mut self, message: Message, bounds: Bounds) -> Vec<Message> {
        self.messages += 1;
        self.bytes += message.text.len();
        self.waiting.push_back(Waiting::Message(message));
        let mut discarded = Vec::new();
        while self.messages > bounds.messages || self.bytes > bounds.bytes {
            let oldest = self.waiting.iter().position(|waiting| matches!(waiting, Waiting::Message(_)));
            let Some(Waiting::Message(message)) = oldest.and_then(|oldest| self.waiting.remove(oldest)) else { break };
            self.forget(&message);
            discarded.push(message);
        }
        discarded
    }

    fn forget(&mut self, message: &Message) {
        self.messages -= 1;
        self.bytes -= message.text.len();
    }

    /// Adds an event other than a message. What waits already is told once, where it came last: what
    /// came between may have said the opposite.
    pub fn add(&mut self, mut event: Waiting) {
        let mut others = 0;
        self.waiting.retain(|earlier| {
            let stays = !replaces(&mut event, earlier);
            others += usize::from(stays && earlier.is_bounded());
            stays
        });
        if others >= MOST_EVENTS && event.is_bounded() {
            let oldest = self.waiting.iter().position(Waiting::is_bounded);
            oldest.and_then(|oldest| self.waiting.remove(oldest));
        }
        self.waiting.push_back(event);
    }

    /// All that waits, in its order. [`told`](Self::told) takes it back.
    pub fn take(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// What was taken has been told; whether it arrives is to be seen.
    pub fn told(&mut self, events: VecDeque<Waiting>) {
        self.unconfirmed.extend(events);
    }

    /// What was told has arrived. Returns the senders of stored messages among it, but for those of whom
    /// others wait, which they would take for delivered too: they are told with the last of them.
    pub fn confirm(&mut self) -> BTreeSet<String> {
        let mut flushed = BTreeSet::new();
        for event in std::mem::take(&mut self.unconfirmed) {
            if let Waiting::Message(message) = event {
                self.forget(&message);
                flushed.extend(message.stored.then_some(message.from));
            }
        }
        if flushed.is_empty() {
            return flushed;
        }
        let mut later = BTreeSet::new();
        for event in &mut self.waiting {
            if let Waiting::Message(message) = event
                && flushed.contains(&message.from)
            {
                message.stored = true;
                later.insert(message.from.clone());
            }
        }
        &flushed - &later
    }

    /// What was told may not have arrived, and waits again, where it stood.
    pub fn take_back(&mut self) {
        let later = std::mem::take(&mut self.waiting);
        self.waiting = self.unconfirmed.drain(..).collect();
        for event in later {
            match event {
                Waiting::Message(_) => self.waiting.push_back(event),
                event => self.add(event),
            }
        }
    }

    /// Leaves out what means nothing at the next login: a contact list has the statuses.
    pub fn forget_moods(&mut self) {
        self.waiting.retain(|event| !matches!(event, Waiting::Status { discarded: 0, .. } | Waiting::Typing { .. }));
    }
}

/// Whether `event` says what `earlier` says too; it takes over the count of what was discarded.
fn replaces(event: &mut Waiting, earlier: &Waiting) -> bool {
    match (event, earlier) {
        (Waiting::Status { email, discarded }, Waiting::Status { email: other, discarded: more }) if email == other => {
            *discarded = discarded.saturating_add(*more);
            true
        }
        (Waiting::Typing { email }, Waiting::Typing { email: other }) => email == other,
        (Waiting::Line(line), Waiting::Line(other)) => line == other,
        _ => false,
    }
}
