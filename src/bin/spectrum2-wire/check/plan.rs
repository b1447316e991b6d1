//! All checks.

use super::rules::{Answers, Config, Decodable, Rule, Stalling, Timestamps, Types, Users, Xml};
use super::talks::{Talk, ends, large, login, messages, requests, rooms, roster, start, stream};

pub struct Check {
    /// What it is called by on the command line.
    pub name: &'static str,
    /// What a backend does that passes.
    pub what: &'static str,
    /// Why, and what the protocol says: shown with a failure.
    pub rule: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy)]
pub enum Kind {
    /// Talks to a backend before all others: without it they would all fail.
    First(Talk),
    /// Talks to a backend that nobody is logged in to.
    Talk(Talk),
    /// Talks to a backend that a user is logged in to. Networks throw out the first of two sessions, so there is
    /// only one at a time.
    User(Talk),
    /// Watches the frames of all talks.
    Watch(fn() -> Box<dyn Rule>),
}

impl Check {
    /// Whether others are pointless when it does not pass.
    pub fn is_needed(&self) -> bool {
        matches!(self.kind, Kind::First(_)) || self.name == LOGIN
    }
}

fn rule<R: Rule + Default + 'static>() -> Box<dyn Rule> {
    Box::new(R::default())
}

/// In the order of the report.
pub static CHECKS: [Check; 36] = [
    Check {
        name: "connect",
        what: "connects to --host and --port in time",
        rule: "The main process starts the backend and waits for it to connect to --host and --port. A \
               backend that cannot work says why and ends with a status other than 0.",
        kind: Kind::First(start::connect),
    },
    Check {
        name: "ping",
        what: "answers PING with PONG in time",
        rule: "PING comes first of all and then every 20 seconds. Users are served from the first PONG on; \
               a backend that says nothing from one PING to the next is killed.",
        kind: Kind::First(start::ping),
    },
    Check {
        name: "stats",
        what: "sends STATS with its process ID after each PONG",
        rule: "Behind each PONG goes STATS: res, init_res and shared in kB, and in id the process ID in \
               decimal. The main process sends SIGABRT to that ID when the backend hangs.",
        kind: Kind::Talk(start::stats),
    },
    Check {
        name: "arguments",
        what: "ignores arguments that it does not know",
        rule: "Behind --host, --port and --service.backend_id stand the main process's own arguments, the \
               path of the configuration last. A backend ignores those that it does not know.",
        kind: Kind::Talk(start::arguments),
    },
    Check {
        name: "byte-by-byte",
        what: "puts frames together that come byte by byte",
        rule: "TCP is a stream. Collect bytes until the four of the length, and as many as they say, are \
               there.",
        kind: Kind::Talk(stream::byte_by_byte),
    },
    Check {
        name: "several-frames",
        what: "takes several frames, and parts of frames, from one read",
        rule: "TCP is a stream: one read may bring several frames, and a part of one more. Take off all \
               that are whole, and keep the rest.",
        kind: Kind::Talk(stream::several_frames),
    },
    Check {
        name: "unknown-type",
        what: "survives frames of types that the schema does not have",
        rule: "A newer main process may have types that this backend does not know. They are dropped.",
        kind: Kind::Talk(stream::unknown_type),
    },
    Check {
        name: "malformed",
        what: "survives malformed frames",
        rule: "A frame that cannot be decoded costs that frame alone; the next one starts behind the length \
               that it announced.",
        kind: Kind::Talk(stream::malformed),
    },
    Check {
        name: "strangers",
        what: "survives LOGOUT and LEAVE_ROOM for what it does not know",
        rule: "The main process also sends LOGOUT for users that never had a LOGIN, LEAVE_ROOM for contacts \
               and for rooms that were not joined, and STATUS_CHANGED just before LOGOUT. There is nothing \
               to do then.",
        kind: Kind::Talk(requests::strangers),
    },
    Check {
        name: "exit",
        what: "ends with status 0 on EXIT",
        rule: "EXIT means: leave now. The main process does not wait. Spectrum's C++ library ends with status \
               1 here, which --exit-status 1 allows.",
        kind: Kind::Talk(ends::exit),
    },
    Check {
        name: "idle-drop",
        what: "ends with status 0 on PING, EXIT and close at once",
        rule: "A backend without users is dropped with PING, EXIT and a close at once. The PONG then cannot \
               be written (EPIPE, ECONNRESET, SIGPIPE): ignore that, and read on to the EXIT.",
        kind: Kind::Talk(ends::idle_drop),
    },
    Check {
        name: "close",
        what: "ends when the main process just closes",
        rule: "A main process that is killed just closes its connections, and nobody is left to end the \
               backend: the end of the stream has to.",
        kind: Kind::Talk(ends::close),
    },
    Check {
        name: "login",
        what: "answers LOGIN with CONNECTED or DISCONNECTED",
        rule: "Each LOGIN is answered by CONNECTED or DISCONNECTED, now or when the network has answered, \
               with LOGIN's `user`. DISCONNECTED with error 0 or 16 means: try again at once. Other errors \
               put the user out.",
        kind: Kind::User(login::login),
    },
    Check {
        name: "early-status",
        what: "survives STATUS_CHANGED before it has said CONNECTED",
        rule: "STATUS_CHANGED comes right behind LOGIN, before the backend has said CONNECTED. Keep it, or \
               drop it.",
        kind: Kind::User(login::early_status),
    },
    Check {
        name: "unknown-fields",
        what: "skips fields that the schema does not have",
        rule: "A newer main process may have fields that this backend does not know. Protobuf skips them; a \
               decoder of one's own has to.",
        kind: Kind::User(stream::unknown_fields),
    },
    Check {
        name: "wrong-password",
        what: "refuses a wrong password for good",
        rule: "On DISCONNECTED with error 0 or 16 the main process logs in again at once, and for ever; \
               every other error puts the user out. For a wrong password it is 2, \
               CONNECTION_ERROR_AUTHENTICATION_FAILED.",
        kind: Kind::User(login::wrong_password),
    },
    Check {
        name: "relogin",
        what: "logs a user in again after LOGOUT",
        rule: "LOGOUT has no answer. It ends the session in the legacy network; the same user may log in \
               again at once.",
        kind: Kind::User(login::relogin),
    },
    Check {
        name: "two-users",
        what: "serves several users at a time",
        rule: "A backend serves as many users as service.users_per_backend says. Each frame names its user.",
        kind: Kind::User(login::two_users),
    },
    Check {
        name: "messages",
        what: "takes messages to a contact",
        rule: "CONV_MESSAGE may have several lines, any character of Unicode, and an xhtml that is empty or \
               not.",
        kind: Kind::User(messages::messages),
    },
    Check {
        name: "receipts",
        what: "sends receipts with the id of the message",
        rule: "CONV_MESSAGE with an id asks for a receipt: CONV_MESSAGE_ACK with the same id and an empty \
               message, once the message has arrived.",
        kind: Kind::User(messages::receipts),
    },
    Check {
        name: "large",
        what: "takes a message of 20 MB",
        rule: "The main process has no limit for the length of a frame; messages of 20 MB are known to \
               pass both ways. A contact need not say anything back, but where it says back what it is told, \
               the end is not to be lost. Where it is the network that cuts, use --skip large.",
        kind: Kind::User(large::large),
    },
    Check {
        name: "requests",
        what: "survives all other requests: presence, typing, attention",
        rule: "What a network does not have, a backend ignores: each status, typing (to contacts, rooms and \
               participants), attention, a subject.",
        kind: Kind::User(requests::requests),
    },
    Check {
        name: "contact",
        what: "takes a contact that is added, edited and removed",
        rule: "BUDDY_CHANGED adds or edits a contact, BUDDY_REMOVED removes it. What is done may be told by \
               the same types.",
        kind: Kind::User(roster::contact),
    },
    Check {
        name: "vcard",
        what: "answers requests for cards with their ids",
        rule: "VCARD without photo asks for a card. The answer has the same id, by which the main process \
               finds who asked.",
        kind: Kind::User(roster::vcard),
    },
    Check {
        name: "own-vcard",
        what: "takes an update of the user's own card",
        rule: "VCARD with a photo is the user's own new card; buddyName is empty then, and there is no \
               answer.",
        kind: Kind::User(roster::own_vcard),
    },
    Check {
        name: "rooms",
        what: "joins a room in the documented order",
        rule: "JOIN_ROOM is answered by a PARTICIPANT_CHANGED for each participant, the user's own nickname \
               with the flag ME (16) last, and then by ROOM_SUBJECT_CHANGED. The room is joined for the \
               user's client when its own nickname comes.",
        kind: Kind::User(rooms::rooms),
    },
    Check {
        name: "missing-room",
        what: "refuses a room that does not exist",
        rule: "Where a room cannot be joined, PARTICIPANT_CHANGED comes with the nickname of JOIN_ROOM, the \
               status NONE, and a flag that says why: ROOM_NOT_FOUND (64), NOT_AUTHORIZED (8), BANNED (4), \
               CONFLICT (2). The user's client is told by that alone.",
        kind: Kind::User(rooms::missing_room),
    },
    Check {
        name: "exit-with-user",
        what: "ends with status 0 on EXIT while a user is logged in",
        rule: "EXIT means: leave now, whoever is logged in.",
        kind: Kind::User(ends::exit_with_user),
    },
    Check {
        name: DECODABLE,
        what: "sends no malformed frames: required fields, UTF-8",
        rule: "A message without a required field, or that is not Protobuf of the schema, is dropped; an \
               enum value that the schema does not have counts as missing. What is not UTF-8 is stripped \
               from texts.",
        kind: Kind::Watch(rule::<Decodable>),
    },
    Check {
        name: "types",
        what: "sends only types that a backend may send",
        rule: "A type that the schema does not have is dropped. PING, LOGOUT, EXIT, JOIN_ROOM, LEAVE_ROOM, \
               STATUS_CHANGED and BUDDIES are the main process's to send.",
        kind: Kind::Watch(rule::<Types>),
    },
    Check {
        name: "stalling-types",
        what: "sends no type that stalls the main process",
        rule: "LOGIN, API_VERSION and the FT_ types are known to the main process and have no handler: it \
               stops there, and the frames behind it wait until the backend sends more.",
        kind: Kind::Watch(rule::<Stalling>),
    },
    Check {
        name: "users",
        what: "names users as the main process does",
        rule: "The user is the JID as it stands in LOGIN's `user`, not the legacy name. What is about \
               anybody else is dropped.",
        kind: Kind::Watch(rule::<Users>),
    },
    Check {
        name: "one-answer",
        what: "answers each LOGIN once",
        rule: "Each LOGIN has one answer; a session that ends later is one DISCONNECTED.",
        kind: Kind::Watch(rule::<Answers>),
    },
    Check {
        name: "config",
        what: "sends a BACKEND_CONFIG that the main process accepts",
        rule: "BACKEND_CONFIG is INI text: [registration], needPassword=1, [features], muc=0, and so on. A \
               line without =, a key that stands twice or a boolean that is none discards it all. The first \
               one counts; send it before the first PONG.",
        kind: Kind::Watch(rule::<Config>),
    },
    Check {
        name: "timestamps",
        what: "sends timestamps as YYYYMMDDThhmmss",
        rule: "The form is YYYYMMDDThhmmss in UTC, such as 20260131T235959; a Z behind it is fine. With any \
               other the message is lost. For now, leave the field out.",
        kind: Kind::Watch(rule::<Timestamps>),
    },
    Check {
        name: "xml",
        what: "sends well-formed XML",
        rule: "xhtml and stanzas are inserted as they are: malformed XML ends the user's stream or, for a \
               gateway component, every user's. Escape &, < and >, close each element, and use no comments \
               and no entities of HTML.",
        kind: Kind::Watch(rule::<Xml>),
    },
];

