//! The tool `spectrum2-wire`, run as a program.

#![cfg(feature = "cli")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use serde_json::{Value, json};
use spectrum2::{Connected, Login, Payload, StrMap, UserSettings, frame};

struct Run {
    status: i32,
    output: Vec<u8>,
    complaints: String,
}

impl Run {
    fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.output).unwrap().lines().collect()
    }

    fn objects(&self) -> Vec<Value> {
        self.lines().into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn run(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A tool that stops early closes its end; what it did then is for the caller to judge.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    Run { status: output.status.code().unwrap(), complaints: complaints(&output), output: output.stdout }
}

/// What a run said about its input, without the name of the tool, which starts every line.
fn complaints(output: &Output) -> String {
    let text = std::str::from_utf8(&output.stderr).unwrap();
    if output.status.code() != Some(2) {
        assert!(text.lines().all(|line| line.starts_with("spectrum2-wire: ")), "{text}");
    }
    text.replace("spectrum2-wire: ", "")
}

/// What decoding must print when all is well.
fn decode(frames: &[u8]) -> String {
    let run = run(&["decode"], frames);
    assert_eq!((run.status, run.complaints.as_str()), (0, ""));
    String::from_utf8(run.output).unwrap()
}

/// The bytes that encoding must write when all is well.
fn encode(lines: &str) -> Vec<u8> {
    let run = run(&["encode"], lines.as_bytes());
    assert_eq!((run.status, run.complaints.as_str()), (0, ""));
    run.output
}

/// The complaint about the one line of `input`, of which nothing may be written.
fn complaint(input: &str) -> String {
    let run = run(&["encode"], input.as_bytes());
    assert_eq!((run.status, run.output.as_slice()), (1, [].as_slice()), "{input}");
    run.complaints
}

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// A frame with any body.
fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}

fn frame_of(payload: &Payload<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::encode_to_vec(payload, &mut bytes).unwrap();
    bytes
}

const PING: &[u8] = b"\0\0\0\x02\x08\x09";
const EXIT: &[u8] = b"\0\0\0\x02\x08\x1d";
/// A `Connected` without its user.
const MALFORMED: &[u8] = b"\0\0\0\x04\x08\x01\x12\x00";

