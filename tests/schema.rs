//! The tables in `src/` against the schema in `proto/protocol.proto`, both ways: nothing is missing,
//! nothing is extra.

use std::iter::Peekable;
use std::vec::IntoIter;

use spectrum2::descriptor::{Kind, Label, MESSAGES};
use spectrum2::{
    ApiVersion, Attachment, BackendConfig, Buddies, Buddy, Connected, ConnectionError, ConversationMessage,
    DecodeError, DecodeErrorKind, Disconnected, File, FileTransferData, Login, Logout, Participant, ParticipantFlags,
    Payload, Room, RoomList, Stats, Status, StatusType, Type, UserSettings, VCard, Wrapper,
};

/// What the schema declares.
#[derive(Default)]
struct Schema {
    messages: Vec<Message>,
    enums: Vec<Enum>,
}

struct Message {
    /// With the name of the message around it, if there is one.
    name: String,
    fields: Vec<Field>,
}

struct Field {
    number: u8,
    name: &'static str,
    label: &'static str,
    kind: String,
}

struct Enum {
    name: &'static str,
    values: Vec<Value>,
}

struct Value {
    name: &'static str,
    number: i32,
    /// The comment behind it.
    comment: &'static str,
}

impl Schema {
    fn read() -> Self {
        let tokens: Vec<_> = include_str!("../proto/protocol.proto").lines().flat_map(tokens).collect();
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), schema: Self::default() };
        parser.file();
        parser.schema
    }

    fn message(&self, name: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.name == name)
    }

    fn message_names(&self) -> Vec<&str> {
        sorted(self.messages.iter().map(|message| message.name.as_str()))
    }

    fn enum_values(&self, name: &str) -> &[Value] {
        &self.enums.iter().find(|declared| declared.name == name).expect(name).values
    }

    /// What `name` means inside of the message `scope`.
    fn kind(&self, scope: &str, name: &str) -> String {
        let nested = format!("{scope}.{name}");
        if let Some(message) = self.message(&nested).or(self.message(name)) {
            format!("message {}", message.name)
        } else if self.enums.iter().any(|declared| declared.name == name) {
            format!("enum {name}")
        } else {
            name.to_owned()
        }
    }
}

impl Message {
    /// This message and its first required field, if it has one.
    fn first_required(&self) -> Option<(&str, &str)> {
        let required = self.fields.iter().find(|field| field.label == "required");
        required.map(|field| (self.name.as_str(), field.name))
    }
}

impl Field {
    fn tag(&self) -> u8 {
        let is_varint = matches!(self.kind.as_str(), "int32" | "bool" | "StatusType" | "Type");
        self.number << 3 | if is_varint { 0 } else { 2 }
    }
}

impl Value {
    /// The message of a wrapper type: the comment names it, or says in brackets what is there instead.
    fn message(&self) -> Option<&'static str> {
        Some(self.comment).filter(|comment| !comment.starts_with('('))
    }
}

