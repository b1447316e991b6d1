//! Passwords, which are never shown.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use data_encoding::BASE64;

/// Shorter passwords are hidden only where the schema has them: they are found in any text.
const SHORTEST: usize = 4;

/// Stands in their place.
pub const HIDDEN: &str = "(hidden)";

/// Stands for what is left out of a long text.
const CUT: &str = "…";

/// A secret in one encoding: what may stand for each part of it, one after the other.
type Pattern = Vec<Vec<String>>;

#[derive(Clone)]
pub struct Secrets(Arc<[Pattern]>);

impl Secrets {
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let secrets: BTreeSet<_> = secrets.filter(|secret| secret.len() >= SHORTEST).collect();
        Self(secrets.into_iter().flat_map(patterns).collect())
    }

    /// The first `most` bytes of the text without them, also without one that goes beyond.
    pub fn hide<'t>(&self, text: &'t str, most: usize) -> Cow<'t, str> {
        let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        let mut shown = String::new();
        // What is behind the last secret starts here.
        let mut rest = 0;
        for (start, _) in text[..end].char_indices() {
            let Some(length) = self.longest_at(&text[start..]) else { continue };
            // Those that overlap are hidden together.
            if start >= rest {
                shown += &text[rest..start];
                shown += HIDDEN;
            }
            rest = rest.max(start + length);
        }
        if rest == 0 && end == text.len() {
            return text.into();
        }
        shown += text.get(rest..end).unwrap_or_default();
        if end < text.len() {
            shown += CUT;
        }
        shown.into()
    }

    /// The number of bytes that the longest secret has that the text begins with.
    fn longest_at(&self, text: &str) -> Option<usize> {
        self.0.iter().filter_map(|pattern| longest_match(pattern, text)).max()
    }
}

/// One form may begin with another one, such as a quoted backslash with a backslash: all ways are tried at once.
fn longest_match(pattern: &Pattern, text: &str) -> Option<usize> {
    let mut ends = vec![0];
    for forms in pattern {
        let with_form = |end: usize| {
            forms.iter().filter(move |form| text[end..].starts_with(*form)).map(move |form| end + form.len())
        };
        ends = ends.into_iter().flat_map(with_form).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.last()?;
    }
    ends.last().copied()
}

/// As a backend may print a secret, or send it.
fn patterns(secret: &str) -> [Pattern; 5] {
    let as_text = secret.chars().map(escaped_forms).collect();
    let as_hexadecimal = secret.bytes().map(|byte| vec![format!("{byte:02x}"), format!("{byte:02X}")]).collect();
    let as_base64 = |behind| base64(secret.as_bytes(), behind);
    [as_text, as_hexadecimal, as_base64(0), as_base64(1), as_base64(2)]
}

/// A character as it is, quoted once and twice as Rust, JSON, Python or C do, as XML, and as in a URL.
fn escaped_forms(character: char) -> Vec<String> {
    let code = u32::from(character);
    let mut forms = vec![character.to_string(), format!("&#{code};"), format!("&#x{code:x};"), format!("&#x{code:X};")];
    forms.extend(name_in_xml(character).map(str::to_owned));
    let bytes = character.to_string().into_bytes();
    forms.push(bytes.iter().map(|byte| format!("%{byte:02X}")).collect());
    forms.push(bytes.iter().map(|byte| format!("%{byte:02x}")).collect());
    forms.extend((character == ' ').then(|| "+".to_owned()));
    let mut units = [0; 2];
    let units = character.encode_utf16(&mut units).iter();
    forms.push(units.map(|unit| format!("\\u{unit:04x}")).collect());
    let quoted = character.escape_debug().to_string();
    forms.push(quoted.escape_debug().to_string());
    forms.push(quoted);
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn name_in_xml(character: char) -> Option<&'static str> {
    Some(match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&apos;",
        _ => return None,
    })
}

