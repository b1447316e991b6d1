//! Good backends pass, whatever they can do.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use super::example::example;
use super::{PATIENT, Run};

const NONE: [&str; 0] = [];

#[test]
fn echo_passes_all() {
    let options = ["--json", "--wrong-password", "badpw", "--missing-room", "#missing", "--message", "!delay later"];
    let run = Run::new(&[&PATIENT[..], &options].concat(), &[example("echo").as_os_str()]);
    assert_eq!(run.with_verdict("fail"), NONE, "{}", run.output);
    assert_eq!(run.with_verdict("not_tried"), NONE);
    assert_eq!((run.status, run.complaints.as_str()), (Some(0), ""));
}

/// The backend that the other tests break.
#[test]
fn unbroken_backend_passes_all() {
    let options = ["--json", "--strict", "--wrong-password", "wrong", "--missing-room", "#missing"];
    let backend = example("broken");
    let run = Run::new(&[&PATIENT[..], &options].concat(), &[backend.as_os_str(), OsStr::new("not at all")]);
    assert_eq!(run.with_verdict("fail"), NONE, "{}", run.output);
    assert_eq!(run.with_verdict("not_tried"), NONE);
    assert_eq!((run.status, run.complaints.as_str()), (Some(0), ""));
}

/// README has people run it.
#[test]
fn broken_backend_says_how_it_is_used() {
    for arguments in [&[][..], &["--help"], &["sends no PONG"]] {
        let output = Command::new(example("broken")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.starts_with("usage: spectrum2-wire check -- broken FAULT\n"), "{complaint}");
    }
}

/// It has no rooms, says CONNECTED when its network has answered, and echoes nothing.
#[test]
fn msncd_backend_passes_what_it_has() {
    let daemon = Daemon::start();
    let mut config = NamedTempFile::new().unwrap();
    write!(config, "[msncd]\nport = {}\npoll_interval = 10\n", daemon.port).unwrap();
    let options = ["--json", "--optional-timeout", "0.2", "--config", config.path().to_str().unwrap()];
    let users = ["--legacy-name", "alice@net", "--second-legacy-name", "bob@net", "--wrong-password", "another"];
    let contacts = ["--contact", "carol@net", "--new-contact", "dave@net"];
    let options = [&PATIENT[..], &options, &users, &contacts].concat();
    let run = Run::new(&options, &[example("msncd_backend").as_os_str()]);
    assert_eq!(run.with_verdict("fail"), NONE, "{}", run.output);
    // Whether receipts and cards come in time is for the machine to say.
    let may_lack = ["receipts", "vcard", "rooms", "missing-room", "timestamps", "xml"];
    let not_tried = run.with_verdict("not_tried");
    assert!(not_tried.iter().all(|check| may_lack.contains(&check.as_str())), "{not_tried:?}");
    assert!(run.report("rooms")["reason"].as_str().unwrap().contains("muc=1"));
    assert_eq!((run.status, run.complaints.as_str()), (Some(0), ""));
}

/// The example `msncd_daemon`. It is killed when dropped.
struct Daemon {
    child: Child,
    port: String,
}

impl Daemon {
    fn start() -> Self {
        let mut child = Command::new(example("msncd_daemon")).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit_once(':').unwrap().1.to_owned();
        Self { child, port }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nothing that is optional makes a backend fail that lacks it.
#[test]
fn backend_that_says_no_more_than_it_must_passes_the_rest() {
    let options = ["--json", "--optional-timeout", "0.1"];
    let backend = example("broken");
    let backend = [backend.as_os_str(), OsStr::new("says no more than it must")];
    let run = Run::new(&[&PATIENT[..], &options].concat(), &backend);
    assert_eq!(run.with_verdict("fail"), NONE, "{}", run.output);
    let not_tried = ["wrong-password", "receipts", "vcard", "rooms", "missing-room", "config", "timestamps", "xml"];
    assert_eq!(run.with_verdict("not_tried"), not_tried);
    let reason = run.report("config")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("no BACKEND_CONFIG came") && reason.contains("neither rooms nor receipts"), "{reason}");
    assert_eq!(run.status, Some(0));
}

#[test]
fn refused_login_leaves_what_a_user_is_needed_for_untried() {
    let options = [&PATIENT[..], &["--json", "--wrong-password", "wrong"]].concat();
    let broken = example("broken");
    let backend = [broken.as_os_str(), OsStr::new("does not know anybody")];
    let run = Run::new(&options, &backend);
    assert_eq!(run.with_verdict("fail"), NONE, "{}", run.output);
    assert_eq!(run.report("login")["verdict"], "pass");
    let reason = run.report("rooms")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("refused") && reason.contains("INVALID_USERNAME"), "{reason}");
    assert_eq!(run.status, Some(0));

