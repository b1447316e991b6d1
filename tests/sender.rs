//! Everything that a backend can say, as it comes out of the other end of a connection: for each
//! call of the C++ library that was recorded, the same bytes.
#![cfg(feature = "host")]

mod common;
mod support;

use std::io::{self, Read};
use std::thread;

use common::call::Call;
use common::recorded::{NETWORKPLUGIN_OUT, hex, records};
use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use spectrum2::frame::{self, Frame, HEADER_LEN};
use spectrum2::host::Host;
use spectrum2::{
    Backend, BackendConfig, Client, Config, Connected, ConversationMessage, Disconnected, File, FileTransferData,
    Login, Logout, Payload, Sender,
};
use support::TIMEOUT;

/// What arrives when `speak` has said everything.
fn arriving(speak: impl FnOnce(&Sender)) -> Vec<u8> {
    let host = Host::listen().unwrap();
    let client = Client::connect_to(host.address()).unwrap();
    let mut stream = host.accept(TIMEOUT).unwrap().stream().try_clone().unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    // More may be said than the system holds.
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map(|_| bytes)
    });
    let sender = client.sender();
    speak(&sender);
    sender.shutdown().unwrap();
    reader.join().unwrap().unwrap()
}

#[test]
fn calls_send_what_the_cpp_library_sends() {
    let records = records(NETWORKPLUGIN_OUT);
    // Text that is not UTF-8 cannot be said; `tests/vectors.rs` looks at what became of it.
    let (calls, inexpressible): (Vec<_>, Vec<_>) =
        records.iter().map(Call).partition(|call| call.bad_arguments().is_empty());
    let (ping, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(Call::is_ping);
    assert_eq!(ping.len() + calls.len() + inexpressible.len(), records.len());
    assert!(inexpressible.iter().all(|call| is_malformed(&call.frames()[0])));
    assert!(calls.iter().all(|call| !is_malformed(&call.frames()[0])));

    let bytes = arriving(|sender| {
        calls.iter().for_each(|call| call.build(&mut |payload| say(sender, payload).unwrap()));
    });
    let mut rest = bytes.as_slice();
    for call in calls {
        let [recorded] = call.frames() else { panic!("one frame: {}", call.0) };
        rest = split_recorded(rest, recorded).unwrap_or_else(|difference| panic!("{difference}: {}", call.0));
    }
    assert_eq!(rest, [0; 0]);
}

/// Whether a recorded frame is malformed. Those that are not recorded whole are not.
fn is_malformed(recorded: &Json) -> bool {
    recorded.get("hex").is_some_and(|frame| Payload::decode(&hex(frame)[HEADER_LEN..]).is_err())
}

/// Takes a frame off `bytes` that is recorded whole, or by length, hash and its first bytes.
fn split_recorded<'a>(bytes: &'a [u8], recorded: &Json) -> Result<&'a [u8], String> {
    let whole = recorded.get("hex").map(hex);
    let length = whole.as_ref().map_or_else(|| recorded["len"].as_u64().expect("a length") as usize, Vec::len);
    let (frame, rest) = bytes.split_at_checked(length).ok_or("the end of the stream")?;
    let is_same = match whole {
        Some(whole) => frame == whole,
        None => {
            frame.starts_with(&hex(&recorded["head"])) && HEXLOWER.encode(&Sha256::digest(frame)) == recorded["sha256"]
        }
    };
    is_same.then_some(rest).ok_or_else(|| HEXLOWER.encode(&frame[..length.min(3000)]))
}

/// Says what a payload says, with the method that is there for it.
fn say(sender: &Sender, payload: &Payload<'_>) -> io::Result<()> {
    match *payload {
        Payload::Connected(Connected { user }) => sender.connected(user),
        Payload::Disconnected(Disconnected { user, error, message: Some(message) }) => {
            sender.disconnected(user, error, message)
        }
        Payload::BuddyChanged(buddy) => sender.buddy_changed(&buddy),
        Payload::BuddyRemoved(buddy) => sender.buddy_removed(buddy.user_name, buddy.buddy_name),
        Payload::BuddyTyping(buddy) => sender.buddy_typing(buddy.user_name, buddy.buddy_name),
        Payload::BuddyTyped(buddy) => sender.buddy_typed(buddy.user_name, buddy.buddy_name),
        Payload::BuddyStoppedTyping(buddy) => sender.buddy_stopped_typing(buddy.user_name, buddy.buddy_name),
        Payload::AuthRequest(buddy) => sender.auth_request(buddy.user_name, buddy.buddy_name),
        Payload::ConvMessage(message) => sender.message(&message),
        Payload::ConvMessageAck(ConversationMessage { user_name, buddy_name, id: Some(id), .. }) => {
            sender.message_ack(user_name, buddy_name, id)
        }
        Payload::Attention(message) => sender.attention(message.user_name, message.buddy_name, message.message),
        Payload::RoomSubjectChanged(ConversationMessage {
            user_name,
            buddy_name,
            message,
            nickname: Some(nickname),
            ..
        }) => sender.room_subject_changed(user_name, buddy_name, message, nickname),
        Payload::RoomNicknameChanged(room) => sender.room_nickname_changed(room.user_name, room.room, room.nickname),
        Payload::ParticipantChanged(participant) => sender.participant_changed(&participant),
        Payload::RoomList(rooms) => sender.room_list(&rooms),
        Payload::VCard(card) => sender.vcard(&card),
        Payload::BackendConfig(BackendConfig { config }) => sender.backend_config(config),
        Payload::Query(BackendConfig { config }) => sender.query(config),
        Payload::RawXml(xml) => sender.raw_xml(xml),
        Payload::FtStart(file) => sender.file_transfer_start(&file),
        Payload::FtFinish(file) => sender.file_transfer_finish(&file),
        Payload::FtData(data) => sender.file_transfer_data(&data),
        _ => panic!("no method for {payload:?}"),
    }
}

