//! The text of BACKEND_CONFIG.

use std::fmt::{self, Write};

use crate::message::BackendConfig;

impl BackendConfig<'_> {
    /// Starts the text that says what a backend supports.
    ///
    /// ```
    /// use spectrum2::BackendConfig;
    ///
    /// let config = BackendConfig::builder().need_registration(false).muc(true).receipts(true).build()?;
    /// assert!(config.starts_with("[registration]\nneedPassword=1\nneedRegistration=0\n[features]\nmuc=1\n"));
    /// # Ok::<(), spectrum2::ConfigFieldError>(())
    /// ```
    pub fn builder() -> BackendConfigBuilder<'static> {
        BackendConfigBuilder {
            need_password: true,
            need_registration: true,
            extra_fields: &[],
            muc: false,
            raw_xml: false,
            disable_jid_escaping: false,
            receipts: false,
            send_buddies_on_login: false,
        }
    }
}

/// Makes the text of BACKEND_CONFIG. As in the C++ library, users need a registration and a password
/// unless set otherwise, and everything else is off.
#[derive(Clone, Debug)]
pub struct BackendConfigBuilder<'a> {
    need_password: bool,
    need_registration: bool,
    extra_fields: &'a [&'a str],
    muc: bool,
    raw_xml: bool,
    disable_jid_escaping: bool,
    receipts: bool,
    send_buddies_on_login: bool,
}

impl<'a> BackendConfigBuilder<'a> {
    /// Whether users register with a password.
    #[must_use]
    pub fn need_password(mut self, on: bool) -> Self {
        self.need_password = on;
        self
    }

    /// Whether users register with a name of their own in the legacy network.
    ///
    /// As a server (`server_mode = 1`) without a database, the main process has no registrations: where they
    /// are needed it refuses each login, and the backend does not hear of it.
    #[must_use]
    pub fn need_registration(mut self, on: bool) -> Self {
        self.need_registration = on;
        self
    }

    /// More fields of the registration; their values come with LOGIN.
    #[must_use]
    pub fn extra_fields<'b>(self, names: &'b [&'b str]) -> BackendConfigBuilder<'b>
    where
        'a: 'b,
    {
        BackendConfigBuilder { extra_fields: names, ..self }
    }

    /// Whether the network has rooms.
    #[must_use]
    pub fn muc(mut self, on: bool) -> Self {
        self.muc = on;
        self
    }

    /// Whether stanzas are exchanged as XML, in place of messages.
    #[must_use]
    pub fn raw_xml(mut self, on: bool) -> Self {
        self.raw_xml = on;
        self
    }

    /// Whether names go into JIDs as they are.
    #[must_use]
    pub fn disable_jid_escaping(mut self, on: bool) -> Self {
        self.disable_jid_escaping = on;
        self
    }

    /// Whether the backend sends receipts.
    #[must_use]
    pub fn receipts(mut self, on: bool) -> Self {
        self.receipts = on;
        self
    }

    /// Whether the roster comes right after LOGIN.
    #[must_use]
    pub fn send_buddies_on_login(mut self, on: bool) -> Self {
        self.send_buddies_on_login = on;
        self
    }

    /// The text.
    ///
    /// # Errors
    /// The name of an extra field that would not come back out of the text as it is. The main process
    /// would discard all of it, or show another name.
    pub fn build(&self) -> Result<String, ConfigFieldError> {
        let mut text = String::from("[registration]\n");
        let flag = |text: &mut String, key: &str, on: bool| {
            text.push_str(key);
            text.push_str(if on { "=1\n" } else { "=0\n" });
        };
        flag(&mut text, "needPassword", self.need_password);
        flag(&mut text, "needRegistration", self.need_registration);
        for name in self.extra_fields {
            if name.trim() != *name || name.contains(|character: char| character == '#' || character.is_control()) {
                return Err(ConfigFieldError((*name).to_owned()));
            }
            // Writing to a string does not fail.
            let _ = writeln!(text, "extraField={name}");
        }
        text.push_str("[features]\n");
        flag(&mut text, "muc", self.muc);
        flag(&mut text, "rawxml", self.raw_xml);
        flag(&mut text, "disable_jid_escaping", self.disable_jid_escaping);
        // The C++ library knows neither of these, so they are written only where they say something.
        if self.receipts {
            flag(&mut text, "receipts", true);
        }
        if self.send_buddies_on_login {
            flag(&mut text, "send_buddies_on_login", true);
        }
        Ok(text)
    }
}

/// The name of an extra field that cannot stand in BACKEND_CONFIG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFieldError(String);

impl fmt::Display for ConfigFieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the extra field {:?} has white space around it, a '#' or a control character", self.0)
    }
}

impl std::error::Error for ConfigFieldError {}

impl From<ConfigFieldError> for std::io::Error {
    fn from(error: ConfigFieldError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
