//! The messages that the workloads hold, as a table, and what is the same for every peer written in
//! Rust: walking through a decoded message and building one from plain values.

/// Passes the table of fields to a macro: number, then the name in snake and in camel case.
macro_rules! with_fields {
    ($callback:ident! { $($arguments:tt)* }) => {
        $callback! { { $($arguments)* }
            Connected { 1 user user, }
            Login {
                1 user user, 2 legacy_name legacyName, 3 password password, 4 extra_fields extraFields,
                5 settings settings,
            }
            UserSettings { 1 value value, }
            Buddy {
                1 user_name userName, 2 buddy_name buddyName, 3 alias alias, 4 group group, 5 status status,
                6 status_message statusMessage, 7 icon_hash iconHash, 8 blocked blocked,
            }
            Buddies { 1 buddy buddy, }
            ConversationMessage {
                1 user_name userName, 2 buddy_name buddyName, 3 message message, 4 nickname nickname,
                5 xhtml xhtml, 6 timestamp timestamp, 7 headline headline, 8 id id, 9 pm pm, 10 carbon carbon,
                11 attachment attachment,
            }
            Attachment { 1 url url, 2 mime_type mimeType, 3 description description, }
            Participant {
                1 user_name userName, 2 room room, 3 nickname nickname, 4 flag flag, 5 status status,
                6 status_message statusMessage, 7 newname newname, 8 icon_hash iconHash, 9 alias alias,
            }
            VCard {
                1 user_name userName, 2 buddy_name buddyName, 3 id id, 4 fullname fullname, 5 nickname nickname,
                6 photo photo,
            }
        }
    };
}

/// Shows the messages in the module `theirs`, whose fields are public and have names in this case;
/// the messages borrow (`['a]`) or not (`[]`).
macro_rules! show_messages {
    ({ snake $lifetimes:tt } $($name:ident { $($number:literal $field:ident $camel:ident,)* })*) => {$(
        show_messages!(@one $lifetimes $name { $($number $field,)* });
    )*};
    ({ camel $lifetimes:tt } $($name:ident { $($number:literal $snake:ident $field:ident,)* })*) => {$(
        show_messages!(@one $lifetimes $name { $($number $field,)* });
    )*};
    (@one [] $name:ident $fields:tt) => { show_messages!(@fields [theirs::$name] $fields); };
    (@one [$lifetime:lifetime] $name:ident $fields:tt) => { show_messages!(@fields [theirs::$name<'_>] $fields); };
    (@fields [$message:ty] { $($number:literal $field:ident,)* }) => {
        impl $crate::show::Show for $message {
            #[inline(always)]
            fn show(&self, number: u32, sink: &mut impl $crate::show::Sink) {
                sink.begin(number);
                $($crate::show::Show::show(&self.$field, $number, sink);)*
                sink.end();
            }
        }
    };
}

/// Builds the messages in the module `theirs` from plain ones.
macro_rules! build_messages {
    ({ snake $lifetimes:tt } $($name:ident { $($number:literal $field:ident $camel:ident,)* })*) => {$(
        build_messages!(@one $lifetimes $name { $($field $field,)* });
    )*};
    ({ camel $lifetimes:tt } $($name:ident { $($number:literal $plain:ident $field:ident,)* })*) => {$(
        build_messages!(@one $lifetimes $name { $($plain $field,)* });
    )*};
    (@one [] $name:ident $fields:tt) => { build_messages!(@fields $name [theirs::$name] $fields); };
    (@one [$lifetime:lifetime] $name:ident $fields:tt) => {
        build_messages!(@fields $name [theirs::$name<'static>] $fields);
    };
    (@fields $name:ident [$message:ty] { $($plain:ident $field:ident,)* }) => {
        impl $crate::build::Build<$message> for $crate::workloads::$name {
            #[inline(always)]
            #[allow(clippy::needless_update, reason = "some peers keep unknown fields, too")]
            fn build(&self) -> $message {
                theirs::$name {
                    $($field: $crate::build::Build::build(&self.$plain),)*
                    ..Default::default()
                }
            }
        }
    };
}

/// An enum of the messages in the module `theirs`: what a peer has ready to encode.
macro_rules! message_enum {
    ($($lifetime:lifetime)?) => {
        pub enum Message {
            Ping,
            Connected(theirs::Connected$(<$lifetime>)?),
            Login(theirs::Login$(<$lifetime>)?),
            Conversation(theirs::ConversationMessage$(<$lifetime>)?),
            BuddyChanged(theirs::Buddy$(<$lifetime>)?),
            BuddyTyping(theirs::Buddy$(<$lifetime>)?),
            ParticipantChanged(theirs::Participant$(<$lifetime>)?),
            Buddies(theirs::Buddies$(<$lifetime>)?),
            VCard(theirs::VCard$(<$lifetime>)?),
        }

        impl Message {
            #[inline(always)]
            fn build(plain: &$crate::workloads::Message) -> Self {
                use $crate::workloads::Message as Plain;
                use $crate::build::Build;
                match plain {
                    Plain::Ping => Self::Ping,
                    Plain::Connected(message) => Self::Connected(message.build()),
                    Plain::Login(message) => Self::Login(message.build()),
                    Plain::Conversation(message) => Self::Conversation(message.build()),
                    Plain::BuddyChanged(message) => Self::BuddyChanged(message.build()),
                    Plain::BuddyTyping(message) => Self::BuddyTyping(message.build()),
                    Plain::ParticipantChanged(message) => Self::ParticipantChanged(message.build()),
                    Plain::Buddies(message) => Self::Buddies(message.build()),
                    Plain::VCard(message) => Self::VCard(message.build()),
                }
            }
        }
    };
}

/// Evaluates an expression with the type number and the message of a [`Message`], or another one
/// where there is no message.
macro_rules! write_message {
    ($value:expr, Ping => $nothing:expr, ($number:ident, $message:ident) => $write:expr) => {
        write_message!(@arms $value, $nothing, $number, $message, $write,
            Connected = 1, Login = 3, Conversation = 8, BuddyChanged = 6, BuddyTyping = 18, ParticipantChanged = 13,
            Buddies = 35, VCard = 16)
    };
    (@arms $value:expr, $nothing:expr, $number:ident, $message:ident, $write:expr, $($variant:ident = $type:literal),*) => {
        match $value {
            Message::Ping => $nothing,
            $(Message::$variant($message) => {
                let $number = $type;
                $write
            })*
        }
    };
}

/// Reads a payload as the message that its type names, and shows it.
macro_rules! read_payload {
    ($number:expr, $payload:expr, $sink:expr, $read:ident) => {{
        use $crate::show::Show;
        let sink = $sink;
        match $number {
            1 => $read::<theirs::Connected>($payload).show(1, sink),
            3 => $read::<theirs::Login>($payload).show(3, sink),
            6 => $read::<theirs::Buddy>($payload).show(6, sink),
            8 => $read::<theirs::ConversationMessage>($payload).show(8, sink),
            9 => {
                sink.begin(9);
                sink.end();
            }
            13 => $read::<theirs::Participant>($payload).show(13, sink),
            16 => $read::<theirs::VCard>($payload).show(16, sink),
            18 => $read::<theirs::Buddy>($payload).show(18, sink),
            35 => $read::<theirs::Buddies>($payload).show(35, sink),
            other => unreachable!("no workload has type {other}"),
        }
    }};
}

pub(crate) use {build_messages, message_enum, read_payload, show_messages, with_fields, write_message};
