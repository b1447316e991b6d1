//! What a run leaves behind that is ended early. Backends are in sessions of their own, where the terminal's Ctrl-C
//! does not reach them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::example::example;

/// A run that has to be ended.
struct Tool {
    child: Child,
    /// What `--verbose` shows.
    shown: Lines<BufReader<ChildStderr>>,
}

impl Tool {
    /// Its temporary files are in a directory of its own.
    fn start(directory: &Path, options: &[&str], backend: &[&OsStr]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"));
        command.args(["check", "--timeout", "600", "--first-ping", "0", "--verbose"]).args(options);
        command.arg("--").args(backend).env("TMPDIR", directory);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let shown = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, shown }
    }

    /// Waits for a line.
    fn shows(&mut self, part: &str) -> String {
        self.shown.by_ref().map(Result::unwrap).find(|line| line.contains(part)).expect(part)
    }

    fn end(mut self, signal: &str) -> (ExitStatus, Vec<String>) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        // It may have more to say than a pipe holds.
        let rest = thread::spawn(move || self.shown.map(Result::unwrap).collect());
        wait_for_end(&id);
        (self.child.wait().unwrap(), rest.join().unwrap())
    }
}

fn files(directory: &Path) -> usize {
    directory.read_dir().unwrap().count()
}

/// Waits until a process is gone, which takes no minute. Nobody may be there to bury it.
fn wait_for_end(process: &str) {
    let stat = format!("/proc/{process}/stat");
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(5));
    }
}

/// Nobody is there who would end what it started.
#[test]
fn killed_tool_leaves_no_backend_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut tool = Tool::start(directory.path(), &[], &["sh", "-c", "echo I am $$; exec sleep 600"].map(OsStr::new));
    let line = tool.shows("I am");
    let (status, _) = tool.end("-KILL");
    assert_eq!(status.signal(), Some(9));
    wait_for_end(line.rsplit_once(' ').unwrap().1);
}

/// Also no process that the backend started, and no file.
#[test]
fn interrupted_tool_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let script = ["sh", "-c", "sleep 600 & echo child $!; wait"].map(OsStr::new);
        let mut tool = Tool::start(directory.path(), &[], &script);
        let line = tool.shows("child");
        assert_eq!(files(directory.path()), 1);
        let (status, rest) = tool.end(signal);
        assert_eq!(status.code(), Some(130), "{rest:?}");
        assert_eq!(rest.last().map(String::as_str), Some("spectrum2-wire: interrupted"));
        wait_for_end(line.rsplit_once(' ').unwrap().1);
        assert_eq!(files(directory.path()), 0);
    }
}

/// It is not deaf while it writes, to a backend that reads 400 kB a second either.
#[test]
fn interrupted_tool_ends_while_it_writes() {
    for fault in ["does not read on after a chat", "reads slowly after a chat"] {
        let directory = tempfile::tempdir().unwrap();
        let broken = example("broken");
        let options = ["--only", "large", "--large-size", "30", "--optional-timeout", "600"];
        let mut tool = Tool::start(directory.path(), &options, &[broken.as_os_str(), OsStr::new(fault)]);
        tool.shows("0123456789abcde\\n0123456789abcde\\n");
        let (status, rest) = tool.end("-INT");
        assert_eq!(status.code(), Some(130), "{fault}: {rest:?}");
        assert_eq!(files(directory.path()), 0);
    }
}

#[test]
fn interrupted_tool_logs_users_out() {
    let directory = tempfile::tempdir().unwrap();
    let broken = example("broken");
    let backend = [broken.as_os_str(), OsStr::new("does not answer JOIN_ROOM")];
    let mut tool = Tool::start(directory.path(), &["--only", "rooms"], &backend);
    tool.shows("TYPE_JOIN_ROOM");
    let (status, rest) = tool.end("-INT");
    assert_eq!(status.code(), Some(130), "{rest:?}");
    let said: Vec<&str> = rest.iter().filter_map(|line| line.strip_prefix("rooms            main:    ")).collect();
    assert!(said[0].contains("TYPE_LOGOUT") && said[1].contains("TYPE_EXIT") && said.len() == 2, "{rest:?}");
}