/// What the C++ library has no call for.
#[test]
fn other_calls_send_their_type() {
    let file = File { user_name: "alice", buddy_name: "echo", file_name: "a.txt", size: 3, ft_id: Some(7) };
    let payloads = [
        Payload::Query(BackendConfig { config: "status" }),
        Payload::FtStart(file),
        Payload::FtFinish(file),
        Payload::FtData(FileTransferData { ft_id: 7, data: b"abc" }),
    ];
    let bytes = arriving(|sender| payloads.iter().for_each(|payload| say(sender, payload).unwrap()));
    let mut expected = Vec::new();
    for payload in &payloads {
        frame::encode_to_vec(payload, &mut expected).unwrap();
    }
    assert_eq!(bytes, expected);
}

/// Does nothing.
struct Silent;

impl Backend for Silent {
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        Ok(())
    }

    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        Ok(())
    }

    fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// The recorded STATS come from another process: their form is the same.
#[test]
fn ping_is_answered_as_by_the_cpp_library() {
    let records = records(NETWORKPLUGIN_OUT);
    let recorded = records.iter().map(Call).find(Call::is_ping).expect("the call");
    let host = Host::listen().unwrap();
    let backend = host.run_in_thread(Silent);
    let mut connection = host.accept(TIMEOUT).unwrap();
    connection.send(&Payload::Ping).unwrap();
    let [pong, stats] = recorded.frames() else { panic!("two frames") };

    let answer = connection.receive(TIMEOUT).unwrap();
    assert_eq!(answer.as_frame().body(), &hex(&pong["hex"])[HEADER_LEN..]);
    let answer = connection.receive(TIMEOUT).unwrap();
    let body = answer.as_frame().body();
    assert_eq!(fields(answer.as_frame()), fields(Frame::new(&hex(&stats["hex"])[HEADER_LEN..])));
    let Ok(Payload::Stats(stats)) = Payload::decode(body) else { panic!("{body:?}") };
    assert_eq!(stats.id, std::process::id().to_string());
    if cfg!(target_os = "linux") {
        assert!(stats.res > 0 && stats.init_res > 0 && stats.shared > 0, "{stats:?}");
    }

    connection.close();
    backend.join().unwrap().1.unwrap();
}

/// The type of a frame, and the names of the fields that are present.
fn fields(frame: Frame<'_>) -> (i32, Vec<String>) {
    let payload = frame.decode().unwrap();
    let fields = common::json::of_payload(&payload);
    (payload.type_number(), fields.as_object().expect("fields").keys().cloned().collect())
}

/// The C++ library does not know them.
#[test]
fn receipts_and_send_buddies_on_login_are_lines_of_their_own() {
    let off = BackendConfig::builder().build().unwrap();
    let with = |line: &str| format!("{off}{line}\n");
    assert_eq!(BackendConfig::builder().receipts(true).build().unwrap(), with("receipts=1"));
    assert_eq!(BackendConfig::builder().send_buddies_on_login(true).build().unwrap(), with("send_buddies_on_login=1"));
    assert_eq!(
        BackendConfig::builder().send_buddies_on_login(true).receipts(true).build().unwrap(),
        with("receipts=1\nsend_buddies_on_login=1")
    );
}

#[test]
fn extra_fields_that_would_break_the_text_are_errors() {
    for name in ["a\nb", "a\rb", "a\0", "\ta", "a\t", " a", "a ", "a#b", "#", " ", "a\n[features]\nmuc=1", "\u{85}"] {
        let error = BackendConfig::builder().extra_fields(&["fine", name]).build().unwrap_err();
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    }
}

/// What is no error comes back.
#[test]
fn extra_fields_come_back_from_the_text() {
    let characters = ["", "a", "é", " ", "=", "[", "]", "#", ";", "\"", "\\", "$", "\n", "\r", "\t", "\u{a0}"];
    let mut built = 0;
    for first in characters {
        for second in characters {
            for third in characters {
                let names = [[first, second, third].concat(), "last".to_owned()];
                let names = names.each_ref().map(String::as_str);
                let Ok(text) = BackendConfig::builder().extra_fields(&names).receipts(true).build() else { continue };
                let config: Config = text.parse().unwrap();
                assert!(config.list("registration.extraField").eq(names), "{text:?}");
                assert_eq!(config.bool("features.receipts"), Ok(Some(true)));
                assert_eq!(config.entries().count(), 2 + names.len() + 4);
                built += 1;
            }
        }
    }
    assert!(built > 0);
}
