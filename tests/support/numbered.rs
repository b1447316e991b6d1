//! Messages with numbers, so that the other end sees whether one is lost, repeated, late or mixed up
//! with another.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use spectrum2::ConversationMessage;

/// The text of a message: of a length that crosses every boundary of buffers, of letters that the
/// next ones do not have.
fn text(number: usize) -> String {
    let letter = char::from(b'a' + (number % 26) as u8);
    letter.to_string().repeat(number * 37 % 5000)
}

/// Makes message `number` of `who`, and hands it to `take`.
pub fn say<R>(who: &str, number: usize, take: impl FnOnce(&ConversationMessage<'_>) -> R) -> R {
    take(&ConversationMessage {
        user_name: who,
        buddy_name: &number.to_string(),
        message: &text(number),
        ..ConversationMessage::default()
    })
}

/// How many messages each one has said: numbers 0, 1, 2, and so on, of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard(BTreeMap<String, usize>);

impl Heard {
    /// Takes the next message, which has to be the one after the last of the same speaker.
    #[track_caller]
    pub fn hear(&mut self, message: &ConversationMessage<'_>) {
        let next = self.0.entry(message.user_name.to_owned()).or_default();
        assert_eq!(message.buddy_name, next.to_string(), "{}", message.user_name);
        assert!(message.message == text(*next), "{} {next} is not whole", message.user_name);
        *next += 1;
    }

    /// That each of these has said `count` messages.
    pub fn of_each(speakers: impl IntoIterator<Item = String>, count: usize) -> Self {
        Self(speakers.into_iter().map(|who| (who, count)).collect())
    }

    /// How many messages `who` has said.
    pub fn of(&self, who: &str) -> usize {
        self.0.get(who).copied().unwrap_or_default()
    }

    /// How many messages there were.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }
}