/// The words and signs of a line, and the comment if it stands behind any.
fn tokens(line: &'static str) -> Vec<&'static str> {
    const SIGNS: [char; 7] = ['{', '}', '<', '>', ',', '=', ';'];
    let (code, comment) = line.split_at(line.find("//").unwrap_or(line.len()));
    let words = code.split_whitespace().flat_map(|word| word.split_inclusive(SIGNS));
    let mut tokens: Vec<_> = words.flat_map(|word| <[&str; 2]>::from(split_sign(word, SIGNS))).collect();
    if !tokens.is_empty() {
        tokens.push(comment);
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

fn split_sign(word: &str, signs: [char; 7]) -> (&str, &str) {
    word.split_at(word.find(signs).unwrap_or(word.len()))
}

/// Knows as much of the language as the schema needs, and panics at anything else.
struct Parser {
    tokens: Peekable<IntoIter<&'static str>>,
    schema: Schema,
}

impl Parser {
    fn next(&mut self) -> Option<&'static str> {
        self.tokens.find(|token| !token.starts_with("//"))
    }

    fn word(&mut self) -> &'static str {
        self.next().expect("the schema goes on")
    }

    fn expect(&mut self, expected: &[&str]) {
        for token in expected {
            assert_eq!(self.word(), *token);
        }
    }

    fn comment(&mut self) -> &'static str {
        let comment = self.tokens.next_if(|token| token.starts_with("//")).unwrap_or_default();
        comment.trim_start_matches("//").trim()
    }

    fn file(&mut self) {
        self.expect(&["syntax", "=", "\"proto2\"", ";", "package", "pbnetwork", ";"]);
        while let Some(token) = self.next() {
            match token {
                "message" => self.message(""),
                "enum" => self.enumeration(),
                _ => panic!("{token} is neither a message nor an enum"),
            }
        }
    }

    fn message(&mut self, scope: &str) {
        let name = format!("{scope}{}", self.word());
        self.expect(&["{"]);
        let mut fields = Vec::new();
        loop {
            match self.word() {
                "}" => break,
                "message" => self.message(&format!("{name}.")),
                "enum" => self.enumeration(),
                "map" => {
                    self.expect(&["<", "string", ",", "string", ">"]);
                    fields.push(self.field("repeated", "map<string, string>"));
                }
                label @ ("required" | "optional" | "repeated") => {
                    let kind = self.word();
                    fields.push(self.field(label, kind));
                }
                token => panic!("{token} is no field of {name}"),
            }
        }
        self.schema.messages.push(Message { name, fields });
    }

    fn field(&mut self, label: &'static str, kind: &str) -> Field {
        let (name, number) = self.name_and_number();
        Field { number: number.try_into().expect("a field number"), name, label, kind: kind.to_owned() }
    }

    fn enumeration(&mut self) {
        let name = self.word();
        self.expect(&["{"]);
        let mut values = Vec::new();
        while self.tokens.next_if_eq(&"}").is_none() {
            let (name, number) = self.name_and_number();
            values.push(Value { name, number, comment: self.comment() });
        }
        self.schema.enums.push(Enum { name, values });
    }

    fn name_and_number(&mut self) -> (&'static str, i32) {
        let name = self.word();
        self.expect(&["="]);
        let number = self.word().parse().expect("a number");
        self.expect(&[";"]);
        (name, number)
    }
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_unstable();
    items
}

fn label_name(label: Label) -> &'static str {
    match label {
        Label::Required => "required",
        Label::Optional => "optional",
        Label::Repeated => "repeated",
    }
}

fn kind_name(kind: Kind) -> String {
    match kind {
        Kind::String => "string".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Enum(descriptor) => format!("enum {}", descriptor.name),
        Kind::Message(descriptor) => format!("message {}", descriptor.name),
        Kind::Map => "map<string, string>".to_owned(),
    }
}

#[test]
fn messages_and_fields_are_the_schemas() {
    let schema = Schema::read();
    assert_eq!(sorted(MESSAGES.iter().map(|message| message.name)), schema.message_names());

    let declared = sorted(schema.messages.iter().flat_map(|message| {
        message.fields.iter().map(|field| {
            let Field { number, name, label, kind } = field;
            format!("{}: {label} {} {name} = {number}", message.name, schema.kind(&message.name, kind))
        })
    }));
    let described = sorted(MESSAGES.iter().flat_map(|message| {
        message.fields.iter().map(|field| {
            let (label, kind) = (label_name(field.label), kind_name(field.kind));
            format!("{}: {label} {kind} {} = {}", message.name, field.name, field.number)
        })
    }));
    assert_eq!(described, declared);
}

#[test]
fn fields_and_values_ascend() {
    for message in MESSAGES {
        assert!(message.fields.is_sorted_by(|one, next| one.number < next.number), "{}", message.name);
    }
    for descriptor in ENUMS {
        assert!(descriptor.values.is_sorted_by(|one, next| one.1 < next.1), "{}", descriptor.name);
    }
}

