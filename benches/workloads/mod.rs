//! The workloads of all benches, as plain values that no codec had a hand in.

/// One frame, before any codec.
pub enum Message {
    Ping,
    Connected(Connected),
    Login(Login),
    Conversation(ConversationMessage),
    BuddyChanged(Buddy),
    BuddyTyping(Buddy),
    ParticipantChanged(Participant),
    Buddies(Buddies),
    VCard(VCard),
}

pub struct Connected {
    pub user: &'static str,
}

pub struct Login {
    pub user: &'static str,
    pub legacy_name: &'static str,
    pub password: &'static str,
    pub extra_fields: Vec<&'static str>,
    pub settings: Option<UserSettings>,
}

pub struct UserSettings {
    pub value: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Default)]
pub struct Buddy {
    pub user_name: &'static str,
    pub buddy_name: &'static str,
    pub alias: Option<&'static str>,
    pub group: Vec<&'static str>,
    pub status: Option<Status>,
    pub status_message: Option<&'static str>,
    pub icon_hash: Option<&'static str>,
    pub blocked: Option<bool>,
}

pub struct Buddies {
    pub buddy: Vec<Buddy>,
}

#[derive(Clone, Default)]
pub struct ConversationMessage {
    pub user_name: &'static str,
    pub buddy_name: &'static str,
    pub message: &'static str,
    pub nickname: Option<&'static str>,
    pub xhtml: Option<&'static str>,
    pub timestamp: Option<&'static str>,
    pub headline: Option<bool>,
    pub id: Option<&'static str>,
    pub pm: Option<bool>,
    pub carbon: Option<bool>,
    pub attachment: Vec<Attachment>,
}

#[derive(Clone, Copy)]
pub struct Attachment {
    pub url: &'static str,
    pub mime_type: Option<&'static str>,
    pub description: Option<&'static str>,
}

pub struct Participant {
    pub user_name: &'static str,
    pub room: &'static str,
    pub nickname: &'static str,
    pub flag: i32,
    pub status: Status,
    pub status_message: Option<&'static str>,
    pub newname: Option<&'static str>,
    pub icon_hash: Option<&'static str>,
    pub alias: Option<&'static str>,
}

pub struct VCard {
    pub user_name: &'static str,
    pub buddy_name: &'static str,
    pub id: i32,
    pub fullname: Option<&'static str>,
    pub nickname: Option<&'static str>,
    pub photo: Option<&'static [u8]>,
}

/// The presences that the workloads have, by their number in the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Online = 0,
    Away = 1,
    None = 5,
}

/// One or many frames in one buffer.
pub struct Workload {
    pub name: &'static str,
    pub description: &'static str,
    pub messages: Vec<Message>,
}

/// How much of a text is ASCII.
#[derive(Clone, Copy)]
enum Language {
    /// All of it.
    Ascii,
    /// About seven words of eight.
    Mixed,
    /// Spaces and digits alone.
    Cyrillic,
}

const USER: &str = "alice@jabber.example";
const BUDDY: &str = "bob@network.example0";
const ROOM: &str = "#gateways@irc.example";
const ICON_HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const FRAMES_OF_STREAM: usize = 10_000;

/// All workloads, from the smallest to the stream.
pub fn all() -> Vec<Workload> {
    let mut random = Random(1);
    let mut conversation = |language| Message::Conversation(long_conversation(language, &mut random));
    let one = |name, description, message| Workload { name, description, messages: vec![message] };
    vec![
        one("W1", "PING", Message::Ping),
        one("W2", "CONNECTED", Message::Connected(Connected { user: USER })),
        one("W3", "LOGIN with 3 settings", Message::Login(login())),
        one("W4", "CONV_MESSAGE of 40 B", short_conversation(&mut Random(2))),
        one("W5", "CONV_MESSAGE of 200 B, XHTML of 300 B, one word in eight not ASCII", conversation(Language::Mixed)),
        one("W5a", "the same, all ASCII", conversation(Language::Ascii)),
        one("W5h", "the same, mostly Cyrillic", conversation(Language::Cyrillic)),
        one("W6", "CONV_MESSAGE of 64 KiB, ASCII", large_conversation()),
        one("W7", "BUDDY_CHANGED with 3 groups", Message::BuddyChanged(buddy())),
        one("W8", "PARTICIPANT_CHANGED", Message::ParticipantChanged(participant())),
        one("W9", "BUDDIES, 500 with 2 groups each", Message::Buddies(roster())),
        one("W10", "VCARD with a photo of 256 KiB", Message::VCard(card())),
        stream("W11", "stream of 10,000 mixed frames", Language::Mixed),
        stream("W11a", "the same, all ASCII", Language::Ascii),
        stream("W11h", "the same, long messages mostly Cyrillic", Language::Cyrillic),
    ]
}

