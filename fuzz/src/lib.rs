//! What the fuzz targets share: two other decoders to compare with, a generator of frames, calls of
//! the C ABI, and a stream that behaves as its script says.

pub mod c;
#[path = "../../tests/common/check.rs"]
pub mod check;
pub mod generate;
#[cfg(feature = "cpp")]
pub mod google;
pub mod prost;
pub mod script;
#[path = "../../tests/common/wire.rs"]
#[allow(dead_code, reason = "tests use the rest")]
pub mod wire;

use std::collections::BTreeMap;

use spectrum2::{Login, Payload, StrMap, UserSettings, Wrapper};

/// Calls a macro with each message and the types that carry one: the table of the protocol.
macro_rules! with_messages {
    ($callback:ident! $arguments:tt) => {
        $callback! { $arguments
            Connected: Connected;
            Disconnected: Disconnected;
            Login: Login;
            Logout: Logout;
            Buddy: BuddyChanged | BuddyRemoved | BuddyTyping | BuddyTyped | BuddyStoppedTyping | AuthRequest;
            ConversationMessage: ConvMessage | RoomSubjectChanged | Attention | ConvMessageAck;
            Room: JoinRoom | LeaveRoom | RoomNicknameChanged;
            Participant: ParticipantChanged;
            VCard: VCard;
            Status: StatusChanged;
            Stats: Stats;
            File: FtStart | FtFinish | FtPause | FtContinue;
            FileTransferData: FtData;
            BackendConfig: BackendConfig | Query;
            RoomList: RoomList;
            Buddies: Buddies;
            ApiVersion: ApiVersion;
        }
    };
}
pub(crate) use with_messages;

/// The payload of a frame in the one form that says the same: as we encode it, with the settings of a
/// LOGIN ordered by their keys, each once.
fn canonical(payload: &Payload<'_>) -> Vec<u8> {
    let entries: BTreeMap<_, _> = match payload {
        Payload::Login(Login { settings: Some(settings), .. }) => settings.value.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let entries: Vec<_> = entries.into_iter().collect();
    let value = StrMap::from(&entries);
    let payload = match *payload {
        Payload::Login(Login { settings: Some(_), user, legacy_name, password, extra_fields }) => {
            let settings = Some(UserSettings { value });
            Payload::Login(Login { user, legacy_name, password, extra_fields, settings })
        }
        payload => payload,
    };
    let mut body = vec![0; payload.encoded_len()];
    payload.encode(&mut body).expect("as long as it said");
    Wrapper::decode(&body).expect("just encoded").payload.unwrap_or_default().to_vec()
}
