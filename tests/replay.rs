//! What the main process sends, and what a backend is told of it: the same that the C++ library
//! tells, with the same arguments, however the stream is cut.
#![cfg(feature = "host")]

mod common;
mod support;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::mpsc;
use std::thread::JoinHandle;

use common::recorded::{MAIN_TO_BACKEND, NETWORKPLUGIN_IN, hex, records};
use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use spectrum2::frame::Frame;
use spectrum2::host::{Connection, Host};
use spectrum2::{
    Backend, BackendConfig, Buddies, Buddy, ConversationMessage, DecodeError, Error, Login, Logout, Payload, Room,
    Sender, Status, StatusType, VCard,
};
use support::{Cutter, TIMEOUT, with_every_delivery};

/// Tells which of its methods are called, in the words of the recorded calls of the C++ library;
/// methods that it has no callback for go by their own names.
struct Recorder(mpsc::Sender<Json>);

impl Recorder {
    fn call(&self, callback: &str, arguments: Json) -> io::Result<()> {
        self.0.send(json!({ "cb": callback, "args": arguments })).map_err(io::Error::other)
    }

    fn typing(&self, callback: &str, buddy: &Buddy<'_>) -> io::Result<()> {
        self.call(callback, json!({ "user": buddy.user_name, "buddyName": buddy.buddy_name }))
    }
}

/// What is absent is empty in the C++ library.
fn text(value: Option<&str>) -> &str {
    value.unwrap_or_default()
}

impl Backend for Recorder {
    fn login(&mut self, _: &mut Sender, login: Login<'_>) -> io::Result<()> {
        let settings = login.settings.unwrap_or_default().value.entries();
        let settings: serde_json::Map<_, _> = settings.iter().map(|(key, value)| (key.into(), value.into())).collect();
        let Login { user, legacy_name, password, .. } = login;
        self.call(
            "handleLoginRequest",
            json!({ "user": user, "legacyName": legacy_name, "password": password, "settings": settings }),
        )
    }

    fn logout(&mut self, _: &mut Sender, logout: Logout<'_>) -> io::Result<()> {
        self.call("handleLogoutRequest", json!({ "user": logout.user, "legacyName": logout.legacy_name }))
    }

    fn message(&mut self, _: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        self.call(
            "handleMessageSendRequest",
            json!({
                "user": message.user_name,
                "legacyName": message.buddy_name,
                "message": message.message,
                "xhtml": text(message.xhtml),
                "id": text(message.id),
            }),
        )
    }

    fn status_changed(&mut self, _: &mut Sender, status: Status<'_>) -> io::Result<()> {
        self.call(
            "handleStatusChangeRequest",
            json!({
                "user": status.user_name,
                "status": status.status.number(),
                "statusMessage": text(status.status_message),
            }),
        )
    }

    fn buddies(&mut self, _: &mut Sender, buddies: Buddies<'_>) -> io::Result<()> {
        self.call("buddies", common::json::of_message(&buddies))
    }

    fn buddy_changed(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        let groups: Vec<&str> = buddy.group.iter().collect();
        let Buddy { user_name, buddy_name, .. } = buddy;
        self.call(
            "handleBuddyUpdatedRequest",
            json!({ "user": user_name, "buddyName": buddy_name, "alias": text(buddy.alias), "groups": groups }),
        )
    }

    fn buddy_block_toggled(&mut self, _: &mut Sender, buddy: Buddy<'_>, blocked: bool) -> io::Result<()> {
        self.call(
            "handleBuddyBlockToggled",
            json!({ "user": buddy.user_name, "buddyName": buddy.buddy_name, "blocked": blocked }),
        )
    }

    fn buddy_removed(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        let groups: Vec<&str> = buddy.group.iter().collect();
        self.call(
            "handleBuddyRemovedRequest",
            json!({ "user": buddy.user_name, "buddyName": buddy.buddy_name, "groups": groups }),
        )
    }

    fn buddy_typing(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.typing("handleTypingRequest", &buddy)
    }

