//! A message that is larger than any buffer.

use std::time::Duration;

use spectrum2::Payload;

use super::Outcome;
use super::messages::{begin, message};
use crate::check::session::{Session, Trouble, fail};

/// What the large message is made of. Short ones have it once.
const LINE: &str = "0123456789abcde\n";
const BEFORE: &str = "Before the large message\n0123456789abcde";
const AFTER: &str = "After the large message\n0123456789abcde";

const WHOLE: &str = "it came back whole";

/// A contact may say what it likes. Where it says back what it is told, a large message is not to lose its end.
pub fn large(session: &mut Session<'_>) -> Outcome {
    begin(session)?;
    let options = &session.setup.options;
    let text = LINE.repeat(options.large_size as usize * 1_000_000 / LINE.len());
    // Networks may trim it.
    let text = text.trim_end();
    let doing = format!("a message of {} MB", options.large_size);

    let before = exchange(session, "a short message", BEFORE, options.timeout, |_| true)?;
    let replies = exchange(session, &doing, text, 3 * options.timeout, |_| true)?;
    if replies.is_malformed && !before.is_malformed {
        return fail(format!("What came back of {doing} is malformed; what came back of a short one was not."));
    }
    if replies.any(|reply| reply.contains(text)) {
        return Ok(WHOLE.into());
    }
    match before.texts.iter().find_map(|reply| Echo::of(reply)) {
        Some(echo) => look_for_parts(session, &doing, text, &echo, replies),
        None => Ok(replies.what_else()),
    }
}

/// A message may come back in parts.
fn look_for_parts(session: &mut Session<'_>, doing: &str, text: &str, echo: &Echo, mut replies: Replies) -> Outcome {
    let something_else = replies.what_else();
    let timeout = session.setup.options.timeout;
    // What is still to come of it comes before what is said after it.
    let is_after = |reply: &str| reply.contains(AFTER);
    replies.texts.extend(exchange(session, "a short message after it", AFTER, timeout, is_after)?.texts);
    let parts: Vec<&str> = replies.texts.iter().filter_map(|reply| echo.part(reply, text)).collect();
    match parts.as_slice() {
        [] => Ok(something_else),
        [part] if part.len() == text.len() => Ok(WHOLE.into()),
        [part] if replies.any(is_after) => fail(format!(
            "Of {doing}, {} of {} bytes came back, where a short message comes back whole.",
            part.len(),
            text.len()
        )),
        parts => Ok(format!("it came back in parts, {} so far", parts.len())),
    }
}

/// How a contact says back what it was told.
struct Echo {
    front: String,
    back: String,
}

impl Echo {
    /// As it shows in the reply to a short message.
    fn of(reply: &str) -> Option<Self> {
        let (front, back) = reply.split_once(BEFORE)?;
        Some(Self { front: front.to_owned(), back: back.to_owned() })
    }

    /// The front of a text that is said back, whole or cut, and nothing else.
    fn part<'r>(&self, reply: &'r str, text: &str) -> Option<&'r str> {
        let said = reply.strip_prefix(&self.front)?;
        let said = said.strip_suffix(&self.back).unwrap_or(said);
        (!said.is_empty() && text.starts_with(said)).then_some(said)
    }
}

/// What came back of a message.
struct Replies {
    texts: Vec<String>,
    /// Whether anything else came back that cannot be decoded.
    is_malformed: bool,
}

impl Replies {
    fn any(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.texts.iter().any(|text| is_it(text))
    }

    /// What there is to say where it is not what was sent.
    fn what_else(&self) -> String {
        match self.texts.as_slice() {
            [] => "nothing of it came back, as nothing need".into(),
            _ => "something else came back, as it may".into(),
        }
    }
}

/// Sends a message, and reads what comes back up to the last that is waited for.
fn exchange(
    session: &mut Session<'_>,
    doing: &str,
    text: &str,
    timeout: Duration,
    is_last: impl Fn(&str) -> bool,
) -> Result<Replies, Trouble> {
    let text_of = |payload: &Payload<'_>| match payload {
        Payload::ConvMessage(reply) => Some(reply.message.to_owned()),
        _ => None,
    };
    let malformed = session.malformed();
    let mut replies = Replies { texts: Vec::new(), is_malformed: false };
    session.send(doing, &[Payload::ConvMessage(message(session, text))])?;
    session.survives_within(timeout, |payload| replies.texts.extend(text_of(payload)))?;
    replies.is_malformed = session.malformed() > malformed;
    while !replies.is_malformed && !replies.any(&is_last) {
        let reply = session.wait(session.setup.options.optional_timeout, text_of)?;
        replies.is_malformed = session.malformed() > malformed;
        match reply {
            Some(reply) => replies.texts.push(reply),
            None => break,
        }
    }
    Ok(replies)
}