const ENUMS: [&spectrum2::descriptor::EnumDescriptor; 4] =
    [Type::DESCRIPTOR, StatusType::DESCRIPTOR, ConnectionError::DESCRIPTOR, ParticipantFlags::DESCRIPTOR];

#[test]
fn enums_are_the_schemas() {
    let schema = Schema::read();
    let declared = sorted(schema.enums.iter().flat_map(|declared| {
        declared.values.iter().map(|value| format!("{}: {} = {}", declared.name, value.name, value.number))
    }));
    let described = sorted(ENUMS.iter().flat_map(|descriptor| {
        descriptor.values.iter().map(|(name, number)| format!("{}: {name} = {number}", descriptor.name))
    }));
    assert_eq!(described, declared);
}

/// Numbers around and between those of the schema, and the ends of the range.
fn numbers() -> impl Iterator<Item = i32> {
    (-1..=64).chain([i32::MIN, i32::MAX])
}

#[test]
fn descriptors_find_names_and_numbers() {
    let schema = Schema::read();
    for descriptor in ENUMS {
        let values = schema.enum_values(descriptor.name);
        for number in numbers() {
            let name = values.iter().find(|value| value.number == number).map(|value| value.name);
            assert_eq!(descriptor.name_of(number), name, "{} {number}", descriptor.name);
            if let Some(name) = name {
                assert_eq!(descriptor.number_of(name), Some(number));
            }
        }
        assert_eq!(descriptor.number_of("STATUS"), None);
    }
}

#[test]
fn closed_enums_know_the_schemas_numbers_alone() {
    macro_rules! check {
        ($schema:ident, $($closed:ident)*) => {$(
            let values = $schema.enum_values($closed::DESCRIPTOR.name);
            for number in numbers() {
                let expected = values.iter().find(|value| value.number == number);
                let value = $closed::from_number(number);
                assert_eq!(value.map($closed::name), expected.map(|value| value.name), "{number}");
                assert_eq!(value.map($closed::number), expected.map(|value| value.number), "{number}");
            }
        )*};
    }
    let schema = Schema::read();
    check!(schema, Type StatusType);
}

#[test]
fn variants_of_type_have_the_schemas_names() {
    for (name, number) in Type::DESCRIPTOR.values {
        let variant = format!("TYPE{:?}", Type::from_number(*number).expect(name));
        assert_eq!(variant.to_uppercase(), name.replace('_', ""));
    }
}

#[test]
fn constants_of_open_enums_have_the_schemas_names() {
    macro_rules! check {
        ($schema:ident, $($open:ident $prefix:literal: $($constant:ident)*;)*) => {$(
            let constants = [$((concat!($prefix, stringify!($constant)), $open::$constant.0)),*];
            let values = $schema.enum_values($open::DESCRIPTOR.name);
            assert_eq!(sorted(constants), sorted(values.iter().map(|value| (value.name, value.number))));
        )*};
    }
    let schema = Schema::read();
    check! {
        schema,
        ConnectionError "CONNECTION_ERROR_": NETWORK_ERROR INVALID_USERNAME AUTHENTICATION_FAILED
            AUTHENTICATION_IMPOSSIBLE NO_SSL_SUPPORT ENCRYPTION_ERROR NAME_IN_USE INVALID_SETTINGS CERT_NOT_PROVIDED
            CERT_UNTRUSTED CERT_EXPIRED CERT_NOT_ACTIVATED CERT_HOSTNAME_MISMATCH CERT_FINGERPRINT_MISMATCH
            CERT_SELF_SIGNED CERT_OTHER_ERROR OTHER_ERROR;
        ParticipantFlags "PARTICIPANT_FLAG_": NONE MODERATOR CONFLICT BANNED NOT_AUTHORIZED ME KICKED ROOM_NOT_FOUND;
    }
}