    fn buddy_typed(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.typing("handleTypedRequest", &buddy)
    }

    fn buddy_stopped_typing(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.typing("handleStoppedTypingRequest", &buddy)
    }

    fn attention(&mut self, _: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        self.call(
            "handleAttentionRequest",
            json!({ "user": message.user_name, "buddyName": message.buddy_name, "message": message.message }),
        )
    }

    fn join_room(&mut self, _: &mut Sender, room: Room<'_>) -> io::Result<()> {
        self.call(
            "handleJoinRoomRequest",
            json!({
                "user": room.user_name,
                "room": room.room,
                "nickname": room.nickname,
                "password": text(room.password),
            }),
        )
    }

    fn leave_room(&mut self, _: &mut Sender, room: Room<'_>) -> io::Result<()> {
        self.call("handleLeaveRoomRequest", json!({ "user": room.user_name, "room": room.room }))
    }

    fn room_subject_changed(&mut self, _: &mut Sender, subject: ConversationMessage<'_>) -> io::Result<()> {
        self.call(
            "handleRoomSubjectChangedRequest",
            json!({ "user": subject.user_name, "room": subject.buddy_name, "message": subject.message }),
        )
    }

    fn vcard_requested(&mut self, _: &mut Sender, request: VCard<'_>) -> io::Result<()> {
        // There it is unsigned.
        let id = request.id as u32;
        self.call(
            "handleVCardRequest",
            json!({ "user": request.user_name, "legacyName": request.buddy_name, "id": id }),
        )
    }

    fn vcard_updated(&mut self, _: &mut Sender, card: VCard<'_>) -> io::Result<()> {
        let photo = HEXLOWER.encode(card.photo.expect("an update has a photo"));
        self.call(
            "handleVCardUpdatedRequest",
            json!({ "user": card.user_name, "photo": { "hex": photo }, "nickname": text(card.nickname) }),
        )
    }

    fn raw_xml(&mut self, _: &mut Sender, xml: &str) -> io::Result<()> {
        self.call("handleRawXML", json!({ "xml": xml }))
    }

    fn query_answer(&mut self, _: &mut Sender, answer: BackendConfig<'_>) -> io::Result<()> {
        self.call("query_answer", json!({ "config": answer.config }))
    }

    fn exit(&mut self, _: &mut Sender) -> io::Result<()> {
        self.call("handleExitRequest", json!({}))
    }

    fn other(&mut self, _: &mut Sender, payload: Payload<'_>) -> io::Result<()> {
        self.call("other", json!(payload.type_number()))
    }

    fn malformed(&mut self, _: &mut Sender, _: Frame<'_>, error: DecodeError) -> io::Result<()> {
        let place = error.field().map_or(error.message().into(), |field| format!("{}.{field}", error.message()));
        self.call("malformed", json!(place))
    }
}

/// A main process with one backend.
struct Session {
    connection: Connection,
    calls: mpsc::Receiver<Json>,
    backend: JoinHandle<(Recorder, Result<(), Error>)>,
}

impl Session {
    fn start(host: &Host) -> Self {
        let (sender, calls) = mpsc::channel();
        let backend = host.run_in_thread(Recorder(sender));
        Self { connection: host.accept(TIMEOUT).unwrap(), calls, backend }
    }

    fn next_call(&self) -> Json {
        self.calls.recv_timeout(TIMEOUT).expect("one more call")
    }

    /// PING was answered.
    fn expect_answer_to_ping(&mut self) {
        assert_eq!(self.connection.receive(TIMEOUT).unwrap().decode(), Ok(Payload::Pong));
        let answer = self.connection.receive(TIMEOUT).unwrap();
        assert!(matches!(answer.decode(), Ok(Payload::Stats(_))), "{answer:?}");
    }

