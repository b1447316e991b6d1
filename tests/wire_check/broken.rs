//! A backend that does one thing wrong: what its first argument says, with everything else as it should be.
//!
//! It has a loop of its own, since the library's does not let itself be broken.

use std::collections::HashMap;
use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{ExitCode, exit};
use std::thread;
use std::time::Duration;

use spectrum2::frame::{self, Frame, FrameReader, HEADER_LEN};
use spectrum2::{
    ApiVersion, BackendConfig, Buddy, Connected, ConnectionError, ConversationMessage, Disconnected, File, List, Login,
    Participant, ParticipantFlags, Payload, Room, RoomList, Stats, StatusType, VCard,
};

const CONFIG: &str = "[registration]\nneedPassword=1\nneedRegistration=0\n[features]\nmuc=1\nreceipts=1\n";

const MISSING_ROOM: &str = "#missing";

const USAGE: &str = "\
usage: spectrum2-wire check -- broken FAULT
A backend with a fault, such as 'sends no PONG': tests/wire_check/broken_backends.rs has them all.
With a FAULT that is none, such as 'none', it is a good one.";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let port = words.iter().skip_while(|word| *word != "--port").nth(1);
    let (Some(fault), Some(port)) = (words.first(), port) else {
        eprintln!("{USAGE}");
        return 2.into();
    };
    let fault = fault.clone();
    if fault == "rejects unknown arguments" && words.iter().any(|word| word.contains("unheard")) {
        eprintln!("there is an argument that is not known");
        return 2.into();
    }
    if fault == "never connects" {
        sleep_for_ever();
    }
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a main process");
    stream.set_nodelay(true).expect("no delay");
    let must_be_whole = fault == "takes what it reads for whole frames";
    let reads = Reads { stream: stream.try_clone().expect("a clone"), must_be_whole };
    let mut broken = Broken {
        fault,
        stream,
        batch: Vec::new(),
        users: HashMap::new(),
        connecting: false,
        has_chatted: false,
        waiting: None,
    };
    broken.start();
    broken.run(FrameReader::new(reads));
    ExitCode::SUCCESS
}

fn sleep_for_ever() -> ! {
    loop {
        thread::park();
    }
}

/// For XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

/// A stream that may take each read for whole frames.
struct Reads {
    stream: TcpStream,
    must_be_whole: bool,
}

impl Read for Reads {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        let mut rest = &buffer[..length];
        while let Ok(frame::Split::Complete(_, behind)) = frame::split(rest, usize::MAX) {
            rest = behind;
        }
        assert!(rest.is_empty() || !self.must_be_whole, "a part of a frame");
        Ok(length)
    }
}

struct Broken {
    fault: String,
    stream: TcpStream,
    /// What is said when all that was read at once is dealt with.
    batch: Vec<u8>,
    /// Whether each is logged in.
    users: HashMap<String, bool>,
    /// CONNECTED is not said yet.
    connecting: bool,
    /// A message has come.
    has_chatted: bool,
    /// PINGs that wait until more comes.
    waiting: Option<usize>,
}

impl Broken {
    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    fn say(&mut self, payload: Payload<'_>) {
        frame::encode_to_vec(&payload, &mut self.batch).expect("a payload");
        let start = self.batch.len() - frame::encoded_len(&payload);
        let header = &mut self.batch[start..start + HEADER_LEN];
        match self.fault.as_str() {
            "announces lengths in little-endian" => header.reverse(),
            "announces the length of PONG in little-endian" if payload == Payload::Pong => header.reverse(),
            "announces lengths that cannot be" => header.fill(0xff),
            _ => {}
        }
    }

    fn say_body(&mut self, body: &[u8]) {
        self.batch.extend((body.len() as u32).to_be_bytes());
        self.batch.extend(body);
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connecting = false;
        let batch = std::mem::take(&mut self.batch);
        self.stream.write_all(&batch)
    }