/// The rules of the checks that watch.
pub fn rules() -> impl Iterator<Item = (&'static str, fn() -> Box<dyn Rule>)> {
    CHECKS.iter().filter_map(|check| match check.kind {
        Kind::Watch(rule) => Some((check.name, rule)),
        _ => None,
    })
}

/// What a run does.
pub struct Choice {
    pub check: &'static Check,
    /// Whether it is reported; or else another one needs it, and its failure alone is reported.
    pub is_shown: bool,
    pub runs: bool,
}

/// The checks that were asked for, and those that they need.
pub fn choose(only: &[String], skip: &[String]) -> Result<Vec<Choice>, String> {
    let is_known = |name: &str| CHECKS.iter().any(|check| check.name == name);
    if let Some(name) = only.iter().chain(skip).find(|name| !is_known(name)) {
        return Err(format!("there is no check {name:?}: --list shows them"));
    }
    let is_asked_for = |name: &str| {
        let is_in = |list: &[String]| list.iter().any(|other| other == name);
        (only.is_empty() || is_in(only)) && !is_in(skip)
    };
    let is_skipped = |name: &str| skip.iter().any(|other| other == name);
    let shown = CHECKS.iter().filter(|check| is_asked_for(check.name));
    // Those that watch need something to watch.
    let needs_frames = shown.clone().any(|check| matches!(check.kind, Kind::Watch(_)));
    let needs_user = needs_frames || shown.clone().any(|check| matches!(check.kind, Kind::User(_)));
    let choices = CHECKS.iter().map(|check| {
        let is_needed = match check.kind {
            Kind::First(_) => true,
            Kind::User(_) if check.name == LOGIN => needs_user,
            Kind::Talk(_) | Kind::User(_) => needs_frames && !is_skipped(check.name),
            Kind::Watch(_) => false,
        };
        let is_shown = is_asked_for(check.name);
        Choice { check, is_shown, runs: is_shown || is_needed }
    });
    Ok(choices.collect())
}

/// The check that each frame can be decoded.
pub const DECODABLE: &str = "decodable";

/// The check that finds out whether the user can log in.
pub const LOGIN: &str = "login";