    /// The backend said nothing, and was told nothing, that was not asked for before; this is how it ended.
    fn end(mut self) -> Result<(), Error> {
        // Fails when the backend closed first.
        let _ = self.connection.stream().shutdown(Shutdown::Write);
        let (_, ended) = self.backend.join().unwrap();
        let more = self.connection.receive(TIMEOUT).unwrap_err();
        // A backend that did not read everything resets the connection.
        let is_end = more.kind() == ErrorKind::UnexpectedEof;
        assert!(is_end || ended.is_err() && more.kind() == ErrorKind::ConnectionReset, "{more}");
        assert_eq!(self.calls.iter().collect::<Vec<_>>(), [Json::Null; 0]);
        ended
    }
}

/// A call that the C++ library does not make.
#[derive(Clone, Copy)]
enum Call {
    /// Of [`Backend::malformed`], for this message or field.
    Malformed(&'static str),
    /// Of [`Backend::other`], for this type.
    Other(i32),
    /// Of [`Backend::buddies`], without contacts.
    NoBuddies,
    /// Of [`Backend::query_answer`].
    QueryAnswer(&'static str),
}

impl Call {
    fn to_json(self) -> Json {
        let (method, arguments) = match self {
            Self::Malformed(place) => ("malformed", json!(place)),
            Self::Other(type_number) => ("other", json!(type_number)),
            Self::NoBuddies => ("buddies", json!({})),
            Self::QueryAnswer(answer) => ("query_answer", json!({ "config": answer })),
        };
        json!({ "cb": method, "args": arguments })
    }
}

/// How a backend is served otherwise than by the C++ library.
#[derive(Clone, Copy)]
enum Difference {
    /// In the first step there is this call; the C++ library drops the frame, or takes what is not
    /// UTF-8.
    Calls(Call),
    /// As above, and a PING that comes in the same read is answered at once; the C++ library leaves
    /// it until the next read.
    GoesOn(Call),
    /// The connection fails; the C++ library waits for 4 GiB.
    Ends,
}

use Call::{Malformed, NoBuddies, Other, QueryAnswer};
use Difference::{Calls, Ends, GoesOn};

/// All differences there are, by the names of the cases.
const DIFFERENCES: &[(&str, Difference)] = &[
    // The C++ library has no callback for them.
    (
        "captured from main (server): backend sent QUERY 'status' [TYPE_QUERY]",
        Calls(QueryAnswer("Running (0 users connected using 1 backends)")),
    ),
    (
        "captured from main (server send_buddies=1): first login, then a contact is added [TYPE_BUDDIES]",
        Calls(NoBuddies),
    ),
    // Neither an update nor a request.
    ("VCARD empty buddyName, no photo (nickname only)", Calls(Other(16))),
    // The C++ library passes on bytes that are no text.
    ("RAW_XML, payload not UTF-8", Calls(Malformed("WrapperMessage.payload"))),
    ("LOGIN user not UTF-8", Calls(Malformed("Login.user"))),
    // Malformed messages, which the C++ library drops.
    ("STATUS_CHANGED with unknown enum value 7", Calls(Malformed("Status.status"))),
    ("LOGIN payload misses password (required), then PING in the same read", Calls(Malformed("Login.password"))),
    ("LOGIN payload is garbage, then PING in the same read", Calls(Malformed("Login"))),
    ("wrapper without type", Calls(Malformed("WrapperMessage.type"))),
    ("zero-length frame, then PING in a later read", Calls(Malformed("WrapperMessage.type"))),
    ("zero-length frame, then PING in the same read", GoesOn(Malformed("WrapperMessage.type"))),
    ("unparseable wrapper then PING in the same read, then PING in a later read", GoesOn(Malformed("WrapperMessage"))),
    // The C++ library knows the type, does not expect it, and forgets to go on.
    ("TYPE_BUDDIES then PING in the same read, then PING in a later read", GoesOn(NoBuddies)),
    ("TYPE_API_VERSION then PING in the same read, then PING in a later read", GoesOn(Malformed("APIVersion.version"))),
    ("TYPE_QUERY then PING in the same read, then PING in a later read", GoesOn(Malformed("BackendConfig.config"))),
    ("TYPE_CONNECTED then PING in the same read, then PING in a later read", GoesOn(Malformed("Connected.user"))),
    (
        "TYPE_ROOM_NICKNAME_CHANGED then PING in the same read, then PING in a later read",
        GoesOn(Malformed("Room.userName")),
    ),
    // Types that only a later version knows.
    ("wrapper type 0 is not in the enum, then PING in the same read", GoesOn(Other(0))),
    ("wrapper type 5 is not in the enum, then PING in the same read", GoesOn(Other(5))),
    ("wrapper type 37 is not in the enum, then PING in the same read", GoesOn(Other(37))),
    ("wrapper type 99 is not in the enum, then PING in the same read", GoesOn(Other(99))),
    ("wrapper type 2147483647 is not in the enum, then PING in the same read", GoesOn(Other(2_147_483_647))),
    // Over the limit.
    ("length 0xFFFFFFFF, then PING", Ends),
    // Without a payload there are no required fields.
    ("type 1 TYPE_CONNECTED without payload", Calls(Malformed("Connected.user"))),
    ("type 2 TYPE_DISCONNECTED without payload", Calls(Malformed("Disconnected.user"))),
    ("type 3 TYPE_LOGIN without payload", Calls(Malformed("Login.user"))),
    ("type 4 TYPE_LOGOUT without payload", Calls(Malformed("Logout.user"))),
    ("type 6 TYPE_BUDDY_CHANGED without payload", Calls(Malformed("Buddy.userName"))),
    ("type 7 TYPE_BUDDY_REMOVED without payload", Calls(Malformed("Buddy.userName"))),
    ("type 8 TYPE_CONV_MESSAGE without payload", Calls(Malformed("ConversationMessage.userName"))),
    ("type 10 TYPE_PONG without payload", Calls(Other(10))),
    ("type 11 TYPE_JOIN_ROOM without payload", Calls(Malformed("Room.userName"))),
    ("type 12 TYPE_LEAVE_ROOM without payload", Calls(Malformed("Room.userName"))),
    ("type 13 TYPE_PARTICIPANT_CHANGED without payload", Calls(Malformed("Participant.userName"))),
    ("type 14 TYPE_ROOM_NICKNAME_CHANGED without payload", Calls(Malformed("Room.userName"))),
    ("type 15 TYPE_ROOM_SUBJECT_CHANGED without payload", Calls(Malformed("ConversationMessage.userName"))),
    ("type 16 TYPE_VCARD without payload", Calls(Malformed("VCard.userName"))),
    ("type 17 TYPE_STATUS_CHANGED without payload", Calls(Malformed("Status.userName"))),
    ("type 18 TYPE_BUDDY_TYPING without payload", Calls(Malformed("Buddy.userName"))),
    ("type 19 TYPE_BUDDY_STOPPED_TYPING without payload", Calls(Malformed("Buddy.userName"))),
    ("type 20 TYPE_BUDDY_TYPED without payload", Calls(Malformed("Buddy.userName"))),
    ("type 21 TYPE_AUTH_REQUEST without payload", Calls(Malformed("Buddy.userName"))),
    ("type 22 TYPE_ATTENTION without payload", Calls(Malformed("ConversationMessage.userName"))),
    ("type 23 TYPE_STATS without payload", Calls(Malformed("Stats.res"))),
    ("type 24 TYPE_FT_START without payload", Calls(Malformed("File.userName"))),
    ("type 25 TYPE_FT_FINISH without payload", Calls(Malformed("File.userName"))),
    ("type 26 TYPE_FT_DATA without payload", Calls(Malformed("FileTransferData.ftID"))),
    ("type 27 TYPE_FT_PAUSE without payload", Calls(Malformed("File.userName"))),
    ("type 28 TYPE_FT_CONTINUE without payload", Calls(Malformed("File.userName"))),
    ("type 30 TYPE_BACKEND_CONFIG without payload", Calls(Malformed("BackendConfig.config"))),
    ("type 31 TYPE_QUERY without payload", Calls(Malformed("BackendConfig.config"))),
    ("type 32 TYPE_ROOM_LIST without payload", Calls(Other(32))),
    ("type 33 TYPE_CONV_MESSAGE_ACK without payload", Calls(Malformed("ConversationMessage.userName"))),
    ("type 35 TYPE_BUDDIES without payload", Calls(NoBuddies)),
    ("type 36 TYPE_API_VERSION without payload", Calls(Malformed("APIVersion.version"))),
];

/// What is expected of one step.
#[derive(Debug, PartialEq)]
struct Step {
    feed: Vec<u8>,
    calls: Vec<Json>,
    answers_to_ping: usize,
}

impl Step {
    /// As the C++ library does it: PONG and STATS for each PING.
    fn recorded(step: &Json) -> Self {
        let calls = step["calls"].as_array().expect("calls").clone();
        let sent = step["sent"].as_array().expect("frames");
        Self { feed: hex(&step["feed"]), calls, answers_to_ping: sent.len() / 2 }
    }

    fn all_recorded(record: &Json) -> Vec<Self> {
        record["steps"].as_array().expect("steps").iter().map(Self::recorded).collect()
    }
}

/// Applies a difference to the steps that were recorded.
fn apply(difference: Difference, steps: &mut [Step]) {
    match difference {
        Calls(call) | GoesOn(call) => steps[0].calls = vec![call.to_json()],
        Ends => {}
    }
    if let GoesOn(_) = difference {
        steps.iter_mut().for_each(|step| step.answers_to_ping = 1);
    }
}

#[test]
fn requests_reach_the_method_that_the_callback_stands_for() {
    let host = Host::listen().unwrap();
    for record in records(NETWORKPLUGIN_IN) {
        println!("{}", record["case"]);
        let mut steps = Step::all_recorded(&record);
        let difference =
            DIFFERENCES.iter().find(|(case, _)| record["case"] == *case).map(|(_, difference)| *difference);
        if let Some(difference) = difference {
            apply(difference, &mut steps);
        }
        let mut session = Session::start(&host);
        for step in steps {
            let sent = session.connection.send_bytes(&step.feed);
            assert!(sent.is_ok() || matches!(difference, Some(Ends)));
            step.calls.into_iter().for_each(|call| assert_eq!(session.next_call(), call));
            (0..step.answers_to_ping).for_each(|_| session.expect_answer_to_ping());
        }
        match (session.end(), difference) {
            (Err(Error::Connection(error)), Some(Ends)) => assert_eq!(error.kind(), ErrorKind::InvalidData),
            (ended, _) => ended.unwrap(),
        }
    }
}

#[test]
fn every_difference_is_one() {
    let records = records(NETWORKPLUGIN_IN);
    for (case, difference) in DIFFERENCES.iter().copied() {
        let record = records.iter().find(|record| record["case"] == case).unwrap_or_else(|| panic!("no case {case}"));
        let recorded = Step::all_recorded(record);
        let mut steps = Step::all_recorded(record);
        apply(difference, &mut steps);
        assert!(matches!(difference, Ends) || steps != recorded, "{case}");
    }
}

/// The call that a frame of the main process stands for, from its recorded fields; PING has none.
fn expected_call(record: &Json) -> Option<Json> {
    let fields = &record["fields"];
    let text = |name: &str| fields.get(name).cloned().unwrap_or(json!(""));
    let groups = fields.get("group").cloned().unwrap_or(json!([]));
    let (user, buddy) = (text("userName"), text("buddyName"));
    let (callback, arguments) = match record["type"].as_str().expect("a type") {
        "TYPE_PING" => return None,
        "TYPE_EXIT" => ("handleExitRequest", json!({})),
        "TYPE_QUERY" => ("query_answer", fields.clone()),
        "TYPE_BUDDIES" => ("buddies", fields.clone()),
        "TYPE_RAW_XML" => ("handleRawXML", json!({ "xml": text("_raw") })),
        "TYPE_LOGIN" => (
            "handleLoginRequest",
            json!({
                "user": text("user"),
                "legacyName": text("legacyName"),
                "password": text("password"),
                "settings": fields["settings"]["value"],
            }),
        ),
        "TYPE_LOGOUT" => ("handleLogoutRequest", fields.clone()),
        "TYPE_STATUS_CHANGED" => {
            let status = StatusType::DESCRIPTOR.number_of(fields["status"].as_str().expect("a status"));
            let arguments = json!({ "user": user, "status": status, "statusMessage": text("statusMessage") });
            ("handleStatusChangeRequest", arguments)
        }
        "TYPE_CONV_MESSAGE" => (
            "handleMessageSendRequest",
            json!({
                "user": user,
                "legacyName": buddy,
                "message": text("message"),
                "xhtml": text("xhtml"),
                "id": text("id"),
            }),
        ),
        "TYPE_ATTENTION" => {
            ("handleAttentionRequest", json!({ "user": user, "buddyName": buddy, "message": text("message") }))
        }
        "TYPE_ROOM_SUBJECT_CHANGED" => {
            ("handleRoomSubjectChangedRequest", json!({ "user": user, "room": buddy, "message": text("message") }))
        }
        "TYPE_BUDDY_TYPING" => ("handleTypingRequest", json!({ "user": user, "buddyName": buddy })),
        "TYPE_BUDDY_TYPED" => ("handleTypedRequest", json!({ "user": user, "buddyName": buddy })),
        "TYPE_BUDDY_STOPPED_TYPING" => ("handleStoppedTypingRequest", json!({ "user": user, "buddyName": buddy })),
        "TYPE_BUDDY_CHANGED" => {
            let arguments = json!({ "user": user, "buddyName": buddy, "alias": text("alias"), "groups": groups });
            ("handleBuddyUpdatedRequest", arguments)
        }
        "TYPE_BUDDY_REMOVED" => {
            ("handleBuddyRemovedRequest", json!({ "user": user, "buddyName": buddy, "groups": groups }))
        }
        "TYPE_JOIN_ROOM" => (
            "handleJoinRoomRequest",
            json!({
                "user": user,
                "room": text("room"),
                "nickname": text("nickname"),
                "password": text("password"),
            }),
        ),
        "TYPE_LEAVE_ROOM" => ("handleLeaveRoomRequest", json!({ "user": user, "room": text("room") })),
        "TYPE_VCARD" => match fields.get("photo").and_then(Json::as_str) {
            Some(photo) => {
                let photo = photo.strip_prefix("hex:").expect("hexadecimal");
                let arguments = json!({ "user": user, "photo": { "hex": photo }, "nickname": text("nickname") });
                ("handleVCardUpdatedRequest", arguments)
            }
            None => ("handleVCardRequest", json!({ "user": user, "legacyName": buddy, "id": fields["id"] })),
        },
        unknown => panic!("{unknown} was not recorded when this was written"),
    };
    Some(json!({ "cb": callback, "args": arguments }))
}

#[test]
fn recorded_streams_reach_the_same_methods_however_they_are_cut() {
    let records = records(MAIN_TO_BACKEND);
    let host = Host::listen().unwrap();
    with_every_delivery(|mut cutter| {
        let mut replayed = 0;
        for stream in records.chunk_by(|one, next| one["mode"] == next["mode"]) {
            println!("{}", stream[0]["mode"]);
            replay(&host, stream, &mut cutter);
            replayed += stream.len();
        }
        assert_eq!(replayed, records.len());
    });
}

/// One session of the main process, as it was recorded.
fn replay(host: &Host, stream: &[Json], cutter: &mut Cutter) {
    let mut session = Session::start(host);
    let bytes: Vec<u8> = stream.iter().flat_map(|record| hex(&record["hex"])).collect();
    cutter.pieces(&bytes, |piece| session.connection.send_bytes(piece).unwrap());
    for record in stream {
        match expected_call(record) {
            Some(call) => assert_eq!(session.next_call(), call, "{record}"),
            None => session.expect_answer_to_ping(),
        }
    }
    session.end().unwrap();
}
