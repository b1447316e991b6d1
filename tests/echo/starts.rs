//! How it starts, or refuses to: with status 2 and one line that says why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use spectrum2::Payload;
use spectrum2::host::{BackendCommand, Host};

use super::program::{Process, program};
use super::support::TIMEOUT;

/// Runs a program that refuses to start, and returns the line that says why.
fn refusal(command: Command) -> String {
    let (status, complaints) = Process::spawn(command).wait();
    assert_eq!((status, complaints.lines().count()), (Some(2), 1), "{complaints}");
    assert!(complaints.ends_with('\n') && !complaints.trim().is_empty(), "{complaints:?}");
    complaints
}

fn refusal_of(arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    command.args(arguments);
    refusal(command)
}

#[test]
fn a_missing_host_or_port_is_refused() {
    for arguments in [["--port", "1"].as_slice(), &["--port=1", "file.cfg"], &["-p", "1"], &["--port", "1", "--host"]] {
        assert!(refusal_of(arguments).contains("--host"));
    }
    for arguments in [["--host", "127.0.0.1"].as_slice(), &["--host=127.0.0.1"], &["-h", "127.0.0.1", "--port"]] {
        assert!(refusal_of(arguments).contains("--port"));
    }
    refusal_of(&[]);
}

#[test]
fn a_port_out_of_range_is_refused() {
    for port in ["0", "65536", "-1", "99999999999999999999", "x", "", "1x", "0x50", " 1"] {
        assert!(refusal_of(&["--host", "127.0.0.1", "--port", port]).contains("--port"));
        assert!(refusal_of(&["--host=127.0.0.1", &format!("--port={port}")]).contains("--port"));
    }
}

/// A configuration file with this text.
fn config(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

/// How a backend is started with this configuration file.
fn with_config(host: &Host, path: &Path) -> Command {
    BackendCommand::new(program()).config_path(path).to_command(host.address())
}

#[test]
fn a_config_that_cannot_be_read_is_refused_by_name() {
    let host = Host::listen().unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for path in [&directory.join("missing.cfg"), directory, &directory.join("no/such/directory.cfg")] {
        assert!(refusal(with_config(&host, path)).contains(path.to_str().unwrap()));
    }
}

#[test]
fn a_malformed_config_is_refused_by_name_and_line() {
    let host = Host::listen().unwrap();
    for (name, text, line) in [
        ("no_value.cfg", b"[service]\njid = a\nnonsense\n".as_slice(), 3),
        ("no_key.cfg", b"# comment\n\n[service]\n = value\n", 4),
        ("open_section.cfg", b"[service\njid = a\n", 1),
        ("not_text.cfg", b"[service]\njid = \xff\n", 2),
        ("last_line.cfg", b"[service]\njid = a\nnonsense", 3),
    ] {
        let path = config(name, text);
        assert!(refusal(with_config(&host, &path)).contains(&format!("{}:{line}:", path.display())));
    }
}

#[test]
fn a_config_and_what_spectrum_passes_on_are_taken() {
    let host = Host::listen().unwrap();
    let path = config("good.cfg", "# comment\n[service]\njid = $jid # comment\n\n[echo]\nkey=\nkey = a = b\n");
    let backend = BackendCommand::new(program()).arg("--nonsense").arg("-n").arg("--echo.key=value");
    for backend in [backend.clone().config_path(&path), backend] {
        let process = Process::spawn(backend.to_command(host.address()));
        let mut connection = host.accept(TIMEOUT).unwrap();
        connection.ping(TIMEOUT, drop).unwrap();
        connection.send(&Payload::Exit).unwrap();
        process.expect_good_end();
    }
}

#[test]
fn host_and_port_have_short_and_joined_forms() {
    let host = Host::listen().unwrap();
    let port = host.address().port().to_string();
    let joined = format!("--port={port}");
    for arguments in
        [["-h", "127.0.0.1", "-p", &port].as_slice(), &["--host=127.0.0.1", &joined], &["--host=localhost", &joined]]
    {
        let mut command = Command::new(program());
        command.args(arguments);
        let process = Process::spawn(command);
        host.accept(TIMEOUT).unwrap().close();
        process.expect_good_end();
    }
}
