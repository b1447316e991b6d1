//! The report in the form of JUnit, for CI.
//!
//! It is six elements. The crate `quick-junit` would bring ten others with it, `chrono` and `uuid` among them.

use std::fmt::{self, Display, Write as _};
use std::fs;
use std::io;
use std::path::Path;

use super::report::{Report, Summary, Verdict};

pub fn write(path: &Path, backend: &str, reports: &[Report], summary: &Summary) -> io::Result<()> {
    fs::write(path, suite(backend, reports, summary).map_err(io::Error::other)?)
}

fn suite(backend: &str, reports: &[Report], summary: &Summary) -> Result<String, fmt::Error> {
    let Summary { failed, not_tried, .. } = summary;
    let all = reports.len();
    let all_seconds: f64 = reports.iter().map(seconds).sum();
    let counts =
        format!(r#"tests="{all}" failures="{failed}" errors="0" skipped="{not_tried}" time="{all_seconds:.3}""#);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writeln!(xml, r#"<testsuites name="spectrum2-wire check" {counts}>"#)?;
    writeln!(xml, r#"<testsuite name="{}" {counts}>"#, Escaped(backend))?;
    for report in reports {
        let (name, seconds) = (report.check.name, seconds(report));
        writeln!(xml, r#"<testcase classname="{}" name="{name}" time="{seconds:.3}">"#, Escaped(backend))?;
        match &report.verdict {
            Verdict::Pass(_) => {}
            Verdict::NotTried(reason) => writeln!(xml, r#"<skipped message="{}"/>"#, Escaped(reason))?,
            Verdict::Fail(failure) => {
                write!(xml, r#"<failure message="{}">"#, Escaped(&failure.reason))?;
                writeln!(xml, "The protocol: {}", Escaped(report.check.rule))?;
                for line in &failure.frames {
                    writeln!(xml, "{}", Escaped(line))?;
                }
                xml.push_str("</failure>\n");
                if !failure.printed.is_empty() {
                    writeln!(xml, "<system-err>{}</system-err>", Escaped(failure.printed.join("\n")))?;
                }
            }
        }
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    Ok(xml)
}

fn seconds(report: &Report) -> f64 {
    report.duration.as_secs_f64()
}

/// Text in XML, without the characters that XML does not have.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\t' | '\n' => f.write_char(character)?,
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}
