//! Each fault of the broken backend fails the checks that are about it, and no others.

use std::ffi::OsStr;
use std::thread;

use super::example::example;
use super::{PATIENT, Run};

/// For faults that show by nothing coming: the checks wait for it in vain.
const IMPATIENT: [&str; 6] = ["--timeout", "8", "--optional-timeout", "8", "--ping-timeout", "8"];

fn run(fault: &str, patience: &[&str]) -> Run {
    let backend = example("broken");
    // More messages than these do not show more.
    let options =
        [patience, &["--json", "--wrong-password", "wrong", "--missing-room", "#missing", "--jobs", "2"]].concat();
    Run::new(&options, &[backend.as_os_str(), OsStr::new(fault)])
}

/// Exactly these checks fail, the first of them with a reason that says this.
#[track_caller]
fn assert_fails(fault: &str, run: &Run, checks: &[&str], reason: &str) {
    assert_eq!(run.with_verdict("fail"), checks, "{fault}: {}", run.output);
    assert_eq!(run.status, Some(1), "{fault}");
    let report = run.report(checks[0]);
    assert!(report["reason"].as_str().unwrap().contains(reason), "{fault}: {report}");
}

macro_rules! faults {
    ($($test:ident: $fault:literal fails $checks:expr, $reason:literal;)*) => {
        $(#[test]
        fn $test() {
            assert_fails($fault, &run($fault, &PATIENT), &$checks, $reason);
        })*
    };
}

faults! {
    // What it says of itself.
    config_line: "has a config line without =" fails ["config"], "line 7";
    config_key: "has a config key twice" fails ["config"], "features.muc stands there more than once";
    config_boolean: "has a config boolean that is none" fails ["config"], "features.rawxml = maybe";
    second_config: "sends a second config" fails ["config"], "something else than the first";
    other_pid: "has another's process ID" fails ["stats"], "The id of STATS is \"1\"";

    // What it survives.
    arguments: "rejects unknown arguments" fails ["arguments"], "ended with exit status: 2 before it connected";
    unknown_type: "dies of an unknown type" fails ["unknown-type"], "unknown type 5";
    unknown_fields: "dies of unknown fields" fails ["unknown-fields"], "a PING with unknown fields";
    malformed: "dies of a malformed frame" fails ["malformed"], "exit status: 101 after an empty frame";
    strangers: "dies of strangers" fails ["strangers"], "LOGOUT of a user who never logged in";
    early_status: "dies of an early status" fails ["early-status"], "LOGIN and STATUS_CHANGED in one write";
    whole_frames: "takes what it reads for whole frames" fails ["byte-by-byte", "several-frames", "large"],
        "frames that came byte by byte";
    large: "dies of a large frame" fails ["large"], "a message of 1 MB";
    requests: "dies of typing in a room" fails ["requests"], "after BUDDY_TYPING";
    contact: "dies of a removed contact" fails ["contact"], "after removing a contact";
    own_card: "dies of the user's own card" fails ["own-vcard"], "the user's own card";
    put_out: "puts the user out for a contact" fails ["contact"], "CONNECTION_ERROR_INVALID_SETTINGS";

    // How it answers.
    legacy_name: "connects legacy names" fails ["login", "users"], "CONNECTED names the legacy name";
    accepts_any: "accepts any password" fails ["wrong-password"], "says CONNECTED for the password";
    put_off: "puts everybody off" fails ["login"], "CONNECTION_ERROR_OTHER_ERROR";
    network_error: "has the network's error for a wrong password" fails ["wrong-password"], "error 0";
    remembers_users: "remembers users" fails ["relogin"], "CONNECTION_ERROR_NAME_IN_USE";
    receipt: "numbers receipts itself" fails ["receipts"], "has the id \"1\"";
    cut_message: "cuts large messages" fails ["large"], "60000 of 999999 bytes came back";
    malformed_message: "answers large messages with what is none" fails ["large", "decodable"], "is malformed";
    card_number: "numbers cards itself" fails ["vcard"], "with the id 1;";
    own_nickname: "puts the own nickname first" fails ["rooms"], "\"other\" came between";
    subject: "puts the subject first" fails ["rooms"], "The subject came before";
    no_room: "joins any room" fails ["missing-room"], "which is given as a room that does not exist";
    no_reason: "refuses a missing room without a reason" fails ["missing-room"], "no flag says why";
    no_nickname: "refuses a missing room for somebody else" fails ["missing-room"], "The refusal names \"other\"";
    no_flag: "has no flag for the own nickname" fails ["rooms"], "without the flag ME";

    // What it may not send.
    two_answers: "says CONNECTED twice" fails ["one-answer"], "CONNECTED came twice for alice@localhost";
    login_sent: "sends LOGIN" fails ["stalling-types"], "TYPE_LOGIN";
    api_version: "sends API_VERSION" fails ["stalling-types"], "TYPE_API_VERSION";
    file: "sends a file" fails ["stalling-types"], "TYPE_FT_START";
    ping_sent: "sends PING" fails ["types"], "TYPE_PING";
    type_sent: "sends an unknown type" fails ["types"], "unknown type 99";
    required: "leaves out a required field" fails ["decodable"], "Buddy.buddyName is missing";
    utf8: "sends no UTF-8" fails ["decodable"], "Buddy.buddyName is not UTF-8";
    user: "names a user by the legacy name" fails ["users"], "BUDDY_CHANGED is about the user \"alice\"";
    timestamp: "has timestamps of ISO 8601" fails ["timestamps"], "\"2020-01-02T03:04:05Z\"";
    month: "has a thirteenth month" fails ["timestamps"], "\"20201302T030405\"";
    element: "does not close elements" fails ["xml"], "a<br>b";
    entity: "has entities of HTML" fails ["xml"], "nbsp";
    comment: "has comments in XML" fails ["xml"], "a comment";
    stanza: "sends malformed stanzas" fails ["xml"], "TYPE_RAW_XML";
    length: "announces lengths in little-endian" fails ["ping"], "four bytes in network byte order";

    // How it ends.
    status: "ends with status 3" fails ["exit", "idle-drop", "exit-with-user"], "exit status: 3 after EXIT";
    idle_drop: "dies when STATS cannot be sent" fails ["idle-drop"], "PING, EXIT and a close at once";
}

