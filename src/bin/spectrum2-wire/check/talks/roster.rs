//! Contacts and their cards.

use spectrum2::{Buddy, List, Payload, StatusType, VCard};

use super::{Outcome, passed};
use crate::check::session::{Session, Trouble, fail, not_tried};

/// A picture of one pixel, as PNG.
const PHOTO: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\
    \x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\x0a\x49\x44\x41\x54\x78\xda\x63\x60\x00\x00\x00\
    \x02\x00\x01\xe5\x27\xde\xfc\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// The numbers of two requests for cards.
const IDS: [i32; 2] = [41, 42];

pub fn contact(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.login(account)?;
    let name = session.setup.options.new_contact.as_str();
    let buddy = |alias, group| Buddy {
        user_name: account.user,
        buddy_name: name,
        alias: Some(alias),
        group,
        status: Some(StatusType::None),
        ..Buddy::default()
    };
    let requests = [
        ("adding a contact", Payload::BuddyChanged(buddy("", List::from(&[])))),
        ("editing a contact", Payload::BuddyChanged(buddy("Alias", List::from(&["Friends", "Colleagues"])))),
        ("removing a contact", Payload::BuddyRemoved(buddy("Alias", List::from(&["Friends", "Colleagues"])))),
    ];
    let mut answered = Vec::new();
    for (what, request) in requests {
        session.send(what, &[request])?;
        if answer_about(session, name)? {
            answered.push(what);
        }
        session.survives()?;
    }
    Ok(match answered.as_slice() {
        [] => "survived; no answer, as none need be".into(),
        answered => format!("answered {}", answered.join(", ")),
    })
}

/// Waits for a word about a contact, as long as something may still come.
fn answer_about(session: &mut Session<'_>, name: &str) -> Result<bool, Trouble> {
    let answer = session.wait(session.setup.options.optional_timeout, |payload| match payload {
        Payload::BuddyChanged(buddy) | Payload::BuddyRemoved(buddy) if buddy.buddy_name == name => Some(()),
        _ => None,
    })?;
    Ok(answer.is_some())
}

pub fn vcard(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.login(account)?;
    let buddy_name = session.setup.options.contact.as_str();
    let requests = IDS.map(|id| Payload::VCard(VCard { user_name: account.user, buddy_name, id, ..VCard::default() }));
    session.send("two requests for a card", &requests)?;
    let mut open = IDS.to_vec();
    while let Some(expected) = open.first().copied() {
        let patience = match open.len() == IDS.len() {
            true => session.setup.options.optional_timeout,
            // Who answers one answers the other.
            false => session.setup.options.timeout,
        };
        let id = session.wait(patience, |payload| match payload {
            Payload::VCard(card) => Some(card.id),
            _ => None,
        })?;
        match id {
            Some(id) if open.contains(&id) => open.retain(|open| *open != id),
            Some(id) => {
                return fail(format!(
                    "A VCARD came with the id {id}; asked for were {} and {}, each once.",
                    IDS[0], IDS[1]
                ));
            }
            None if open.len() == IDS.len() => return not_tried("no VCARD came, as none need"),
            None => {
                return fail(format!("Of two requests for a card, the one with the id {expected} was not answered."));
            }
        }
    }
    session.survives()?;
    passed()
}

pub fn own_vcard(session: &mut Session<'_>) -> Outcome {
    session.begin()?;
    let account = session.setup.account();
    session.login(account)?;
    let card = VCard {
        user_name: account.user,
        buddy_name: "",
        id: 0,
        nickname: Some("Checker"),
        photo: Some(PHOTO),
        ..VCard::default()
    };
    session.send("an update of the user's own card", &[Payload::VCard(card)])?;
    session.survives()?;
    passed()
}