#[test]
fn types_carry_the_schemas_messages() {
    let schema = Schema::read();
    for value in schema.enum_values("Type") {
        assert!(value.message().is_none_or(|name| schema.message(name).is_some()), "{}", value.name);
        let described = Type::from_number(value.number).and_then(Type::message).map(|message| message.name);
        assert_eq!(described, value.message(), "{}", value.name);
    }
}

/// A payload without fields lacks the first required field of the message that its type carries.
#[test]
fn payloads_are_decoded_as_the_message_of_their_type() {
    let schema = Schema::read();
    for value in schema.enum_values("Type") {
        let required = value.message().and_then(|name| schema.message(name)?.first_required());
        let body = [0x08, value.number as u8, 0x12, 0];
        match Payload::decode(&body) {
            Err(error) => assert_eq!(missing(error), required, "{}", value.name),
            Ok(payload) => {
                assert_eq!(required, None, "{}", value.name);
                assert_eq!(payload.type_number(), value.number);
                assert_eq!(payload.message().map(|message| message.descriptor().name), value.message());
            }
        }
    }
}

/// Message and field that an error says is missing.
fn missing(error: DecodeError) -> Option<(&'static str, &'static str)> {
    assert_eq!(error.kind(), DecodeErrorKind::MissingField);
    Some((error.message(), error.field()?))
}

type Decode = fn(&[u8]) -> Option<DecodeError>;

/// The decoder of each message, by the schema's name of what it decodes.
fn decoders() -> Vec<(&'static str, Decode)> {
    macro_rules! decoders {
        ($($message:ident)*) => {
            vec![
                ("WrapperMessage", |bytes| Wrapper::decode(bytes).err()),
                $(($message::DESCRIPTOR.name, |bytes| $message::decode(bytes).err())),*
            ]
        };
    }
    decoders! {
        ApiVersion Attachment BackendConfig Buddies Buddy Connected ConversationMessage Disconnected File
        FileTransferData Login Logout Participant Room RoomList Stats Status UserSettings VCard
    }
}

/// Each message with its decoder.
fn messages_with_decoders(schema: &Schema) -> impl Iterator<Item = (&Message, Decode)> {
    let decoders = decoders();
    assert_eq!(sorted(decoders.iter().map(|decoder| decoder.0)), schema.message_names());
    decoders.into_iter().map(|(name, decode)| (schema.message(name).expect(name), decode))
}

#[test]
fn errors_name_the_first_missing_field_of_an_empty_message() {
    let schema = Schema::read();
    for (message, decode) in messages_with_decoders(&schema) {
        assert_eq!(decode(b"").and_then(missing), message.first_required(), "{}", message.name);
    }
}

#[test]
fn errors_name_the_one_field_that_is_missing() {
    let schema = Schema::read();
    for (message, decode) in messages_with_decoders(&schema) {
        let required: Vec<_> = message.fields.iter().filter(|field| field.label == "required").collect();
        for left_out in &required {
            let others = required.iter().filter(|field| field.number != left_out.number);
            let bytes: Vec<_> = others.flat_map(|field| [field.tag(), 0]).collect();
            let expected = Some((message.name.as_str(), left_out.name));
            assert_eq!(decode(&bytes).and_then(missing), expected);
        }
        let complete: Vec<_> = required.iter().flat_map(|field| [field.tag(), 0]).collect();
        assert_eq!(decode(&complete), None, "{}", message.name);
    }
}

#[test]
fn errors_name_the_field_that_is_cut_off() {
    let schema = Schema::read();
    for (message, decode) in messages_with_decoders(&schema) {
        for field in &message.fields {
            // Half a varint: the value, or the length of one.
            let error = decode(&[field.tag(), 0x80]).expect("a cut field is malformed");
            let named = (error.kind(), error.message(), error.field());
            assert_eq!(named, (DecodeErrorKind::Truncated, message.name.as_str(), Some(field.name)));
        }
    }
}
