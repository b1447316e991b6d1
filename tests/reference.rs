//! This crate's codec against the one that pb-rs generates from the schema, both ways, on valid input.
//!
//! Both write the same bytes for every message: fields by ascending number, required ones always,
//! optional ones whenever they are present, though they hold a default. One thing alone is free:
//! quick-protobuf writes the entries of a map in the order of its hash map. Here they keep the order
//! that they were given in, which is that very one, since these tests take them out of that map.
#![cfg(feature = "reference")]
#![allow(non_snake_case, reason = "the reference's fields are named as in the schema")]

use std::borrow::Cow;
use std::collections::HashMap;

use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use quick_protobuf::{BytesReader, MessageRead, MessageWrite, Writer};
use spectrum2::frame::{self, DEFAULT_LIMIT, Frame, Split};
use spectrum2::{ConnectionError, EncodeError, List, ListItem, ParticipantFlags, Payload, StatusType, StrMap, Type};

/// The reference's types, those nested in others too.
mod theirs {
    pub use spectrum2::reference::mod_Login::UserSettings;
    pub use spectrum2::reference::mod_WrapperMessage::Type;
    pub use spectrum2::reference::*;
}

/// The longest that a length of one and of two bytes can tell, and the next longer ones.
const BOUNDARIES: [usize; 4] = [127, 128, 16_383, 16_384];

/// A value of the reference, seen as one of ours; lists become slices, as senders have them.
trait Ours<'a, T> {
    fn ours(&'a self) -> T;
}

/// A random value of the reference.
trait Random: Sized {
    fn random() -> BoxedStrategy<Self>;
}

/// All that there is to check about a message.
trait Check {
    fn check(&self);
}

/// Pairs the messages and fields of both sides, and says which payloads carry each message.
macro_rules! messages {
    ($(
        $ours:ident $(<$lifetime:lifetime>)? = $theirs:ident $(<$their_lifetime:lifetime>)? {
            $($field:ident = $their_field:ident),*
        } in [$($variant:ident),*];
    )*) => {
        $(
            impl<'a> Ours<'a, spectrum2::$ours $(<$lifetime>)?> for theirs::$theirs $(<$their_lifetime>)? {
                fn ours(&'a self) -> spectrum2::$ours $(<$lifetime>)? {
                    let Self { $($their_field),* } = self;
                    spectrum2::$ours { $($field: $their_field.ours()),* }
                }
            }

            impl Random for theirs::$theirs $(<$their_lifetime>)? {
                fn random() -> BoxedStrategy<Self> {
                    let fields = ($(messages!(@random $their_field),)*);
                    fields.prop_map(|($($their_field,)*)| Self { $($their_field),* }).boxed()
                }
            }

            impl Check for theirs::$theirs $(<$their_lifetime>)? {
                fn check(&self) {
                    let bytes = written(self);
                    let received = spectrum2::$ours::decode(&bytes).expect("the reference wrote it");
                    let to_send: spectrum2::$ours = self.ours();
                    assert_eq!(received, to_send);
                    for ours in [received, to_send] {
                        let encoded = check_encoding(ours.encoded_len(), |buffer| ours.encode(buffer));
                        assert_eq!(encoded, bytes);
                        assert_eq!(&read::<theirs::$theirs>(&encoded), self);
                        $(check_payload(Type::$variant, Some(&bytes), &Payload::$variant(ours));)*
                    }
                }
            }
        )*

        /// A test for each message: random ones are the same to both codecs.
        mod random_message {
            $(
                #[test]
                fn $ours() {
                    super::check_random::<super::theirs::$theirs>();
                }
            )*
        }

        /// The schema's messages and the types that carry one, as paired here.
        const PAIRED_MESSAGES: &[&str] = &[$(spectrum2::$ours::DESCRIPTOR.name),*];
        const PAIRED_TYPES: &[Type] = &[$($(Type::$variant,)*)*];
    };
    // One for each field; its type says which.
    (@random $field:ident) => { random() };
}

