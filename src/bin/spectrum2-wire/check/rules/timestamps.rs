//! When a message was written.

use spectrum2::Payload;

use super::{Opinion, Rule};

/// Timestamps have the form that the main process can read.
#[derive(Default)]
pub struct Timestamps;

impl Rule for Timestamps {
    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let (Payload::ConvMessage(message)
        | Payload::ConvMessageAck(message)
        | Payload::Attention(message)
        | Payload::RoomSubjectChanged(message)) = payload
        else {
            return None;
        };
        let timestamp = message.timestamp.filter(|timestamp| !timestamp.is_empty())?;
        Some(match is_timestamp(timestamp) {
            true => Ok(()),
            false => Err(format!("{} has the timestamp {timestamp:?}.", payload.type_name())),
        })
    }
}

/// `YYYYMMDDThhmmss`, and maybe a `Z`.
fn is_timestamp(text: &str) -> bool {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let Some((date, time)) = text.split_once('T') else { return false };
    let is_digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(date, 8) || !is_digits(time, 6) {
        return false;
    }
    let part = |text: &str, start: usize| text.get(start..start + 2).and_then(|part| part.parse().ok());
    let is_within = |part: Option<u8>, least, most| part.is_some_and(|part| (least..=most).contains(&part));
    is_within(part(date, 4), 1, 12)
        && is_within(part(date, 6), 1, 31)
        && is_within(part(time, 0), 0, 23)
        && is_within(part(time, 2), 0, 59)
        && is_within(part(time, 4), 0, 60)
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn form() {
        for good in ["20200102T030405", "20200102T030405Z", "20201231T235960"] {
            assert!(is_timestamp(good), "{good}");
        }
        let bad = [
            "2020-01-02T03:04:05Z",
            "20200102 030405",
            "20200102T0304",
            "20200102T030405.123",
            "20200102T030405ZZ",
            "20200102T030405+0100",
            "20200002T030405",
            "20201302T030405",
            "20200132T030405",
            "20200102T240405",
            "20200102T036005",
            "1577934245",
            "\u{0662}0200102T030405",
        ];
        for bad in bad {
            assert!(!is_timestamp(bad), "{bad}");
        }
    }
}
