//! What a backend says that it supports.

use std::collections::BTreeSet;

use spectrum2::Payload;

use super::{Opinion, Rule};

const BOOLEANS: [&str; 7] = [
    "registration.needPassword",
    NEED_REGISTRATION,
    "features.muc",
    "features.rawxml",
    "features.disable_jid_escaping",
    "features.receipts",
    "features.send_buddies_on_login",
];

const NEED_REGISTRATION: &str = "registration.needRegistration";

/// The only key that may stand more than once.
const LIST: &str = "registration.extraField";

/// What a backend supports, as the main process takes it.
#[derive(Clone, Copy, Default)]
pub struct Features {
    pub muc: bool,
    pub raw_xml: bool,
    pub receipts: bool,
    /// Also where nothing is said of it.
    pub needs_registration: bool,
}

impl Features {
    /// Reads the text of a BACKEND_CONFIG as the main process does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: spectrum2::Config = text.parse().map_err(|error| format!("{error}"))?;
        let mut keys = BTreeSet::new();
        if let Some((key, _)) = config.entries().find(|(key, _)| *key != LIST && !keys.insert(*key)) {
            return Err(format!("{key} stands there more than once"));
        }
        let flag = |key: &str| match config.get(key) {
            // For Boost, a key without a value is true.
            Some("") => Ok(true),
            _ => config.bool(key).map(Option::unwrap_or_default).map_err(|error| error.to_string()),
        };
        for key in BOOLEANS {
            flag(key)?;
        }
        Ok(Self {
            muc: flag("features.muc")?,
            raw_xml: flag("features.rawxml")?,
            receipts: flag("features.receipts")?,
            needs_registration: config.get(NEED_REGISTRATION).is_none() || flag(NEED_REGISTRATION)?,
        })
    }
}

/// The main process accepts BACKEND_CONFIG.
#[derive(Default)]
pub struct Config {
    first: Option<String>,
    needs_registration: bool,
}

impl Rule for Config {
    /// Nothing is broken by that, but by what a backend can do then.
    fn unseen(&self) -> &'static str {
        "no BACKEND_CONFIG came: the main process then offers its users neither rooms nor receipts"
    }

    /// It may be meant so: a gateway with a database registers its users.
    fn remark(&self) -> &'static str {
        if self.needs_registration {
            "needRegistration is 1, as it is unless said otherwise: in server mode without a database the main \
             process then refuses each login by itself"
        } else {
            ""
        }
    }

    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let Payload::BackendConfig(config) = payload else { return None };
        match &self.first {
            Some(first) if first == config.config => return Some(Ok(())),
            Some(_) => {
                return Some(Err(
                    "A second BACKEND_CONFIG says something else than the first. The main process takes \
                     the first alone: send it once, with all that there is to say."
                        .into(),
                ));
            }
            None => self.first = Some(config.config.to_owned()),
        }
        let features = Features::parse(config.config).map_err(|problem| format!("BACKEND_CONFIG: {problem}."));
        Some(features.map(|features| self.needs_registration = features.needs_registration))
    }
}

#[cfg(test)]
mod tests {
    use super::Features;

    #[test]
    fn registration_is_needed_unless_said_otherwise() {
        for (line, needed) in
            [("", true), ("needRegistration=", true), ("needRegistration=1", true), ("needRegistration=0", false)]
        {
            let features = Features::parse(&format!("[registration]\n{line}\n[features]\n")).unwrap();
            assert_eq!(features.needs_registration, needed, "{line}");
        }
    }

    #[test]
    fn what_the_main_process_accepts() {
        let good = [
            "",
            "[registration]\nneedPassword=1\nneedRegistration=1\nextraField=a\nextraField=b\n[features]\nmuc=1\n",
            "[features]\r\nmuc = yes # rooms\r\n",
            "[features]\nmuc=TRUE\nsomething_new=perhaps",
            "[features]\nmuc=",
        ];
        for good in good {
            assert!(Features::parse(good).is_ok_and(|features| features.muc == good.contains("muc")), "{good}");
        }
        let bad = [
            "[features]\nmuc",
            "[features\nmuc=1",
            "muc: 1",
            "{\"muc\": true}",
            "[features]\nmuc=2",
            "[features]\nmuc=1\nmuc=1",
            "[registration]\nneedPassword=always",
        ];
        for bad in bad {
            assert!(Features::parse(bad).is_err(), "{bad}");
        }
    }
}