messages! {
    Connected<'a> = Connected<'static> { user = user } in [Connected];
    Disconnected<'a> = Disconnected<'static> { user = user, error = error, message = message } in [Disconnected];
    Login<'a> = Login<'static> {
        user = user, legacy_name = legacyName, password = password, extra_fields = extraFields, settings = settings
    } in [Login];
    UserSettings<'a> = UserSettings<'static> { value = value } in [];
    Logout<'a> = Logout<'static> { user = user, legacy_name = legacyName } in [Logout];
    Buddy<'a> = Buddy<'static> {
        user_name = userName, buddy_name = buddyName, alias = alias, group = group, status = status,
        status_message = statusMessage, icon_hash = iconHash, blocked = blocked
    } in [BuddyChanged, BuddyRemoved, BuddyTyping, BuddyTyped, BuddyStoppedTyping, AuthRequest];
    Buddies<'a> = Buddies<'static> { buddy = buddy } in [Buddies];
    ConversationMessage<'a> = ConversationMessage<'static> {
        user_name = userName, buddy_name = buddyName, message = message, nickname = nickname, xhtml = xhtml,
        timestamp = timestamp, headline = headline, id = id, pm = pm, carbon = carbon, attachment = attachment
    } in [ConvMessage, RoomSubjectChanged, Attention, ConvMessageAck];
    Attachment<'a> = Attachment<'static> { url = url, mime_type = mimeType, description = description } in [];
    Room<'a> = Room<'static> {
        user_name = userName, nickname = nickname, room = room, password = password
    } in [JoinRoom, LeaveRoom, RoomNicknameChanged];
    RoomList<'a> = RoomList<'static> { room = room, name = name, user = user } in [RoomList];
    Participant<'a> = Participant<'static> {
        user_name = userName, room = room, nickname = nickname, flag = flag, status = status,
        status_message = statusMessage, new_name = newname, icon_hash = iconHash, alias = alias
    } in [ParticipantChanged];
    VCard<'a> = VCard<'static> {
        user_name = userName, buddy_name = buddyName, id = id, fullname = fullname, nickname = nickname, photo = photo
    } in [VCard];
    Status<'a> = Status<'static> {
        user_name = userName, status = status, status_message = statusMessage
    } in [StatusChanged];
    Stats<'a> = Stats<'static> { res = res, init_res = init_res, shared = shared, id = id } in [Stats];
    BackendConfig<'a> = BackendConfig<'static> { config = config } in [BackendConfig, Query];
    ApiVersion = APIVersion { version = version } in [ApiVersion];
    File<'a> = File<'static> {
        user_name = userName, buddy_name = buddyName, file_name = fileName, size = size, ft_id = ftID
    } in [FtStart, FtFinish, FtPause, FtContinue];
    FileTransferData<'a> = FileTransferData<'static> { ft_id = ftID, data = data } in [FtData];
}

/// Types without a message have tests of their own.
const OTHER_TYPES: [Type; 4] = [Type::Ping, Type::Pong, Type::Exit, Type::RawXml];

#[test]
fn no_message_and_no_type_is_left_out() {
    let mut messages = [PAIRED_MESSAGES, &["WrapperMessage"]].concat();
    messages.sort_unstable();
    let mut described = spectrum2::descriptor::MESSAGES.map(|message| message.name);
    described.sort_unstable();
    assert_eq!(messages, described);

    let mut types = [PAIRED_TYPES, &OTHER_TYPES].concat();
    types.sort_unstable();
    assert!(types.iter().map(|paired| paired.number()).eq(Type::DESCRIPTOR.values.iter().map(|value| value.1)));
}

#[test]
fn types_without_a_message_are_the_same_to_both() {
    for (of, payload) in [(Type::Ping, Payload::Ping), (Type::Pong, Payload::Pong), (Type::Exit, Payload::Exit)] {
        check_payload(of, None, &payload);
    }
    run(&random::<Cow<'static, str>>(), |xml| {
        check_payload(Type::RawXml, Some(xml.as_bytes()), &Payload::RawXml(&xml));
    });
}