fn vectors(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn main_to_backend() -> Vec<(Vec<u8>, Value)> {
    let cases = vectors("main_to_backend.jsonl").into_iter().filter(|case| case["hex"].is_string());
    cases.map(|case| (unhex(case["hex"].as_str().unwrap()), expected(&case))).collect()
}

/// All frames that the vectors of the C++ library hold in full.
fn from_network_plugin() -> Vec<Vec<u8>> {
    let cases = vectors("networkplugin_out.jsonl");
    let frames = cases.iter().filter_map(|case| case["frames"].as_array()).flatten();
    frames.filter_map(|frame| frame["hex"].as_str()).map(unhex).collect()
}

/// The line that a vector's frame decodes to. In the vectors bytes are marked hexadecimal, XML
/// stands in `_raw`, and no payload looks like an empty one.
fn expected(case: &Value) -> Value {
    let mut line = json!({ "type": case["type"] });
    let mut fields = case["fields"].clone();
    for value in fields.as_object_mut().unwrap().values_mut() {
        if let Some(hex) = value.as_str().and_then(|text| text.strip_prefix("hex:")) {
            *value = BASE64.encode(&unhex(hex)).into();
        }
    }
    if fields.get("_raw").is_some() {
        line["xml"] = fields["_raw"].take();
    } else if !matches!(case["type"].as_str(), Some("TYPE_PING" | "TYPE_EXIT")) {
        line["payload"] = fields;
    }
    line
}

#[test]
fn decodes_what_the_main_process_sends() {
    let (frames, expected): (Vec<_>, Vec<_>) = main_to_backend().into_iter().unzip();
    assert!(!frames.is_empty());

    let binary = run(&["decode"], &frames.concat());
    assert_eq!(binary.objects(), expected);
    assert_eq!((binary.status, binary.complaints.as_str()), (0, ""));

    let lines: String = frames.iter().map(|frame| HEXLOWER.encode(frame) + "\n").collect();
    assert_eq!(run(&["decode", "--hex"], lines.as_bytes()).output, binary.output);
}

#[test]
fn encodes_what_it_decoded() {
    let frames: Vec<_> = main_to_backend().into_iter().map(|case| case.0).chain(from_network_plugin()).collect();
    let malformed = frames.iter().filter(|frame| Payload::decode(&frame[frame::HEADER_LEN..]).is_err()).count();
    assert!(malformed > 0 && malformed < frames.len());

    let decoded = run(&["decode"], &frames.concat());
    assert_eq!(decoded.status, 1);
    assert_eq!(decoded.objects().len(), frames.len());
    assert_eq!(decoded.objects().iter().filter(|line| line.get("error").is_some()).count(), malformed);

    let encoded = run(&["encode"], &decoded.output);
    assert_eq!((encoded.status, encoded.complaints.as_str()), (0, ""));
    assert_eq!(encoded.output, frames.concat());
}

#[test]
fn encodes_what_it_decoded_in_hexadecimal() {
    let frames: Vec<_> = main_to_backend().into_iter().map(|case| case.0).chain(from_network_plugin()).collect();
    let lines: String = frames.iter().map(|frame| HEXLOWER.encode(frame) + "\n").collect();
    let decoded = run(&["decode", "--hex"], lines.as_bytes());
    assert_eq!(decoded.output, run(&["decode"], &frames.concat()).output);

    let encoded = run(&["encode", "--hex"], &decoded.output);
    assert_eq!((encoded.status, encoded.complaints.as_str()), (0, ""));
    assert_eq!(String::from_utf8(encoded.output).unwrap(), lines);
}

#[test]
fn encodes_every_kind_of_field() {
    let lines = concat!(
        r#"{"type":"TYPE_FT_DATA","payload":{"ftID":-1,"data":"AP8="}}"#,
        "\n",
        r#"{"type":"TYPE_CONV_MESSAGE","payload":{"userName":"a","buddyName":"b","message":"\"\u0000\n😀","headline":false,"#,
        r#""carbon":true,"attachment":[{"url":""},{"url":"u","mimeType":"m"}]}}"#,
        "\n",
        r#"{"type":"TYPE_PARTICIPANT_CHANGED","payload":{"userName":"a","room":"r","nickname":"n","flag":-2147483648,"#,
        r#""status":"STATUS_INVISIBLE"}}"#,
        "\n",
        r#"{"type":"TYPE_BUDDIES","payload":{"buddy":[{"userName":"a","buddyName":"b","group":["","g"],"blocked":true}]}}"#,
        "\n",
    );
    assert_eq!(decode(&encode(lines)), lines);
}

#[test]
fn writes_fields_in_the_order_of_the_schema() {
    let ordered = encode(r#"{"type":"TYPE_LOGOUT","payload":{"user":"a","legacyName":"b"}}"#);
    assert_eq!(encode(r#"{"payload":{"legacyName":"b","user":"a"},"type":"TYPE_LOGOUT"}"#), ordered);
    assert_eq!(ordered, framed(b"\x08\x04\x12\x06\x0a\x01a\x12\x01b"));
}

#[test]
fn goes_on_after_a_malformed_frame() {
    let run = run(&["decode"], &[PING, MALFORMED, EXIT].concat());
    assert_eq!(run.status, 1);
    assert_eq!(
        run.objects(),
        [
            json!({"type": "TYPE_PING"}),
            json!({
                "error": Payload::decode(&MALFORMED[4..]).unwrap_err().to_string(),
                "frame": 1,
                "hex": HEXLOWER.encode(MALFORMED),
            }),
            json!({"type": "TYPE_EXIT"}),
        ]
    );
    assert_eq!(encode(std::str::from_utf8(&run.output).unwrap()), [PING, MALFORMED, EXIT].concat());
}

#[test]
fn an_empty_frame_is_malformed() {
    let run = run(&["decode"], &[&[0; 4], PING].concat());
    assert_eq!(run.status, 1);
    assert_eq!(run.objects()[0]["hex"], "00000000");
    assert_eq!(run.objects()[1], json!({"type": "TYPE_PING"}));
}

#[test]
fn shows_the_rest_of_a_stream_that_ends_within_a_frame() {
    for length in 1..PING.len() {
        let stream = [EXIT, &PING[..length]].concat();
        let run = run(&["decode"], &stream);
        assert_eq!(run.status, 1);
        let [exit, part] = &run.objects()[..] else { panic!("{:?}", run.lines()) };
        assert_eq!(exit, &json!({"type": "TYPE_EXIT"}));
        assert!(part["error"].is_string());
        assert_eq!((&part["frame"], &part["hex"]), (&json!(1), &json!(HEXLOWER.encode(&PING[..length]))));
        assert_eq!(encode(std::str::from_utf8(&run.output).unwrap()), stream);
    }
}

#[test]
fn a_length_over_the_limit_ends_the_stream() {
    let connected = frame_of(&Payload::Connected(Connected { user: "alice" }));
    let stream = [PING, &connected, PING].concat();
    let body = connected.len() - frame::HEADER_LEN;

    let enough = run(&["decode", "--limit", &body.to_string()], &stream);
    assert_eq!((enough.status, enough.lines().len()), (0, 3));

    let too_few = run(&["decode", "--limit", &(body - 1).to_string()], &stream);
    assert_eq!(too_few.status, 1);
    let [_, error] = &too_few.objects()[..] else { panic!("{:?}", too_few.lines()) };
    assert_eq!((&error["frame"], &error["hex"]), (&json!(1), &json!(HEXLOWER.encode(&connected[..4]))));
    assert!(error["error"].as_str().unwrap().contains("limit"));

    let by_default = u32::try_from(frame::DEFAULT_LIMIT + 1).unwrap().to_be_bytes();
    let by_default = run(&["decode"], &by_default);
    assert_eq!((by_default.status, by_default.objects()[0]["hex"].clone()), (1, json!("02000001")));
}

#[test]
fn a_bad_line_of_hexadecimal_costs_that_line_alone() {
    let lines = format!("\n{}\r\n  \n0000 000g\n\n zz\n000000020809ff\n00000003080a\n0000\n00000005ffffffffff\n", {
        HEXUPPER.encode(EXIT)
    });
    let run = run(&["decode", "--hex", "--limit", "4"], lines.as_bytes());
    assert_eq!(run.status, 1);
    let objects = run.objects();
    assert_eq!(objects[0], json!({"type": "TYPE_EXIT"}));
    let bad: Vec<_> = objects[1..].iter().map(|line| (line["frame"].as_u64(), line["hex"].as_str())).collect();
    let texts = ["0000 000g", " zz", "000000020809ff", "00000003080a", "0000", "00000005ffffffffff"];
    let expected: Vec<_> = (1..).zip(texts).map(|(index, text)| (Some(index), Some(text))).collect();
    assert_eq!(bad, expected);
    assert!(objects[1..].iter().all(|line| line["error"].is_string()));
}

#[test]
fn hexadecimal_digits_may_have_blanks_between_them() {
    let run = run(&["decode", "--hex"], b"0000 0002 0809\n\t00 00 00 02\t08 0a \n");
    assert_eq!((run.status, run.objects()), (0, vec![json!({"type": "TYPE_PING"}), json!({"type": "TYPE_PONG"})]));
}

#[test]
fn hexadecimal_digits_without_the_option_are_noticed() {
    let run = run(&["decode"], b"000000020809\n");
    assert_eq!(run.status, 1);
    assert!(run.complaints.contains("--hex"), "{}", run.complaints);
}

#[test]
fn a_line_of_hexadecimal_may_end_the_input() {
    let run = run(&["decode", "--hex"], b"000000020809");
    assert_eq!((run.status, run.lines()), (0, vec![r#"{"type":"TYPE_PING"}"#]));
}

#[test]
fn payload_is_shown_when_it_is_present() {
    for (body, line) in [
        (b"\x08\x23".as_slice(), r#"{"type":"TYPE_BUDDIES"}"#),
        (b"\x08\x23\x12\x00", r#"{"type":"TYPE_BUDDIES","payload":{}}"#),
        (b"\x08\x09", r#"{"type":"TYPE_PING"}"#),
        (b"\x08\x09\x12\x00", r#"{"type":"TYPE_PING","payload":""}"#),
        (b"\x08\x0a\x12\x03abc", r#"{"type":"TYPE_PONG","payload":"YWJj"}"#),
        (b"\x08\x22", r#"{"type":"TYPE_RAW_XML"}"#),
        (b"\x08\x22\x12\x00", r#"{"type":"TYPE_RAW_XML","xml":""}"#),
        (b"\x08\x22\x12\x04<a/>", r#"{"type":"TYPE_RAW_XML","xml":"<a/>"}"#),
        (b"\x08\x05", r#"{"type":5}"#),
        (b"\x08\x05\x12\x00", r#"{"type":5,"payload":""}"#),
        (b"\x08\xac\x02\x12\x02\xff\xfe", r#"{"type":300,"payload":"//4="}"#),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", r#"{"type":-1}"#),
    ] {
        assert_eq!(decode(&framed(body)), format!("{line}\n"));
        assert_eq!(encode(line), framed(body), "{line}");
    }
}

#[test]
fn shows_present_fields_only_and_empty_ones_too() {
    let body = b"\x08\x06\x12\x08\x0a\x00\x12\x00\x1a\x00\x40\x00";
    let line = r#"{"type":"TYPE_BUDDY_CHANGED","payload":{"userName":"","buddyName":"","alias":"","blocked":false}}"#;
    assert_eq!(decode(&framed(body)), format!("{line}\n"));
    assert_eq!(encode(line), framed(body));
}

fn login(settings: &[(&str, &str)]) -> Vec<u8> {
    let settings = Some(UserSettings { value: StrMap::from(settings) });
    frame_of(&Payload::Login(Login { user: "u", legacy_name: "l", password: "p", settings, ..Login::default() }))
}

/// The line of [`login`], with the map as this text.
fn login_line(map: &str) -> String {
    let payload = format!(r#"{{"user":"u","legacyName":"l","password":"p","settings":{{"value":{map}}}}}"#);
    format!(r#"{{"type":"TYPE_LOGIN","payload":{payload}}}"#)
}

#[test]
fn map_entries_keep_their_order() {
    let frame = login(&[("z", "1"), ("a", ""), ("", "m"), ("b", "2")]);
    let line = login_line(r#"{"z":"1","a":"","":"m","b":"2"}"#);
    assert_eq!(decode(&frame), format!("{line}\n"));
    assert_eq!(encode(&line), frame);
}

#[test]
fn a_key_that_occurs_again_is_shown_once_with_its_last_value() {
    let frame = login(&[("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("b", "5")]);
    assert_eq!(decode(&frame), login_line(r#"{"a":"3","b":"5","c":"4"}"#) + "\n");
}

/// Quadratic time would be minutes.
#[test]
fn a_map_may_have_very_many_entries() {
    let keys: Vec<String> = (0..300_000).map(|number| format!("{:x}", number / 2)).collect();
    let entries: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
    let run = run(&["decode"], &login(&entries));
    assert_eq!(run.status, 0);
    assert_eq!(run.objects()[0]["payload"]["settings"]["value"].as_object().unwrap().len(), keys.len() / 2);
}

#[test]
fn a_missing_required_field_is_named() {
    for (line, field) in [
        (r#"{"type":"TYPE_LOGIN","payload":{"user":"u","legacyName":"l"}}"#, "Login.password"),
        (r#"{"type":"TYPE_LOGIN","payload":{}}"#, "Login.user"),
        (r#"{"type":"TYPE_LOGIN"}"#, "Login.user"),
        (r#"{"type":"TYPE_BUDDIES","payload":{"buddy":[{"userName":"u"}]}}"#, "Buddy.buddyName"),
        (r#"{"payload":{}}"#, "type"),
        ("{}", "type"),
        (r#"{"error":"","frame":0}"#, "hex"),
    ] {
        assert_eq!(complaint(line), format!("line 1: {field} is missing\n"));
    }
}

#[test]
fn null_means_absent() {
    assert_eq!(encode(r#"{"type":"TYPE_BUDDIES","payload":null}"#), framed(b"\x08\x23"));
    assert_eq!(encode(r#"{"type":"TYPE_BUDDIES","payload":{"buddy":null}}"#), framed(b"\x08\x23\x12\x00"));
    assert_eq!(
        encode(r#"{"type":"TYPE_BUDDY_TYPING","payload":{"userName":"a","buddyName":"b","alias":null,"status":null}}"#),
        encode(r#"{"type":"TYPE_BUDDY_TYPING","payload":{"userName":"a","buddyName":"b"}}"#)
    );
    assert_eq!(
        complaint(r#"{"type":"TYPE_CONNECTED","payload":{"user":null}}"#),
        "line 1: Connected.user is missing\n"
    );
    assert_eq!(complaint(r#"{"type":null}"#), "line 1: type is missing\n");
}

#[test]
fn enums_and_types_may_be_numbers() {
    let names = r#"{"type":"TYPE_STATUS_CHANGED","payload":{"userName":"a","status":"STATUS_DND"}}"#;
    assert_eq!(encode(r#"{"type":17,"payload":{"userName":"a","status":4}}"#), encode(names));
    assert_eq!(decode(&encode(names)), format!("{names}\n"));
}

#[test]
fn complains_about_each_bad_line_and_goes_on() {
    let ping = r#"{"type":"TYPE_PING"}"#;
    let lines = format!("{ping}\n\n{{\"type\":\"TYPE_LOGIN\"}}\n{ping}\r\n  \nnot JSON\n{ping}");
    let run = run(&["encode"], lines.as_bytes());
    assert_eq!((run.status, run.output), (1, PING.repeat(3)));
    let complaints: Vec<_> = run.complaints.lines().collect();
    assert_eq!(complaints.len(), 2);
    assert_eq!(complaints[0], "line 3: Login.user is missing");
    assert!(complaints[1].starts_with("line 6: not JSON"));
}

#[test]
fn complains_about_what_the_schema_does_not_know() {
    for (line, about) in [
        (r#"{"type":"TYPE_PING","xml":"<a/>"}"#, r#""xml""#),
        (r#"{"type":"TYPE_RAW_XML","payload":{}}"#, r#""payload""#),
        (r#"{"type":"TYPE_PING","frame":0}"#, r#""frame""#),
        (r#"{"type":"TYPE_PING","hex":"00"}"#, r#""type""#),
        (r#"{"type":"TYPE_CONNECTED","payload":{"user":"a","users":"a"}}"#, r#"Connected has no field "users""#),
        (
            r#"{"type":"TYPE_LOGIN","payload":{"user":"","legacyName":"","password":"","settings":{"k":"v"}}}"#,
            r#"Login.UserSettings has no field "k""#,
        ),
        (r#"{"type":"TYPE_NONSENSE"}"#, r#"type is unknown: "TYPE_NONSENSE""#),
        (r#"{"type":"TYPE_STATUS_CHANGED","payload":{"userName":"a","status":"STATUS_GONE"}}"#, "Status.status"),
        (r#"{"type":"TYPE_STATUS_CHANGED","payload":{"userName":"a","status":7}}"#, "Status.status"),
    ] {
        let complaint = complaint(line);
        assert!(complaint.starts_with("line 1: ") && complaint.contains(about), "{complaint}");
        assert_eq!(complaint.lines().count(), 1);
    }
}

#[test]
fn complains_about_wrong_types() {
    let message = r#"{"type":"TYPE_CONV_MESSAGE","payload":{"userName":"a","buddyName":"b","message":"c","#;
    let vcard = r#"{"type":"TYPE_VCARD","payload":{"userName":"a","buddyName":"b","id":"#;
    for (line, field) in [
        (r#""text""#.into(), "the line"),
        ("[]".into(), "the line"),
        (r#"{"type":true}"#.into(), "type"),
        (r#"{"type":2147483648}"#.into(), "type"),
        (r#"{"type":"TYPE_CONNECTED","payload":[]}"#.into(), "payload"),
        (r#"{"type":"TYPE_CONNECTED","payload":{"user":5}}"#.into(), "Connected.user"),
        (r#"{"type":"TYPE_RAW_XML","xml":{}}"#.into(), "xml"),
        (r#"{"type":"TYPE_PING","payload":{}}"#.into(), "payload"),
        (r#"{"type":99,"payload":"YQ"}"#.into(), "payload"),
        (format!(r#"{message}"headline":"true"}}}}"#), "ConversationMessage.headline"),
        (format!(r#"{message}"attachment":{{}}}}}}"#), "ConversationMessage.attachment"),
        (format!(r#"{message}"attachment":[null]}}}}"#), "ConversationMessage.attachment"),
        (format!(r#"{vcard}"1"}}}}"#), "VCard.id"),
        (format!("{vcard}1.5}}}}"), "VCard.id"),
        (format!("{vcard}-2147483649}}}}"), "VCard.id"),
        (format!(r#"{vcard}1,"photo":"YWJ"}}}}"#), "VCard.photo"),
        (format!(r#"{vcard}1,"photo":[1]}}}}"#), "VCard.photo"),
        (login_line(r#"{"k":1}"#), "UserSettings.value"),
        (login_line(r#"[]"#), "UserSettings.value"),
        (r#"{"type":"TYPE_STATUS_CHANGED","payload":{"userName":"a","status":false}}"#.into(), "Status.status"),
        (r#"{"error":"","frame":0,"hex":"0g"}"#.into(), "hex"),
        (r#"{"error":"","frame":0,"hex":0}"#.into(), "hex"),
    ] {
        let complaint = complaint(&line);
        assert!(complaint.starts_with("line 1: ") && complaint.contains(field), "{line}: {complaint}");
        assert_eq!(complaint.lines().count(), 1);
    }
}

#[test]
fn no_complaint_shows_a_password() {
    let run = run(&["encode"], br#"{"type":"TYPE_LOGIN","payload":{"user":1,"password":"secret"}}"#);
    assert_eq!(run.status, 1);
    assert!(!run.complaints.contains("secret"));
}

#[test]
fn reads_files() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("frames");
    fs::write(&path, [PING, EXIT].concat()).unwrap();
    let path = path.to_str().unwrap();
    let from_file = run(&["decode", path], b"");
    assert_eq!(from_file.status, 0);
    assert_eq!(from_file.lines(), [r#"{"type":"TYPE_PING"}"#, r#"{"type":"TYPE_EXIT"}"#]);
    assert_eq!(run(&["decode", "-"], &[PING, EXIT].concat()).output, from_file.output);
}

#[test]
fn nothing_becomes_nothing() {
    for arguments in [["decode"].as_slice(), &["decode", "--hex"], &["encode"], &["encode", "--hex"]] {
        let run = run(arguments, b"");
        assert_eq!((run.status, run.output.len(), run.complaints.as_str()), (0, 0, ""));
    }
}

#[test]
fn failures_have_a_status_of_their_own() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("missing");
    let missing = missing.to_str().unwrap();
    for arguments in [
        ["decode", missing].as_slice(),
        &["encode", missing],
        &["decode", env!("CARGO_TARGET_TMPDIR")],
        &["decode", "--limit", "many"],
        &["decode", "--nonsense"],
        &["nonsense"],
        &[],
    ] {
        let run = run(arguments, b"");
        assert_eq!((run.status, run.output.len()), (2, 0), "{arguments:?}");
        assert!(!run.complaints.is_empty());
    }
}

#[test]
fn helps() {
    for arguments in [["--help"].as_slice(), &["decode", "--help"], &["encode", "--help"]] {
        let run = run(arguments, b"");
        assert_eq!(run.status, 0);
        let help = String::from_utf8(run.output).unwrap();
        assert!(help.contains("Usage: spectrum2-wire") && help.contains("Exit status:"), "{help}");
        // It holds for what the help is about.
        assert_eq!(help.contains("a check failed"), arguments.len() == 1, "{help}");
    }
    let version = run(&["--version"], b"");
    assert_eq!((version.status, version.lines()), (0, vec![concat!("spectrum2-wire ", env!("CARGO_PKG_VERSION"))]));
}

#[test]
fn ends_quietly_when_nobody_reads_on() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"))
        .arg("decode")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // Fails when the tool is faster, which is as good.
    let _ = stdin.write_all(&PING.repeat(100_000));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()));
}

/// A stream that stays open is shown as it comes.
#[test]
fn shows_frames_before_the_input_ends() {
    use std::io::{BufRead, BufReader};

    for (arguments, input) in [(["decode"].as_slice(), PING), (&["decode", "--hex"], b"000000020809\n")] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_spectrum2-wire"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "{\"type\":\"TYPE_PING\"}\n");
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }
}