    fn start(&mut self) {
        if self.has("says no more than it must") {
            return;
        }
        let config = match self.fault.as_str() {
            "has a config line without =" => format!("{CONFIG}disable_jid_escaping\n"),
            "has a config key twice" => format!("{CONFIG}muc=1\n"),
            "needs registration" => CONFIG.replace("needRegistration=0", "needRegistration=1"),
            "does not say that it needs no registration" => CONFIG.replace("needRegistration=0\n", ""),
            "has a config boolean that is none" => format!("{CONFIG}rawxml=maybe\n"),
            _ => CONFIG.to_owned(),
        };
        self.say(Payload::BackendConfig(BackendConfig { config: &config }));
        if self.has("sends a second config") {
            self.say(Payload::BackendConfig(BackendConfig { config: "[features]\nmuc=0\n" }));
        }
        let user = self.has("lists rooms for nobody in particular").then_some("");
        self.say(Payload::RoomList(RoomList { room: List::from(&["#test"]), name: List::from(&["Test"]), user }));
        self.flush().expect("a main process");
    }

    fn run(&mut self, mut reader: FrameReader<Reads>) {
        loop {
            while let Some(frame) = reader.buffered_frame().expect("no more than the limit") {
                self.handle(frame);
            }
            // A main process that is gone may have said EXIT.
            let _ = self.flush();
            match reader.fill() {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        if self.has("runs on after a close") {
            sleep_for_ever();
        }
    }

    fn handle(&mut self, frame: Frame<'_>) {
        if self.has("dies of a large frame") && frame.body().len() > 500_000 {
            exit(1);
        }
        match frame.decode() {
            Ok(payload) => {
                if self.has("dies of unknown fields") && payload.encoded_len() != frame.body().len() {
                    exit(1);
                }
                self.answer(payload);
            }
            Err(_) if self.has("stalls after an empty frame") => {
                self.waiting = frame.body().is_empty().then_some(0);
            }
            Err(error) => assert!(!self.has("dies of a malformed frame"), "{error}"),
        }
    }

    fn answer(&mut self, payload: Payload<'_>) {
        let is_about_life = matches!(payload, Payload::Ping | Payload::Exit | Payload::Login(_) | Payload::Logout(_));
        if self.has("says no more than it must") && !is_about_life {
            return;
        }
        match payload {
            Payload::Ping => self.pong(),
            Payload::Exit => self.exit(),
            Payload::Login(login) => self.login(login),
            Payload::Logout(logout) => {
                let known = self.users.insert(logout.user.to_owned(), false);
                assert!(known.is_some() || !self.has("dies of strangers"), "who is {}?", logout.user);
            }
            Payload::StatusChanged(_) => assert!(!(self.connecting && self.has("dies of an early status"))),
            Payload::ConvMessage(message) => self.message(message),
            Payload::BuddyTyping(buddy) => {
                assert!(!(buddy.buddy_name.starts_with('#') && self.has("dies of typing in a room")));
            }
            Payload::BuddyChanged(buddy) => {
                if self.has("puts the user out for a contact") {
                    self.disconnected(buddy.user_name, ConnectionError::INVALID_SETTINGS);
                }
                self.say(Payload::BuddyChanged(Buddy { status: Some(StatusType::Online), ..buddy }));
            }
            Payload::BuddyRemoved(buddy) => {
                assert!(!self.has("dies of a removed contact"));
                self.say(Payload::BuddyRemoved(buddy));
            }
            Payload::VCard(card) if card.photo.is_some() => {
                assert!(!(card.buddy_name.is_empty() && self.has("dies of the user's own card")));
            }
            Payload::VCard(card) => {
                let id = if self.has("numbers cards itself") { 1 } else { card.id };
                if !(self.has("answers one card only") && id % 2 == 0) {
                    self.say(Payload::VCard(VCard { id, fullname: Some("Full name"), ..card }));
                }
            }
            Payload::JoinRoom(room) => self.join(room),
            Payload::Unknown { .. } => assert!(!self.has("dies of an unknown type")),
            _ => {}
        }
    }

    fn pong(&mut self) {
        match self.waiting {
            Some(0) => return self.waiting = Some(1),
            Some(_) => {
                self.waiting = None;
                self.pong();
            }
            None => {}
        }
        if !self.has("sends no PONG") {
            self.say(Payload::Pong);
        }
        if self.has("dies when STATS cannot be sent") {
            // A main process that is gone refuses the PONG, and that makes the next write fail.
            let _ = self.flush();
            thread::sleep(Duration::from_millis(20));
        }
        let id = if self.has("has another's process ID") { 1 } else { std::process::id() };
        if !self.has("sends no STATS") {
            self.say(Payload::Stats(Stats { res: 1, init_res: 1, shared: 1, id: &id.to_string() }));
        }
        if self.has("dies when STATS cannot be sent") {
            self.flush().expect("a main process");
        }
        if self.has_chatted {
            match self.fault.as_str() {
                "does not read on after a chat" => {
                    self.flush().expect("a main process");
                    sleep_for_ever();
                }
                "reads slowly after a chat" => {
                    self.flush().expect("a main process");
                    self.read_slowly();
                }
                _ => {}
            }
        }
    }

    fn read_slowly(&mut self) -> ! {
        let mut buffer = [0; 20_000];
        while self.stream.read(&mut buffer).is_ok_and(|length| length > 0) {
            thread::sleep(Duration::from_millis(50));
        }
        exit(0)
    }

    fn exit(&mut self) {
        match self.fault.as_str() {
            "runs on after EXIT" => {}
            "hangs at EXIT while a user is logged in" if self.users.values().any(|is_logged_in| *is_logged_in) => {
                sleep_for_ever()
            }
            "ends with status 3" => exit(3),
            _ => exit(0),
        }
    }

    fn disconnected(&mut self, user: &str, error: ConnectionError) {
        self.say(Payload::Disconnected(Disconnected { user, error, message: Some("No") }));
    }

    fn login(&mut self, login: Login<'_>) {
        let is_wrong = login.password == "wrong";
        let others = self.users.iter().any(|(user, is_logged_in)| *is_logged_in && user != login.user);
        match self.fault.as_str() {
            "does not answer LOGIN" => return,
            "serves one user only" if others => return,
            "accepts any password" => {}
            "puts everybody off" => return self.disconnected(login.user, ConnectionError::OTHER_ERROR),
            "says the password that it refuses" => {
                let (user, error) = (login.user, ConnectionError::AUTHENTICATION_FAILED);
                let message = Some(login.password);
                return self.say(Payload::Disconnected(Disconnected { user, error, message }));
            }
            "does not know anybody" => return self.disconnected(login.user, ConnectionError::INVALID_USERNAME),
            "has the network's error for a wrong password" if is_wrong => {
                return self.disconnected(login.user, ConnectionError::NETWORK_ERROR);
            }
            "remembers users" if self.users.contains_key(login.user) => {
                return self.disconnected(login.user, ConnectionError::NAME_IN_USE);
            }
            _ if is_wrong => {
                return self.disconnected(login.user, ConnectionError::AUTHENTICATION_FAILED);
            }
            _ => {}
        }
        self.users.insert(login.user.to_owned(), true);
        self.connecting = true;
        let user = if self.has("connects legacy names") { login.legacy_name } else { login.user };
        self.say(Payload::Connected(Connected { user }));
        let buddy = Buddy { user_name: login.user, buddy_name: "echo", ..Buddy::default() };
        self.say(Payload::BuddyChanged(buddy));
        match self.fault.as_str() {
            "says CONNECTED twice" => self.say(Payload::Connected(Connected { user })),
            "gives passwords away" => {
                eprintln!("the password is {}", login.password);
                eprintln!("the password is {:?}", login.password);
                // However it is cut, it is cut within the password.
                let often = login.password.repeat(1000);
                eprintln!("often: {often}");
                for xhtml in [escape(&often), often] {
                    let user_name = login.user;
                    self.say(Payload::ConvMessage(ConversationMessage {
                        user_name,
                        xhtml: Some(&format!("<i>{xhtml}")),
                        ..ConversationMessage::default()
                    }));
                }
                self.say(Payload::Login(login));
                self.say(Payload::BuddyChanged(Buddy { alias: Some(login.password), ..buddy }));
                self.say(Payload::Unknown { type_number: 99, bytes: login.password.as_bytes() });
                // A field of CONNECTED that runs past its end.
                self.say_body(&[b"\x08\x01\x12\x7f", login.password.as_bytes()].concat());
            }
            "sends LOGIN" => self.say(Payload::Login(login)),
            "sends API_VERSION" => self.say(Payload::ApiVersion(ApiVersion { version: 1 })),
            "sends a file" => self.say(Payload::FtStart(File { user_name: user, ..File::default() })),
            "sends PING" => self.say(Payload::Ping),
            "sends an unknown type" => self.say(Payload::Unknown { type_number: 99, bytes: b"" }),
            "leaves out a required field" => self.say_body(b"\x08\x06\x12\x07\x0a\x05alice"),
            "sends no UTF-8" => self.say_body(b"\x08\x06\x12\x0a\x0a\x05alice\x12\x01\xff"),
            "names a user by the legacy name" => {
                self.say(Payload::BuddyChanged(Buddy { user_name: login.legacy_name, ..buddy }));
            }
            _ => {}
        }
    }

    fn message(&mut self, message: ConversationMessage<'_>) {
        self.has_chatted = true;
        if let Some(id) = message.id {
            let id = Some(if self.has("numbers receipts itself") { "1" } else { id });
            self.say(Payload::ConvMessageAck(ConversationMessage { id, message: "", ..message }));
        }
        let is_large = message.message.len() > 500_000;
        if is_large && self.has("answers large messages with what is none") {
            return self.say_body(b"\x08\x08\x12\x02\x0a\x7f");
        }
        if is_large && self.has("splits large messages") {
            let (start, end) = message.message.split_at(500_000);
            for message in [start, end].map(|part| ConversationMessage { message: part, ..message }) {
                self.say(Payload::ConvMessage(message));
            }
            return;
        }
        let capitals = message.message.to_uppercase();
        let reply = ConversationMessage { id: None, timestamp: Some("20200102T030405Z"), ..message };
        self.say(Payload::ConvMessage(match self.fault.as_str() {
            "has timestamps of ISO 8601" => ConversationMessage { timestamp: Some("2020-01-02T03:04:05Z"), ..reply },
            "has a thirteenth month" => ConversationMessage { timestamp: Some("20201302T030405"), ..reply },
            "does not close elements" => ConversationMessage { xhtml: Some("a<br>b"), ..reply },
            "has entities of HTML" => ConversationMessage { xhtml: Some("a&nbsp;b"), ..reply },
            "has comments in XML" => ConversationMessage { xhtml: Some("<b>a</b><!-- b -->"), ..reply },
            "cuts large messages" if is_large => ConversationMessage { message: &message.message[..60_000], ..reply },
            "cuts large messages in capitals" if is_large => {
                ConversationMessage { message: &capitals[..60_000], ..reply }
            }
            "cuts large messages in capitals" => ConversationMessage { message: &capitals, ..reply },
            "answers in capitals" => ConversationMessage { message: &capitals, ..reply },
            "says that large messages are too long" if is_large => {
                let notice = format!("Too long: {}...", &message.message[..100]);
                return self.say(Payload::ConvMessage(ConversationMessage { message: &notice, ..reply }));
            }
            _ => reply,
        }));
        if self.has("sends malformed stanzas") {
            self.say(Payload::RawXml("<message/><message/>"));
        }
    }

    fn join(&mut self, room: Room<'_>) {
        if room.room == MISSING_ROOM && !self.has("joins any room") {
            return self.refuse(room);
        }
        let participant = |nickname, flag| {
            let (user_name, room) = (room.user_name, room.room);
            Payload::ParticipantChanged(Participant { user_name, room, nickname, flag, ..Participant::default() })
        };
        let own = participant(room.nickname, ParticipantFlags::ME);
        let own_without_flag = participant(room.nickname, ParticipantFlags::NONE);
        let other = participant("other", ParticipantFlags::MODERATOR);
        let subject = Payload::RoomSubjectChanged(ConversationMessage {
            user_name: room.user_name,
            buddy_name: room.room,
            message: "Subject",
            ..ConversationMessage::default()
        });
        let answers = match self.fault.as_str() {
            "does not answer JOIN_ROOM" => vec![],
            "puts the own nickname first" => vec![own, other, subject],
            "puts the subject first" => vec![subject, other, own],
            "has no flag for the own nickname" => vec![other, own_without_flag, subject],
            _ => vec![other, own, subject],
        };
        answers.into_iter().for_each(|answer| self.say(answer));
    }

    fn refuse(&mut self, room: Room<'_>) {
        let not_found = ParticipantFlags::ROOM_NOT_FOUND;
        let (nickname, flag, status) = match self.fault.as_str() {
            "does not refuse a missing room" => return,
            "refuses a missing room without a reason" => (room.nickname, ParticipantFlags::NONE, StatusType::None),
            "refuses a missing room for somebody else" => ("other", not_found, StatusType::None),
            "refuses a missing room as if it were joined" => (room.nickname, not_found, StatusType::Online),
            _ => (room.nickname, not_found, StatusType::None),
        };
        let (user_name, room) = (room.user_name, room.room);
        let refusal = Participant { user_name, room, nickname, flag, status, ..Participant::default() };
        self.say(Payload::ParticipantChanged(refusal));
    }
}
