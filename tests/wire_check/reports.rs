//! The options, and the forms of the report.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use roxmltree::Document;

use super::example::example;
use super::{PATIENT, Run};

/// A backend with a fault.
fn broken(fault: &str) -> [OsString; 2] {
    [example("broken").into_os_string(), fault.into()]
}

fn run(options: &[&str], fault: &str) -> Run {
    let backend = broken(fault);
    Run::new(&[&PATIENT[..], options].concat(), &backend.each_ref().map(OsString::as_os_str))
}

#[test]
fn checks_are_listed_chosen_and_left_out() {
    let list = Run::new(&["--list"], &[]);
    assert_eq!((list.status, list.complaints.as_str()), (Some(0), ""));
    let names: Vec<&str> = list.output.lines().map(|line| line.split(' ').next().unwrap()).collect();

    let all = run(&["--json", "--wrong-password", "wrong", "--missing-room", "#missing"], "none");
    assert_eq!(all.with_verdict("pass"), names);
    let two = run(&["--json", "--only", "vcard,xml", "--only", "exit", "--skip", "vcard"], "none");
    assert_eq!(two.with_verdict("pass"), ["exit", "xml"]);
    // What they need is found out, and not reported.
    let needy = run(&["--json", "--only", "rooms"], "does not know anybody");
    assert_eq!(needy.with_verdict("not_tried"), ["rooms"]);
    assert!(needy.report("rooms")["reason"].as_str().unwrap().contains("refused"));
}

/// A backend that cannot be checked is no good one, whatever was asked about it.
#[test]
fn failure_of_what_others_need_is_reported_in_any_case() {
    let cases: [(&[&str], &[&str], &[&str]); 4] = [
        (&["--only", "ping"], &["connect"], &["ping"]),
        (&["--only", "exit,messages", "--only", "xml"], &["connect"], &["exit", "messages", "xml"]),
        (&["--skip", "connect", "--only", "login"], &["connect"], &["login"]),
        (&["--only", "connect,stats"], &["connect"], &["stats"]),
    ];
    for (options, failed, not_tried) in cases {
        let run = Run::new(&[options, &["--json"]].concat(), &[OsStr::new("false")]);
        assert_eq!(run.with_verdict("fail"), failed, "{}", run.output);
        assert_eq!(run.with_verdict("not_tried"), not_tried);
        assert!(run.report("connect")["reason"].as_str().unwrap().contains("exit status: 1 before it connected"));
        assert_eq!(run.status, Some(1));
    }
    let login = run(&["--json", "--skip", "login", "--only", "messages"], "puts everybody off");
    assert_eq!((login.with_verdict("fail"), login.status), (vec!["login".to_owned()], Some(1)));
    // What others do not need is nobody's business.
    let other = run(&["--json", "--only", "xml"], "ends with status 3");
    assert_eq!((other.with_verdict("fail"), other.status), (vec![], Some(0)));
}