    let run = Run::new(&[&options[..], &["--strict"]].concat(), &backend);
    assert_eq!(run.status, Some(1));
}

/// Who gives an account wants it to be used.
#[test]
fn refused_account_that_was_given_fails() {
    let echo = example("echo");
    let mut environment = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"));
    environment.args(["check", "--first-ping", "0", "--only", "login,rooms", "--"]).arg(&echo);
    let output = environment.env("SPECTRUM2_PASSWORD", "badpw").output().unwrap();
    assert_eq!(output.status.code(), Some(1));

    let broken = example("broken");
    let nobody = [broken.as_os_str(), OsStr::new("does not know anybody")];
    let cases = [(["--password", "badpw"], &[echo.as_os_str()][..]), (["--legacy-name", "alice"], &nobody)];
    for (account, backend) in cases {
        let options = [&PATIENT[..], &account, &["--json"]].concat();
        let run = Run::new(&options, backend);
        assert_eq!(run.with_verdict("fail"), ["login"], "{}", run.output);
        assert!(run.report("login")["reason"].as_str().unwrap().contains("is the account right?"));
        assert!(run.report("rooms")["reason"].as_str().unwrap().contains("refused"));
        assert_eq!(run.status, Some(1));
    }
}

/// The process ID of STATS is not the one that was started then.
#[test]
fn script_may_start_the_backend() {
    let options = [&PATIENT[..], &["--json", "--only", "stats,exit,close"]].concat();
    let echo = example("echo");
    let script = ["sh", "-c", "\"$0\" \"$@\"; exit $?"].map(OsStr::new);
    let run = Run::new(&options, &[&script[..], &[echo.as_os_str()]].concat());
    assert_eq!(run.with_verdict("pass"), ["stats", "exit", "close"], "{}", run.output);
}

/// The tool itself waits for them in a thread.
#[cfg(target_os = "linux")]
#[test]
fn signals_that_end_the_tool_end_a_backend_as_well() {
    let blocked = |status: &str| status.lines().find(|line| line.contains("SigBlk")).map(|line| line.trim().to_owned());
    let backend = ["sh", "-c", "exec grep SigBlk /proc/self/status"].map(OsStr::new);
    let run = Run::new(&["--only", "connect"], &backend);
    let own = blocked(&std::fs::read_to_string("/proc/thread-self/status").unwrap());
    assert_eq!(blocked(&run.output), own, "{}", run.output);
}

/// As Spectrum starts it: arguments, session, file mode mask, directory, configuration.
#[test]
fn backend_is_started_as_by_spectrum() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().canonicalize().unwrap();
    let echo = example("echo");
    // It prints what it is, and goes on as a backend. The sixth word of `stat` is the session.
    let script = "umask; pwd; cut -d ' ' -f 6 /proc/$$/stat; echo $$; echo \"$@\"; cat \"$8\"; exec \"$0\" \"$@\"";
    let options =
        ["--verbose", "--only", "connect", "--directory", directory.to_str().unwrap(), "--jid", "icq.localhost"];
    let backend = ["sh", "-c", script].map(OsStr::new);
    let run = Run::new(&[&PATIENT[..], &options].concat(), &[&backend[..], &[echo.as_os_str()]].concat());
    assert_eq!(run.status, Some(0), "{}", run.output);
    let prints = run.complaints.lines().filter_map(|line| line.strip_prefix("connect          prints:  "));
    let prints: Vec<&str> = prints.collect();
    let [umask, pwd, session, process, arguments, config @ ..] = prints.as_slice() else { panic!("{prints:?}") };
    assert_eq!((*umask, *pwd), ("0007", directory.to_str().unwrap()));
    if cfg!(target_os = "linux") {
        assert_eq!(session, process);
    }
    let words: Vec<&str> = arguments.split(' ').collect();
    assert_eq!([words[0], words[1], words[2]], ["--host", "127.0.0.1", "--port"]);
    assert_eq!([words[4], words[5], words[6]], ["--service.backend_id=1", "-j", "icq.localhost"]);
    assert!(words[7].ends_with(".cfg") && words.len() == 8, "{words:?}");
    assert_eq!(config[..2], ["[service]", "jid = icq.localhost"]);
}