fn login() -> Login {
    let value = vec![("enable_transport", "1"), ("send_headlines", "0"), ("stay_connected", "1")];
    let settings = Some(UserSettings { value });
    Login { user: USER, legacy_name: "alice_1984", password: "correct horse", extra_fields: vec![], settings }
}

fn short_conversation(random: &mut Random) -> Message {
    let message = text(Language::Ascii, 40, random);
    Message::Conversation(ConversationMessage { user_name: USER, buddy_name: BUDDY, message, ..Default::default() })
}

fn long_conversation(language: Language, random: &mut Random) -> ConversationMessage {
    ConversationMessage {
        user_name: USER,
        buddy_name: BUDDY,
        message: text(language, 200, random),
        nickname: Some("bobby"),
        xhtml: Some(text(language, 300, random)),
        timestamp: Some("20200102T030405"),
        id: Some("a1b2c3d4"),
        attachment: vec![Attachment {
            url: "https://example.org/files/picture.png",
            mime_type: Some("image/png"),
            description: Some("a picture"),
        }],
        ..Default::default()
    }
}

fn large_conversation() -> Message {
    let message = text(Language::Ascii, 64 << 10, &mut Random(3));
    Message::Conversation(ConversationMessage { user_name: USER, buddy_name: BUDDY, message, ..Default::default() })
}

fn buddy() -> Buddy {
    Buddy {
        user_name: USER,
        buddy_name: BUDDY,
        alias: Some("Bob the Builder"),
        group: vec!["Friends", "Work", "Construction"],
        status: Some(Status::Away),
        icon_hash: Some(ICON_HASH),
        ..Default::default()
    }
}

fn typing() -> Buddy {
    Buddy { user_name: USER, buddy_name: BUDDY, ..Default::default() }
}

fn participant() -> Participant {
    Participant {
        user_name: USER,
        room: ROOM,
        nickname: "bobby",
        flag: 0,
        status: Status::Online,
        status_message: Some("out for lunch"),
        newname: None,
        icon_hash: Some(ICON_HASH),
        alias: Some("Bob"),
    }
}

fn roster() -> Buddies {
    let contact = |number| Buddy {
        user_name: USER,
        buddy_name: leak(format!("contact{number:04}@network.example")),
        alias: Some(leak(format!("Contact {number}"))),
        group: vec!["Friends", "Work"],
        status: Some(Status::None),
        icon_hash: Some(ICON_HASH),
        ..Default::default()
    };
    Buddies { buddy: (0..500).map(contact).collect() }
}

fn card() -> VCard {
    let mut random = Random(4);
    let photo: Vec<u8> = (0..256 << 10).map(|_| random.below(256) as u8).collect();
    VCard {
        user_name: USER,
        buddy_name: BUDDY,
        id: 7,
        fullname: Some("Bob Builder"),
        nickname: Some("bobby"),
        photo: Some(photo.leak()),
    }
}

/// 35 % short messages, 35 % long ones, 15 % changes of a contact, 10 % typing, 5 % participants.
fn stream(name: &'static str, description: &'static str, language: Language) -> Workload {
    let mut random = Random(5);
    let message = |_| match random.below(100) {
        0..35 => short_conversation(&mut random),
        35..70 => Message::Conversation(long_conversation(language, &mut random)),
        70..85 => Message::BuddyChanged(buddy()),
        85..95 => Message::BuddyTyping(typing()),
        _ => Message::ParticipantChanged(participant()),
    };
    Workload { name, description, messages: (0..FRAMES_OF_STREAM).map(message).collect() }
}

/// `length` bytes of random words.
fn text(language: Language, length: usize, random: &mut Random) -> &'static str {
    let mut text = String::new();
    while text.len() < length {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word(language, random));
    }
    while text.len() > length {
        text.pop();
    }
    // A letter cut off leaves a byte.
    text.extend(std::iter::repeat_n('.', length - text.len()));
    leak(text)
}

fn word(language: Language, random: &mut Random) -> &'static str {
    const ASCII: [&str; 8] = ["the", "gateway", "is", "up", "again", "and", "your", "contacts"];
    const LATIN: [&str; 4] = ["größer", "déjà", "kůň", "señor"];
    const CYRILLIC: [&str; 6] = ["привет", "завтра", "встречаемся", "у", "старого", "моста"];
    let pick = |words: &[&'static str], random: &mut Random| words[random.below(words.len())];
    match language {
        Language::Ascii => pick(&ASCII, random),
        Language::Mixed if random.below(8) == 0 => pick(&LATIN, random),
        Language::Mixed => pick(&ASCII, random),
        Language::Cyrillic => pick(&CYRILLIC, random),
    }
}

fn leak(text: String) -> &'static str {
    text.leak()
}

/// The same numbers in every run: a linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
