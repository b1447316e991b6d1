//! Messages between the user and a contact.

use spectrum2::{ConversationMessage, Payload};

use super::Outcome;
use crate::check::session::{Session, Trouble, fail, not_tried};

/// The id of the message that a receipt is asked for.
const ID: &str = "spectrum2-check-1";

/// Logs in, where messages are exchanged as messages.
pub fn begin(session: &mut Session<'_>) -> Result<(), Trouble> {
    session.begin()?;
    if session.features().raw_xml {
        return not_tried("the backend says rawxml=1, so messages are stanzas");
    }
    session.login(session.setup.account())
}

/// A message as the main process sends it.
pub fn message<'a>(session: &Session<'a>, text: &'a str) -> ConversationMessage<'a> {
    ConversationMessage {
        user_name: &session.setup.options.user,
        buddy_name: &session.setup.options.contact,
        message: text,
        xhtml: Some(""),
        ..ConversationMessage::default()
    }
}

pub fn messages(session: &mut Session<'_>) -> Outcome {
    begin(session)?;
    let setup = session.setup;
    let mut sent = vec![
        message(session, "Hello from spectrum2-wire"),
        message(session, "Two\nlines"),
        message(session, "Gr\u{fc}\u{df}e \u{2603} \u{1f600} <&>\"'"),
        ConversationMessage { xhtml: Some("<b>bold</b> &amp; plain"), ..message(session, "bold & plain") },
    ];
    sent.extend(setup.options.messages.iter().map(|text| message(session, text)));
    let mut replies = 0;
    for message in &sent {
        session.send("a message to a contact", &[Payload::ConvMessage(*message)])?;
        session.survives_within(setup.options.timeout, |payload| replies += usize::from(is_message(payload)))?;
    }
    // Whatever is said back is for the checks that watch.
    while replies < sent.len() {
        let reply = session.wait(setup.options.optional_timeout, |payload| is_message(payload).then_some(()))?;
        if reply.is_none() {
            break;
        }
        replies += 1;
    }
    Ok(format!("{} sent, {replies} received", sent.len()))
}

fn is_message(payload: &Payload<'_>) -> bool {
    matches!(payload, Payload::ConvMessage(_))
}

pub fn receipts(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    if !session.features().receipts {
        return not_tried("the backend does not say receipts=1 in BACKEND_CONFIG");
    }
    begin(session)?;
    let asked = ConversationMessage { id: Some(ID), ..message(session, "A message with an id") };
    session.send("a message with an id", &[Payload::ConvMessage(asked)])?;
    let id = session.wait(session.setup.options.optional_timeout, |payload| match payload {
        Payload::ConvMessageAck(receipt) => Some(receipt.id.map(str::to_owned)),
        _ => None,
    })?;
    match id {
        Some(Some(id)) if id == ID => Ok("CONV_MESSAGE_ACK came".into()),
        Some(id) => {
            let id = id.unwrap_or_default();
            fail(format!("CONV_MESSAGE_ACK has the id {id:?}; that of the message was {ID:?}."))
        }
        None => not_tried("no receipt came, which may be right: the contact may not have received the message"),
    }
}
