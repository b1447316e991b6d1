//! Whom the frames are about.

use std::collections::HashSet;

use spectrum2::Payload;
use spectrum2::descriptor::{Label, Value};

use super::{Opinion, Rule};

/// Every frame is about a user that the main process named.
#[derive(Default)]
pub struct Users {
    named: HashSet<String>,
}

impl Rule for Users {
    fn sent(&mut self, payload: &Payload<'_>) {
        if let Some(user) = user_of(payload) {
            self.named.insert(user);
        }
    }

    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let user = user_of(payload)?;
        if self.named.contains(&user) {
            return Some(Ok(()));
        }
        Some(Err(format!("{} is about the user {user:?}, whom the main process never named.", payload.type_name())))
    }
}

/// The schema calls the field `user` or `userName`. Where it is optional, which is in ROOM_LIST, an empty one is
/// as good as none.
fn user_of(payload: &Payload<'_>) -> Option<String> {
    let mut user = None;
    payload.message()?.visit(&mut |field, value| {
        if let ("user" | "userName", Value::String(name)) = (field.name, value) {
            user = Some(name.to_owned()).filter(|name| !name.is_empty() || field.label != Label::Optional);
        }
    });
    user
}
