//! The report for machines: a JSON object a line.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::report::{Audience, Report, Summary, Verdict};

pub struct Json<W> {
    output: W,
}

impl<W: Write> Json<W> {
    pub fn new(output: W) -> Self {
        Self { output }
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.output, "{value}")?;
        self.output.flush()
    }
}

impl<W: Write> Audience for Json<W> {
    fn show(&mut self, report: &Report) -> io::Result<()> {
        let mut line = json!({
            "check": report.check.name,
            "what": report.check.what,
            "verdict": report.verdict.name(),
            "seconds": report.duration.as_secs_f64(),
        });
        match &report.verdict {
            Verdict::Pass(remark) => line["remark"] = remark.as_str().into(),
            Verdict::NotTried(reason) => line["reason"] = reason.as_str().into(),
            Verdict::Fail(failure) => {
                let frame = |line: &super::journal::Line| json!({"by": line.by.name(), "frame": line.frame});
                line["reason"] = failure.reason.as_str().into();
                line["rule"] = report.check.rule.into();
                line["frames"] = failure.frames.iter().map(frame).collect();
                line["printed"] = failure.printed.as_slice().into();
            }
        }
        self.line(&line)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let Summary { passed, failed, not_tried, .. } = summary;
        self.line(&json!({"summary": {"passed": passed, "failed": failed, "not_tried": not_tried}}))
    }
}