/// A string grows byte by byte inside of each kind of nesting, so that all lengths around it grow past
/// their boundaries.
#[test]
fn nested_lengths_pass_every_boundary() {
    fn user(length: usize) -> Cow<'static, str> {
        "u".repeat(length).into()
    }
    sweep(|length| theirs::Connected { user: user(length) }, written_len);
    sweep(
        |length| {
            let grown = theirs::Buddy { userName: user(length), ..Default::default() };
            let small = theirs::Buddy { group: vec!["group".into()], ..Default::default() };
            theirs::Buddies { buddy: vec![small.clone(), grown, small] }
        },
        |buddies| written_len(&buddies.buddy[1]),
    );
    sweep(
        |length| {
            let grown = theirs::Attachment { url: user(length), ..Default::default() };
            let small = theirs::Attachment { mimeType: Some("".into()), ..Default::default() };
            theirs::ConversationMessage { attachment: vec![small.clone(), grown, small], ..Default::default() }
        },
        |message| written_len(&message.attachment[1]),
    );
    sweep(|length| login(user(length), "1".into()), settings_len);
    sweep(|length| login("1".into(), user(length)), settings_len);
}

/// A login with this setting and another one.
fn login(name: Cow<'static, str>, value: Cow<'static, str>) -> theirs::Login<'static> {
    let settings = theirs::UserSettings { value: HashMap::from([(name, value), ("another".into(), "0".into())]) };
    theirs::Login { settings: Some(settings), ..Default::default() }
}

fn settings_len(login: &theirs::Login) -> usize {
    login.settings.as_ref().map_or(0, written_len)
}

/// Checks the messages that `make` makes; `length_of` must meet every boundary.
fn sweep<T: Check>(make: impl Fn(usize) -> T, length_of: impl Fn(&T) -> usize) {
    let mut missed = BOUNDARIES.to_vec();
    for grown in (0..=300).chain(16_300..=16_500) {
        let message = make(grown);
        message.check();
        missed.retain(|boundary| *boundary != length_of(&message));
    }
    assert_eq!(missed, [0; 0]);
}

/// Lengths of four bytes: a photo of two megabytes.
#[test]
fn lengths_of_three_and_four_bytes() {
    for length in (0x1f_ffd8..=0x20_0000).step_by(4) {
        let photo = Some(vec![0xff; length].into());
        theirs::VCard { photo, ..Default::default() }.check();
    }
}

fn check_random<T: Random + Check + std::fmt::Debug>() {
    run(&T::random(), |message| message.check());
}

fn run<T: std::fmt::Debug>(strategy: &BoxedStrategy<T>, check: impl Fn(T)) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) };
    let result = TestRunner::new(config).run(strategy, |value| {
        check(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Checks the wrapper and the frame around a payload.
fn check_payload(of: Type, bytes: Option<&[u8]>, payload: &Payload<'_>) {
    let type_pb = theirs::Type::from(of.name());
    assert_eq!(type_pb as i32, of.number());
    let wrapper = theirs::WrapperMessage { type_pb, payload: bytes.map(Cow::Borrowed) };
    let body = written(&wrapper);
    assert_eq!(Payload::decode(&body).as_ref(), Ok(payload));

    let encoded = check_encoding(payload.encoded_len(), |buffer| payload.encode(buffer));
    assert_eq!(encoded, body);
    assert_eq!(read::<theirs::WrapperMessage>(&encoded), wrapper);

    let framed = check_encoding(frame::encoded_len(payload), |buffer| frame::encode(payload, buffer));
    assert_eq!(framed[..4], (body.len() as u32).to_be_bytes());
    assert_eq!(frame::split(&framed, DEFAULT_LIMIT), Ok(Split::Complete(Frame::new(&body), &[])));
}

/// Encodes into a buffer of exactly `encoded_len` bytes, and fails to where there is less room.
fn check_encoding(encoded_len: usize, encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    let mut buffer = vec![0xee; encoded_len];
    for short in [encoded_len.saturating_sub(1), encoded_len / 2, 0] {
        if short < encoded_len {
            let failed = Err(EncodeError::BufferTooShort { needed: encoded_len });
            assert_eq!(encode(&mut buffer[..short]), failed);
        }
    }
    buffer.fill(0xee);
    assert_eq!(encode(&mut buffer), Ok(encoded_len));
    buffer
}

fn written(message: &impl MessageWrite) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write_message(&mut Writer::new(&mut bytes)).expect("a vector grows");
    bytes
}

fn written_len(message: &impl MessageWrite) -> usize {
    written(message).len()
}

fn read<'a, T: MessageRead<'a>>(bytes: &'a [u8]) -> T {
    T::from_reader(&mut BytesReader::from_bytes(bytes), bytes).expect("the same bytes that the reference wrote")
}

impl<'a> Ours<'a, &'a str> for Cow<'static, str> {
    fn ours(&'a self) -> &'a str {
        self
    }
}

impl<'a> Ours<'a, &'a [u8]> for Cow<'static, [u8]> {
    fn ours(&'a self) -> &'a [u8] {
        self
    }
}

impl Ours<'_, i32> for i32 {
    fn ours(&self) -> i32 {
        *self
    }
}

impl Ours<'_, ConnectionError> for i32 {
    fn ours(&self) -> ConnectionError {
        ConnectionError(*self)
    }
}

impl Ours<'_, ParticipantFlags> for i32 {
    fn ours(&self) -> ParticipantFlags {
        ParticipantFlags(*self)
    }
}

impl Ours<'_, bool> for bool {
    fn ours(&self) -> bool {
        *self
    }
}