/// The digits that are the same whatever stands before and after, when the secret is the part of a text that
/// begins `behind` bytes after a multiple of three.
fn base64(secret: &[u8], behind: usize) -> Pattern {
    let bytes = [&[0; 2][..behind], secret].concat();
    let digits = BASE64.encode(&bytes);
    let whole = (8 * behind).div_ceil(6)..8 * bytes.len() / 6;
    let forms = |digit| match digit {
        '+' => vec!["+".into(), "-".into()],
        '/' => vec!["/".into(), "_".into()],
        digit => vec![digit.to_string()],
    };
    digits[whole].chars().map(forms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = usize::MAX;

    fn secrets(secrets: &[&str]) -> Secrets {
        Secrets::new(secrets.iter().copied())
    }

    /// What quoting and encoding make of it, by others than the patterns.
    #[test]
    fn each_form_is_hidden() {
        let secret = "h\"u\\n'<t>&é☃😀/";
        let secrets = secrets(&[secret]);
        let json = serde_json::to_string(secret).unwrap();
        let forms = [
            secret.to_owned(),
            format!("{secret:?}"),
            format!("{:?}", format!("{secret:?}")),
            json.clone(),
            format!("{json:?}"),
            r#"h\"u\\n'<t>&\u00e9\u2603\ud83d\ude00/"#.to_owned(),
            "h&quot;u\\n&apos;&lt;t&gt;&amp;é☃😀/".to_owned(),
            "h\"u\\n'&lt;t>&amp;é☃😀/".to_owned(),
            "h&#34;u\\n&#39;&#x3c;t&#x3E;&#38;é☃😀/".to_owned(),
            "h%22u%5Cn'%3Ct%3E%26%C3%A9%E2%98%83%F0%9F%98%80/".to_owned(),
            "h%22u%5cn%27%3ct%3e%26%c3%a9%e2%98%83%f0%9f%98%80%2f".to_owned(),
            data_encoding::HEXLOWER.encode(secret.as_bytes()),
            data_encoding::HEXUPPER.encode(secret.as_bytes()),
        ];
        for form in forms {
            let hidden = secrets.hide(&form, ALL).into_owned();
            assert!(
                [HIDDEN, "\"(hidden)\"", r#"\"(hidden)\""#, r#""\"(hidden)\"""#].contains(&hidden.as_str()),
                "{form}: {hidden}"
            );
            let text = format!("before {form} after");
            assert_eq!(secrets.hide(&text, ALL), format!("before {hidden} after"));
        }
    }

    #[test]
    fn a_space_is_a_plus_in_a_query() {
        let secrets = secrets(&["two words"]);
        assert_eq!(secrets.hide("?password=two+words&b=two%20words", ALL), "?password=(hidden)&b=(hidden)");
    }

    #[test]
    fn base64_is_hidden_wherever_the_secret_begins() {
        for encoding in [data_encoding::BASE64, data_encoding::BASE64URL_NOPAD] {
            for secret in ["\u{3ff}?>?>~~~", "secret"] {
                for (before, after) in [("", ""), ("a", "bc"), ("ab", "c"), ("abc", ""), ("\0alice\0", "\0")] {
                    let text = encoding.encode(format!("{before}{secret}{after}").as_bytes());
                    let hidden = secrets(&[secret]).hide(&text, ALL).into_owned();
                    // Digits on its edges are of its neighbours as well.
                    assert!(hidden.contains(HIDDEN), "{text}: {hidden}");
                    let shown = encoding.encode(before.as_bytes()).len() + encoding.encode(after.as_bytes()).len() + 2;
                    assert!(hidden.len() <= HIDDEN.len() + shown, "{text}: {hidden}");
                }
            }
        }
    }

    #[test]
    fn overlapping_secrets_are_hidden_together() {
        let secrets = secrets(&["pass", "password", "words", "pass", ""]);
        assert_eq!(secrets.hide("a password, passwords, pass; word", ALL), "a (hidden), (hidden), (hidden); word");
        assert_eq!(secrets.hide("passpass", ALL), "(hidden)(hidden)");
    }

    #[test]
    fn nothing_is_hidden_where_no_secret_is_long_enough() {
        let secrets = secrets(&["", "abc"]);
        assert_eq!(secrets.hide("abcdef", ALL), "abcdef");
        assert_eq!(secrets.hide("", ALL), "");
    }

    #[test]
    fn a_cut_leaves_no_part_of_a_secret() {
        let secrets = secrets(&["secret"]);
        let text = "the secret is ☃";
        let cuts = (0..text.len() + 2).map(|most| secrets.hide(text, most).into_owned());
        let mut expected: Vec<_> = ["…", "t…", "th…", "the…", "the …"].map(str::to_owned).into();
        expected.extend(vec!["the (hidden)…".to_owned(); 6]);
        expected.extend(["the (hidden) …", "the (hidden) i…", "the (hidden) is…"].map(str::to_owned));
        expected.extend(vec!["the (hidden) is …".to_owned(); 3]);
        expected.extend(vec!["the (hidden) is ☃".to_owned(); 2]);
        assert_eq!(cuts.collect::<Vec<_>>(), expected);
    }
}