#[test]
fn usage_errors_have_a_status_of_their_own() {
    let echo = example("echo");
    let no_program = OsStr::new(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let cases: [(&[&str], &[&OsStr], &str); 10] = [
        (&[], &[], "<BACKEND>"),
        (&["--only", "vcards"], &[echo.as_os_str()], "there is no check \"vcards\""),
        (&[], &[OsStr::new("./no/such/backend")], "./no/such/backend: there is no such program"),
        (&[], &[OsStr::new("/")], "/: that is no program that may be run"),
        (&[], &[no_program], "README.md: that is no program that may be run"),
        (&["./backend"], &[], "its arguments, stand behind '--'"),
        (&["--config", "no/such.cfg"], &[echo.as_os_str()], "cannot open no/such.cfg"),
        (&["--timeout", "soon"], &[echo.as_os_str()], "not a number of seconds"),
        (&["--timeout", "1e19"], &[echo.as_os_str()], "more than a day"),
        (
            &["--only", "connect", "--junit", "no/such/report.xml"],
            &[echo.as_os_str()],
            "cannot write no/such/report.xml",
        ),
    ];
    for (options, backend, complaint) in cases {
        let run = Run::new(options, backend);
        assert_eq!(run.status, Some(2), "{options:?}");
        assert!(run.complaints.contains(complaint), "{options:?}: {}", run.complaints);
    }
}

#[test]
fn people_read_what_failed_and_why() {
    let run = run(&["--only", "malformed,stats,rooms", "--skip", "rooms"], "dies of a malformed frame");
    assert_eq!(run.status, Some(1));
    let mut lines = run.output.lines();
    let mut next = || lines.next().unwrap();
    assert!(next().starts_with("PASS       stats  "));
    assert!(next().starts_with("FAIL       malformed  "));
    assert_eq!(next().trim(), "The backend ended with exit status: 101 after an empty frame.");
    assert!(next().trim().starts_with("The protocol: A frame that cannot be decoded costs that frame alone"));
    let rest: Vec<&str> = lines.collect();
    let has = |text: &str| assert!(rest.iter().any(|line| line.contains(text)), "{text}: {}", run.output);
    has("main:    {\"error\":\"WrapperMessage.type is missing, at byte 0\"");
    has("backend: {\"type\":\"TYPE_PONG\"}");
    has("the backend printed:");
    has("panicked at");
    assert_eq!(rest.last(), Some(&"1 passed, 1 failed, 0 not tried"));
}

/// One thing that is amiss may make many others pointless.
#[test]
fn checks_that_were_not_tried_for_one_reason_are_told_together() {
    let options = ["--only", "connect,ping,stats,xml,timestamps,types,exit", "--skip", "types"];
    let run = Run::new(&options, &[OsStr::new("false")]);
    let not_tried: Vec<&str> = run.output.lines().filter(|line| line.starts_with("not tried")).collect();
    let expected = [
        "not tried  ping, stats, exit (the check \"connect\" failed)",
        "not tried  timestamps, xml (the backend sent no frame of the kind)",
    ];
    assert_eq!(not_tried, expected, "{}", run.output);
    assert!(run.output.contains("\n0 passed, 1 failed, 5 not tried\n"), "{}", run.output);
}

#[test]
fn machines_read_a_json_object_a_line() {
    let run = run(&["--json", "--only", "stats,timestamps,wrong-password"], "has timestamps of ISO 8601");
    let last: serde_json::Value = serde_json::from_str(run.output.lines().last().unwrap()).unwrap();
    assert_eq!(last, serde_json::json!({"summary": {"passed": 1, "failed": 1, "not_tried": 1}}));
    let failed = run.report("timestamps");
    assert_eq!(failed["verdict"], "fail");
    assert!(failed["rule"].as_str().unwrap().contains("YYYYMMDDThhmmss"));
    let frame = failed["frames"].as_array().unwrap().last().unwrap();
    assert_eq!(frame["by"], "backend");
    assert_eq!(frame["frame"]["payload"]["timestamp"], "2020-01-02T03:04:05Z");
    assert!(run.report("stats")["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(run.report("wrong-password")["verdict"], "not_tried");
}

#[test]
fn ci_reads_a_junit_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.xml");
    let options = ["--only", "stats,xml,wrong-password", "--junit", path.to_str().unwrap()];
    assert_eq!(run(&options, "has entities of HTML").status, Some(1));
    let text = fs::read_to_string(&path).unwrap();
    let report = Document::parse(&text).unwrap();
    let suite = report.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let counts = ["tests", "failures", "errors", "skipped"].map(|name| suite.attribute(name).unwrap());
    assert_eq!(counts, ["3", "1", "0", "1"]);
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let names: Vec<_> = cases.iter().map(|case| case.attribute("name").unwrap()).collect();
    assert_eq!(names, ["stats", "wrong-password", "xml"]);
    let within = |case: usize| cases[case].first_element_child().map(|node| node.tag_name().name());
    assert_eq!([within(0), within(1), within(2)], [None, Some("skipped"), Some("failure")]);
    let failure = cases[2].first_element_child().unwrap();
    assert!(failure.attribute("message").unwrap().contains("a&nbsp;b"));
    assert!(failure.text().unwrap().contains("TYPE_CONV_MESSAGE"));
}

#[test]
fn frames_are_shown_as_they_pass() {
    let run = run(&["--verbose", "--only", "exit"], "none");
    assert_eq!(run.output.lines().count(), 3, "{}", run.output);
    let shown: Vec<&str> = run.complaints.lines().filter_map(|line| line.strip_prefix("exit             ")).collect();
    let by_main: Vec<&str> = shown.iter().filter_map(|line| line.strip_prefix("main:    ")).collect();
    assert_eq!(by_main, [r#"{"type":"TYPE_PING"}"#, r#"{"type":"TYPE_EXIT"}"#]);
    assert!(shown.contains(&r#"backend: {"type":"TYPE_PONG"}"#), "{shown:?}");
}

/// Not in LOGIN; not where a backend says them back, prints them or puts them into XML; not quoted, escaped or
/// encoded; not the part that is left where a text is cut.
#[test]
fn passwords_are_shown_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.xml");
    let passwords = [r#"hun"ter2\<&'>"#, "hunter-of-bob", "<&'>", "hunter-of-nobody"];
    let names = ["--password", "--second-password", "--room-password", "--wrong-password"];
    let passwords: Vec<&str> = names.into_iter().zip(passwords).flat_map(|(name, password)| [name, password]).collect();
    let options = ["--verbose", "--junit", path.to_str().unwrap()];
    for form in [&[][..], &["--json"]] {
        let run = run(&[&passwords[..], &options, form].concat(), "gives passwords away");
        assert_eq!(run.status, Some(1), "{}", run.output);
        assert!(run.output.contains("is not well-formed XML"), "{}", run.output);
        let report = fs::read_to_string(Path::new(&path)).unwrap();
        for text in [&run.output, &run.complaints, &report] {
            assert!(text.contains("(hidden)"), "{text}");
            let in_hexadecimal = data_encoding::HEXLOWER.encode(b"hun");
            let in_base64 = data_encoding::BASE64.encode(b"hun");
            for start in ["hun", &in_hexadecimal, &in_base64, "ter2"] {
                assert!(!text.contains(start), "{start}: {text}");
            }
        }
    }
}

/// It stands in the reason why others are not tried.
#[test]
fn refused_passwords_are_not_shown() {
    for form in [&["--password", "hunter2"][..], &["--password", "hunter2", "--json"]] {
        let run = run(form, "says the password that it refuses");
        assert_eq!(run.status, Some(1), "{}", run.output);
        assert!(run.output.contains("refused: CONNECTION_ERROR_AUTHENTICATION_FAILED"), "{}", run.output);
        assert!(run.output.contains("(hidden)") && !run.output.contains("hunter"), "{}", run.output);
    }
}

/// A long stack trace stands behind what went wrong.
#[test]
fn first_and_last_words_of_a_backend_are_reported() {
    let script = ["sh", "-c", "seq 200 >&2; exit 3"].map(OsStr::new);
    let run = Run::new(&["--only", "connect"], &script);
    let expected: Vec<String> = (1..=20)
        .map(|line| line.to_string())
        .chain(["… (120 lines left out)".into()])
        .chain((141..=200).map(|line| line.to_string()))
        .collect();
    assert_eq!(printed(&run), expected);
}

/// Its pipes may still be full when it has ended. Here somebody else writes to them then, in a session of its own.
#[cfg(target_os = "linux")]
#[test]
fn last_words_of_a_backend_are_reported() {
    let heir = "exec >&2; while kill -0 $$; do :; done 2> /dev/null; sleep 0.1; echo last words";
    let script = leave_behind(&format!("\"{heir}\""));
    let run = Run::new(&["--only", "connect"], &["sh", "-c", &script].map(OsStr::new));
    assert!(run.output.contains("ended with exit status: 3 before it connected"), "{}", run.output);
    assert_eq!(printed(&run), ["last words"]);
}

/// What a backend leaves behind may hold the pipes for ever.
#[cfg(target_os = "linux")]
#[test]
fn last_words_are_not_waited_for_without_end() {
    let script = leave_behind("'echo $$ >&2; exec sleep 600 >&2'");
    let run = Run::new(&["--only", "connect"], &["sh", "-c", &script].map(OsStr::new));
    let [left_behind] = printed(&run)[..] else { panic!("{}", run.output) };
    // It is there still.
    assert!(std::process::Command::new("kill").arg(left_behind).status().unwrap().success());
}

/// Ends when what it starts has a session of its own, and has left its standard output.
#[cfg(target_os = "linux")]
fn leave_behind(script: &str) -> String {
    format!(": $(setsid sh -c {script} &); exit 3")
}

/// What the backend printed, according to the report for people on one check.
fn printed(run: &Run) -> Vec<&str> {
    let lines = run.output.lines().skip_while(|line| !line.contains("the backend printed:")).skip(1);
    lines.take_while(|line| !line.is_empty()).map(str::trim).collect()
}

/// Where a length is none, it is said what may be wrong, and nothing else.
#[test]
fn lengths_that_cannot_be_are_told() {
    let run = run(&["--only", "connect,ping", "--json"], "announces lengths that cannot be");
    assert_eq!(run.with_verdict("fail"), ["ping"], "{}", run.output);
    let reason = run.report("ping")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("4294967295 bytes") && !reason.contains("byte order"), "{reason}");
}

#[test]
fn summary_says_what_was_not_tried() {
    let options = ["--only", "ping,wrong-password"];
    let last_line = |run: &Run| run.output.lines().last().unwrap().to_owned();
    let lenient = run(&options, "none");
    assert_eq!(lenient.status, Some(0));
    assert!(lenient.output.contains("\n1 passed, 0 failed, 1 not tried\n"), "{}", lenient.output);
    assert_eq!(
        last_line(&lenient),
        "What was not tried may be broken: see the reasons. With --strict it counts as failed."
    );
    let strict = run(&[&options[..], &["--strict"]].concat(), "none");
    assert_eq!(strict.status, Some(1));
    assert_eq!(last_line(&strict), "With --strict, what was not tried counts as failed.");
    let refused = run(&["--only", "login,rooms,vcard"], "does not know anybody");
    let summary = "\n1 passed, 0 failed, 2 not tried\nThe login was refused, so 2 checks were not tried.\n";
    assert!(refused.output.contains(summary), "{}", refused.output);
    let tried = run(&["--only", "ping"], "none");
    assert_eq!(last_line(&tried), "1 passed, 0 failed, 0 not tried");
}
