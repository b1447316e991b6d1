//! Runs the checks: those that need nothing of each other at the same time.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::interrupt::is_interrupted;
use super::plan::{Check, Choice, Kind};
use super::report::{Audience, Report, Verdict};
use super::rules::{AllSightings, merge};
use super::session::Session;
use super::setup::Setup;
use crate::job::Stop;

/// How often the progress is shown.
const TICK: Duration = Duration::from_millis(100);

/// What workers tell.
enum News {
    Started(&'static str),
    Done(Report, AllSightings),
}

/// Runs all that was chosen, shows each report in the order of the plan, and returns those that are shown.
pub fn run(setup: &Setup, choices: &[Choice], audience: &mut dyn Audience) -> Result<Vec<Report>, Stop> {
    let mut desk = Desk::new(choices, audience);
    let chosen = |fits: fn(Kind) -> bool| {
        let choices = choices.iter().filter(move |choice| choice.runs && fits(choice.check.kind));
        choices.map(|choice| choice.check).collect::<Vec<_>>()
    };

    let first = chosen(|kind| matches!(kind, Kind::First(_)));
    let unable = Mutex::new(None);
    in_parallel(&mut desk, 1, |_, news| *lock(&unable) = work_one_by_one(setup, &first, None, news))?;
    let unable = unable.into_inner().unwrap_or_else(PoisonError::into_inner);

    let talks = Mutex::new(VecDeque::from(chosen(|kind| matches!(kind, Kind::Talk(_)))));
    let of_user = chosen(|kind| matches!(kind, Kind::User(_)));
    in_parallel(&mut desk, setup.options.jobs, |lane, news| {
        if lane == 0 && !is_interrupted() {
            work_one_by_one(setup, &of_user, unable.clone(), news);
        }
        while let Some(check) = lock(&talks).pop_front().filter(|_| !is_interrupted()) {
            work_one_by_one(setup, &[check], unable.clone(), news);
        }
    })?;
    if is_interrupted() {
        return Err(Stop::Interrupted);
    }
    desk.judge_rules()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `lane` in some threads, each with its number, and reads their news until all are done.
fn in_parallel(desk: &mut Desk<'_>, lanes: u32, lane: impl Fn(u32, &Sender<News>) + Sync) -> Result<(), Stop> {
    let (news, inbox) = mpsc::channel();
    let lane = &lane;
    thread::scope(|scope| {
        for number in 0..lanes {
            let news = news.clone();
            scope.spawn(move || lane(number, &news));
        }
        drop(news);
        // When the report cannot be written nobody listens any more, and the threads stop.
        desk.read(inbox)
    })
}

/// Does checks one after the other. Once there is a reason why those that follow are pointless, they are not
/// tried; that reason is returned.
fn work_one_by_one(
    setup: &Setup,
    checks: &[&'static Check],
    mut unable: Option<String>,
    news: &Sender<News>,
) -> Option<String> {
    for check in checks {
        let told = match &unable {
            Some(reason) => news.send(News::Done(not_tried(check, reason), AllSightings::new())),
            None => {
                // Whether anybody listens shows when it is done.
                let _ = news.send(News::Started(check.name));
                let (report, sightings) = talk_to_backend(setup, check);
                unable = setup.refused.get().cloned().or_else(|| what_it_leaves_pointless(&report));
                news.send(News::Done(report, sightings))
            }
        };
        if told.is_err() || is_interrupted() {
            break;
        }
    }
    unable
}

/// Why the checks are pointless that need this one.
fn what_it_leaves_pointless(report: &Report) -> Option<String> {
    match &report.verdict {
        _ if !report.check.is_needed() => None,
        Verdict::Pass(_) => None,
        Verdict::Fail(_) => Some(format!("the check {:?} failed", report.check.name)),
        Verdict::NotTried(reason) => Some(reason.clone()),
    }
}

fn talk_to_backend(setup: &Setup, check: &'static Check) -> (Report, AllSightings) {
    let started = Instant::now();
    let mut session = Session::new(setup, check.name);
    let outcome = match check.kind {
        Kind::First(talk) | Kind::Talk(talk) | Kind::User(talk) => talk(&mut session),
        Kind::Watch(_) => Ok(String::new()),
    };
    let duration = started.elapsed();
    let verdict = Verdict::of_talk(outcome, &mut session);
    (Report { check, verdict, duration }, session.into_sightings())
}

fn not_tried(check: &'static Check, reason: &str) -> Report {
    Report { check, verdict: Verdict::NotTried(reason.to_owned()), duration: Duration::ZERO }
}

/// Where the news come together.
struct Desk<'a> {
    choices: &'a [Choice],
    audience: &'a mut dyn Audience,
    /// In the order of the choices.
    reports: Vec<Option<Report>>,
    /// How many choices are shown already, or are not to be.
    shown: usize,
    sightings: AllSightings,
    running: Vec<&'static str>,
}

impl<'a> Desk<'a> {
    fn new(choices: &'a [Choice], audience: &'a mut dyn Audience) -> Self {
        let reports = choices.iter().map(|_| None).collect();
        Self { choices, audience, reports, shown: 0, sightings: AllSightings::new(), running: Vec::new() }
    }

    /// Reads news until nobody can send any.
    fn read(&mut self, inbox: Receiver<News>) -> Result<(), Stop> {
        loop {
            match inbox.recv_timeout(TICK) {
                Ok(News::Started(name)) => self.running.push(name),
                Ok(News::Done(report, sightings)) => {
                    self.running.retain(|name| *name != report.check.name);
                    merge(&mut self.sightings, sightings);
                    self.file(report)?;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let done = self.reports.iter().flatten().count();
                    let all = self.choices.iter().filter(|choice| choice.runs).count();
                    self.audience.wait(&self.running, done, all);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Takes a report, and shows all whose turn it is.
    fn file(&mut self, report: Report) -> Result<(), Stop> {
        if let Some(index) = self.choices.iter().position(|choice| choice.check.name == report.check.name) {
            self.reports[index] = Some(report);
        }
        while let Some(choice) = self.choices.get(self.shown) {
            match (&self.reports[self.shown], choice) {
                (Some(report), choice) if is_shown(choice, report) => {
                    self.audience.show(report).map_err(Stop::Output)?;
                }
                (None, Choice { runs: true, .. }) => break,
                _ => {}
            }
            self.shown += 1;
        }
        Ok(())
    }

    /// All talks are over: what the rules say of them.
    fn judge_rules(mut self) -> Result<Vec<Report>, Stop> {
        for choice in self.choices.iter().filter(|choice| choice.runs) {
            let Kind::Watch(rule) = choice.check.kind else { continue };
            let verdict = Verdict::of_rule(self.sightings.remove(choice.check.name), rule().unseen());
            self.file(Report { check: choice.check, verdict, duration: Duration::ZERO })?;
        }
        let reports = self.choices.iter().zip(self.reports);
        Ok(reports.filter_map(|(choice, report)| report.filter(|report| is_shown(choice, report))).collect())
    }
}

/// Whoever asks for a check hears of what kept it from being tried.
fn is_shown(choice: &Choice, report: &Report) -> bool {
    choice.is_shown || choice.check.is_needed() && matches!(report.verdict, Verdict::Fail(_))
}
