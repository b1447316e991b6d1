//! Passwords, which are never shown.

use std::borrow::Cow;
use std::sync::Arc;

use crate::job::Hex;

/// Shorter passwords are hidden only where the schema has them: they are found in any text.
const SHORTEST: usize = 4;

/// Stands in their place.
pub const HIDDEN: &str = "(hidden)";

#[derive(Clone)]
pub struct Secrets(Arc<[String]>);

impl Secrets {
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        Self(secrets.filter(|secret| secret.len() >= SHORTEST).map(str::to_owned).collect())
    }

    /// The text without them, also without their bytes in hexadecimal, as a malformed frame has them.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.iter() {
            for form in [secret.clone(), Hex(secret.as_bytes()).to_string()] {
                if text.contains(&form) {
                    text = text.replace(&form, HIDDEN).into();
                }
            }
        }
        text
    }
}