/// Spectrum's C++ library says so where others leave the user out.
#[test]
fn rooms_of_the_empty_user_are_everybodys() {
    let run = run("lists rooms for nobody in particular", &PATIENT);
    assert_eq!(run.with_verdict("fail"), [""; 0], "{}", run.output);
    assert_eq!(run.report("rooms")["remark"], "2 participants in #test");
}

/// It may be meant, but who tries a backend as a server would wait for a LOGIN in vain.
#[test]
fn registration_that_is_needed_is_remarked() {
    let remark = |fault| {
        let run = run(fault, &[&PATIENT[..], &["--only", "config", "--skip", "large"]].concat());
        assert_eq!(run.with_verdict("pass"), ["config"], "{}", run.output);
        run.report("config")["remark"].as_str().unwrap().to_owned()
    };
    for fault in ["needs registration", "does not say that it needs no registration"] {
        let remark = remark(fault);
        assert!(remark.contains("frames; needRegistration is 1"), "{remark}");
    }
    assert!(remark("none").ends_with(" frames"));
}

/// A contact need not say back what it is told, nor all of it at once.
#[test]
fn replies_to_a_large_message_may_be_anything() {
    let faults = [
        ("answers in capitals", "something else came back, as it may"),
        ("cuts large messages in capitals", "something else came back, as it may"),
        ("says that large messages are too long", "something else came back, as it may"),
        ("splits large messages", "it came back in parts, 2 so far"),
        ("none", "it came back whole"),
    ];
    for (fault, remark) in faults {
        let options = [&PATIENT[..], &["--only", "large"]].concat();
        let run = run(fault, &options);
        assert_eq!(run.with_verdict("pass"), ["large"], "{fault}: {}", run.output);
        assert_eq!(run.report("large")["remark"], remark, "{fault}");
    }
}

/// What the system takes in between is less than the message.
#[test]
fn backend_has_to_read() {
    let fault = "does not read on after a chat";
    let options = [&["--json", "--only", "large", "--large-size", "30", "--first-ping", "0"], &IMPATIENT[..]].concat();
    let run = Run::at_leisure(&options, &[example("broken").as_os_str(), OsStr::new(fault)]);
    assert_fails(fault, &run, &["large"], "has not read for 8s, during a message of 30 MB");
}

/// The main process looks at the flag alone.
#[test]
fn status_of_a_refusal_is_remarked() {
    let run = run("refuses a missing room as if it were joined", &PATIENT);
    assert_eq!(run.with_verdict("fail"), [""; 0], "{}", run.output);
    let remark = "refused with PARTICIPANT_FLAG_ROOM_NOT_FOUND, though with STATUS_ONLINE in place of STATUS_NONE";
    assert_eq!(run.report("missing-room")["remark"], remark);
}

/// It does no more than Spectrum's C++ library.
#[test]
fn frames_behind_a_malformed_one_may_wait_until_more_comes() {
    let run = run("stalls after an empty frame", &PATIENT);
    assert_eq!(run.with_verdict("fail"), [""; 0], "{}", run.output);
    assert!(run.report("malformed")["remark"].as_str().unwrap().contains("wait until more comes"));
}

#[test]
fn another_exit_status_may_be_as_good() {
    let options = [&PATIENT[..], &["--exit-status", "3"]].concat();
    let run = run("ends with status 3", &options);
    assert_eq!(run.with_verdict("fail"), [""; 0], "{}", run.output);
}

/// They are waited for together.
#[test]
fn faults_that_show_by_nothing_coming() {
    let faults: [(&str, &[&str], &str); 12] = [
        ("never connects", &["connect"], "did not connect to 127.0.0.1"),
        ("sends no PONG", &["ping"], "No PONG came within 8s"),
        ("announces the length of PONG in little-endian", &["ping"], "In the other byte order that is 2:"),
        ("sends no STATS", &["stats"], "No STATS came within 8s"),
        ("does not answer LOGIN", &["login"], "Neither CONNECTED nor DISCONNECTED came"),
        ("serves one user only", &["two-users"], "for bob@localhost"),
        ("answers one card only", &["vcard"], "the one with the id 42 was not answered"),
        ("does not answer JOIN_ROOM", &["rooms"], "Nothing about the room"),
        ("does not refuse a missing room", &["missing-room"], "No refusal of the room \"#missing\" came within 8s"),
        ("runs on after EXIT", &["exit", "exit-with-user"], "still runs 8s after EXIT"),
        ("runs on after a close", &["close"], "still runs 8s after a bare close"),
        ("hangs at EXIT while a user is logged in", &["exit-with-user"], "still runs"),
    ];
    thread::scope(|scope| {
        let runs = faults.map(|(fault, checks, reason)| {
            scope.spawn(move || assert_fails(fault, &run(fault, &IMPATIENT), checks, reason))
        });
        // All of them are to be seen.
        let failed = runs.into_iter().filter_map(|run| run.join().err()).count();
        assert_eq!(failed, 0);
    });
}