/// By name, so that numbers are compared on the wire alone.
impl Ours<'_, StatusType> for theirs::StatusType {
    fn ours(&self) -> StatusType {
        let number = StatusType::DESCRIPTOR.number_of(&format!("{self:?}"));
        number.and_then(StatusType::from_number).expect("both have the same names")
    }
}

impl<'a, T: Ours<'a, U>, U> Ours<'a, Option<U>> for Option<T> {
    fn ours(&'a self) -> Option<U> {
        self.as_ref().map(Ours::ours)
    }
}

impl<'a, T: Ours<'a, U>, U: ListItem<'a> + 'a> Ours<'a, List<'a, U>> for Vec<T> {
    fn ours(&'a self) -> List<'a, U> {
        List::from(&*self.iter().map(Ours::ours).collect::<Vec<U>>().leak())
    }
}

impl<'a> Ours<'a, StrMap<'a>> for HashMap<Cow<'static, str>, Cow<'static, str>> {
    fn ours(&'a self) -> StrMap<'a> {
        StrMap::from(&*self.iter().map(|(key, value)| (key.ours(), value.ours())).collect::<Vec<_>>().leak())
    }
}

fn random<T: Random>() -> BoxedStrategy<T> {
    T::random()
}

/// Mostly short, sometimes at a boundary.
fn random_length() -> impl Strategy<Value = usize> {
    prop_oneof![12 => 0..70_usize, 2 => 70..300_usize, 2 => 124..=130_usize, 1 => 16_380..=16_386_usize]
}

/// Text of any script, cut or filled up with ASCII to the length wanted.
impl Random for Cow<'static, str> {
    fn random() -> BoxedStrategy<Self> {
        let text = (any::<String>(), random_length());
        text.prop_map(|(mut text, length)| {
            while text.len() > length {
                text.pop();
            }
            text.extend(std::iter::repeat_n('x', length - text.len()));
            Cow::Owned(text)
        })
        .boxed()
    }
}

impl Random for Cow<'static, [u8]> {
    fn random() -> BoxedStrategy<Self> {
        random_length().prop_flat_map(|length| vec(any::<u8>(), length)).prop_map(Cow::Owned).boxed()
    }
}

impl Random for i32 {
    fn random() -> BoxedStrategy<Self> {
        prop_oneof![any::<i32>(), -1..=128, select(vec![i32::MIN, i32::MAX, 16_383, 16_384])].boxed()
    }
}

impl Random for bool {
    fn random() -> BoxedStrategy<Self> {
        any::<bool>().boxed()
    }
}

impl Random for theirs::StatusType {
    fn random() -> BoxedStrategy<Self> {
        select(StatusType::DESCRIPTOR.values).prop_map(|(name, _)| Self::from(name)).boxed()
    }
}

impl<T: Random + std::fmt::Debug + 'static> Random for Option<T> {
    fn random() -> BoxedStrategy<Self> {
        option::of(T::random()).boxed()
    }
}

impl<T: Random + std::fmt::Debug + 'static> Random for Vec<T> {
    fn random() -> BoxedStrategy<Self> {
        vec(T::random(), 0..5).boxed()
    }
}

impl Random for HashMap<Cow<'static, str>, Cow<'static, str>> {
    fn random() -> BoxedStrategy<Self> {
        hash_map(random(), random(), 0..5).boxed()
    }
}
