//! The report for people.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::plan::{CHECKS, Check};
use super::report::{Audience, Report, Summary, Verdict};
use super::setup::Setup;

/// Waiting that is over sooner is not shown.
const QUIET: Duration = Duration::from_secs(2);

/// Of paragraphs.
const WIDTH: usize = 100;

pub fn list(output: &mut impl Write) -> io::Result<()> {
    CHECKS.iter().try_for_each(|check| writeln!(output, "{:<16} {}", check.name, check.what))
}

pub struct Text<W> {
    output: W,
    started: Instant,
    is_strict: bool,
    may_show_progress: bool,
    progress: Option<ProgressBar>,
    /// Checks that were not tried for one reason, and are not shown yet.
    untried: Vec<&'static Check>,
    reason: String,
}

impl<W> Text<W> {
    pub fn new(output: W, setup: &Setup) -> Self {
        let may_show_progress = io::stderr().is_terminal() && !setup.options.verbose;
        Self {
            output,
            started: Instant::now(),
            is_strict: setup.options.strict,
            may_show_progress,
            progress: None,
            untried: Vec::new(),
            reason: String::new(),
        }
    }

    fn clear(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.finish_and_clear();
        }
    }
}

impl<W: Write> Text<W> {
    fn show_untried(&mut self) -> io::Result<()> {
        match self.untried.as_slice() {
            [] => {}
            [check] => line(&mut self.output, "not tried", check, &self.reason)?,
            checks => {
                let names: Vec<_> = checks.iter().map(|check| check.name).collect();
                paragraph(&mut self.output, "not tried", &format!("{} ({})", names.join(", "), self.reason))?;
            }
        }
        self.untried.clear();
        self.output.flush()
    }
}

impl<W: Write> Audience for Text<W> {
    fn show(&mut self, report: &Report) -> io::Result<()> {
        self.clear();
        if let Verdict::NotTried(reason) = &report.verdict {
            if *reason != self.reason {
                self.show_untried()?;
                self.reason.clone_from(reason);
            }
            self.untried.push(report.check);
            return Ok(());
        }
        self.show_untried()?;
        let output = &mut self.output;
        match &report.verdict {
            Verdict::Pass(remark) => line(output, "PASS", report.check, remark)?,
            _ => line(output, "FAIL", report.check, "")?,
        }
        if let Verdict::Fail(failure) = &report.verdict {
            paragraph(output, "", &failure.reason)?;
            paragraph(output, "", &format!("The protocol: {}", report.check.rule))?;
            section(output, "the last frames", &failure.frames)?;
            section(output, "the backend printed", &failure.printed)?;
        }
        output.flush()
    }

    fn wait(&mut self, running: &[&'static str], done: usize, all: usize) {
        if !self.may_show_progress || self.started.elapsed() < QUIET {
            return;
        }
        let progress = self.progress.get_or_insert_with(|| {
            let style =
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        });
        let seconds = self.started.elapsed().as_secs();
        progress.set_message(format!("{done} of {all} done, {seconds} s; now: {}", running.join(", ")));
        progress.tick();
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.clear();
        self.show_untried()?;
        let Summary { passed, failed, not_tried, refused } = summary;
        writeln!(self.output, "\n{passed} passed, {failed} failed, {not_tried} not tried")?;
        match refused {
            0 => {}
            1 => writeln!(self.output, "The login was refused, so 1 check was not tried.")?,
            _ => writeln!(self.output, "The login was refused, so {refused} checks were not tried.")?,
        }
        match (not_tried, self.is_strict) {
            (0, _) => Ok(()),
            (_, true) => writeln!(self.output, "With --strict, what was not tried counts as failed."),
            (_, false) => writeln!(
                self.output,
                "What was not tried may be broken: see the reasons. With --strict it counts as failed."
            ),
        }
    }
}

/// What is left of a run that did not come to its end is no report.
impl<W> Drop for Text<W> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A check, and what came of it.
fn line(output: &mut impl Write, word: &str, check: &Check, remark: &str) -> io::Result<()> {
    write!(output, "{word:<9}  {:<14}  {}", check.name, check.what)?;
    match remark {
        "" => writeln!(output),
        remark => writeln!(output, " ({remark})"),
    }
}

/// Indented behind a word, and cut into lines between words.
fn paragraph(output: &mut impl Write, word: &str, text: &str) -> io::Result<()> {
    write!(output, "{word:<10}")?;
    let mut column = 10;
    for word in text.split(' ') {
        let width = word.chars().count() + 1;
        if column > 10 && column + width > WIDTH {
            write!(output, "\n          ")?;
            column = 10;
        }
        write!(output, " {word}")?;
        column += width;
    }
    writeln!(output)
}

fn section(output: &mut impl Write, title: &str, lines: &[impl ToString]) -> io::Result<()> {
    if !lines.is_empty() {
        writeln!(output, "           {title}:")?;
    }
    lines.iter().try_for_each(|line| writeln!(output, "             {}", line.to_string()))
}
