//! XML that goes into the streams of the users as it is.

use roxmltree::{Document, ParsingOptions};
use spectrum2::Payload;

use super::{Opinion, Rule};

/// `xhtml` and stanzas are well-formed.
#[derive(Default)]
pub struct Xml;

impl Rule for Xml {
    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let (what, text, result) = match payload {
            Payload::ConvMessage(message) => {
                let xhtml = message.xhtml.filter(|xhtml| !xhtml.is_empty())?;
                // Any number of elements and text; it is put into an element.
                ("The xhtml of TYPE_CONV_MESSAGE", xhtml, check(&format!("<body>{xhtml}</body>")))
            }
            Payload::RawXml(xml) => ("TYPE_RAW_XML", *xml, check(xml)),
            _ => return None,
        };
        Some(result.map_err(|problem| format!("{what} is not well-formed XML: {problem}, in {text:?}.")))
    }
}

fn check(xml: &str) -> Result<(), String> {
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).map_err(|error| error.to_string())?;
    // XMPP has none of them.
    match document.descendants().find(|node| node.is_comment() || node.is_pi()) {
        Some(node) if node.is_comment() => Err("a comment".into()),
        Some(_) => Err("a processing instruction".into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use spectrum2::{ConversationMessage, Payload};

    use super::{Rule, Xml};

    fn is_fine(xhtml: &str) -> bool {
        let message = ConversationMessage { xhtml: Some(xhtml), ..ConversationMessage::default() };
        Xml.received(&Payload::ConvMessage(message)).is_none_or(|opinion| opinion.is_ok())
    }

    #[test]
    fn fragments() {
        let good =
            ["", "text", "a &amp; b &#9731;", "<b>a</b> <i>b</i>", "<html xmlns='urn:x'><body>a<br/></body></html>"];
        for good in good {
            assert!(is_fine(good), "{good}");
        }
        let bad = [
            "a & b",
            "a<br>b",
            "<b>a</i>",
            "a&nbsp;b",
            "</body><body>",
            "<b a=1>c</b>",
            "<b a='1' a='2'>c</b>",
            "<x:b>c</x:b>",
            "<!-- a -->",
            "<?a b?>",
            "<!DOCTYPE a>",
            "a\u{1}b",
        ];
        for bad in bad {
            assert!(!is_fine(bad), "{bad}");
        }
    }

    #[test]
    fn stanzas() {
        let is_fine = |xml| Xml.received(&Payload::RawXml(xml)) == Some(Ok(()));
        assert!(is_fine("<message to='a@b'><body>c</body></message>"));
        assert!(!is_fine("<message/><message/>") && !is_fine("text") && !is_fine(""));
    }
}
