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

    let all = run(&["--json", "--wrong-password", "wrong"], "none");
    assert_eq!(all.with_verdict("pass"), names);
    let two = run(&["--json", "--only", "vcard,xml", "--only", "exit", "--skip", "vcard"], "none");
    assert_eq!(two.with_verdict("pass"), ["exit", "xml"]);
    // What they need is found out, and not reported.
    let needy = run(&["--json", "--only", "rooms"], "does not know anybody");
    assert_eq!(needy.with_verdict("not_tried"), ["rooms"]);
    assert!(needy.report("rooms")["reason"].as_str().unwrap().contains("refused"));
}

#[test]
fn usage_errors_have_a_status_of_their_own() {
    let echo = example("echo");
    let cases: [(&[&str], &[&OsStr], &str); 6] = [
        (&[], &[], "<BACKEND>"),
        (&["--only", "vcards"], &[echo.as_os_str()], "there is no check \"vcards\""),
        (&[], &[OsStr::new("./no/such/backend")], "./no/such/backend: there is no such program"),
        (&["--config", "no/such.cfg"], &[echo.as_os_str()], "cannot open no/such.cfg"),
        (&["--timeout", "soon"], &[echo.as_os_str()], "not a number of seconds"),
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

/// Not in LOGIN, not where a backend says them back, not as hexadecimal digits, not where it prints them.
#[test]
fn passwords_are_shown_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.xml");
    let passwords =
        ["--password", "pass-of-alice", "--second-password", "pass-of-bob", "--room-password", "pass-of-room"];
    let options = ["--verbose", "--wrong-password", "pass-of-nobody", "--junit", path.to_str().unwrap()];
    for form in [&[][..], &["--json"]] {
        let run = run(&[&passwords[..], &options, form].concat(), "gives passwords away");
        assert_eq!(run.status, Some(1), "{}", run.output);
        let report = fs::read_to_string(Path::new(&path)).unwrap();
        for text in [&run.output, &run.complaints, &report] {
            assert!(text.contains("(hidden)"), "{text}");
            let in_hexadecimal = data_encoding::HEXLOWER.encode(b"pass-of");
            assert!(!text.contains("pass-of") && !text.contains(&in_hexadecimal), "{text}");
        }
    }
}
