/**
 * The backend protocol of Spectrum 2, for C: decode and encode its messages, split frames, or run a
 * whole backend with `sp2_main`. Everything starts with `sp2_`, and follows these rules:
 *
 * - A function that can fail returns an `sp2_result`; 0 is `SP2_OK`. The
 *   last parameter, `error`, gets the details; it may be NULL. Outputs are written on success only,
 *   `error` on failure only. (A payload is decoded where it stands; it is zero when that fails.)
 * - What a function only writes to need not be initialized, and nothing that it reads may lie there: not
 *   the bytes of a payload in the buffer that it is encoded to, and no payload in the bytes that it is
 *   decoded from.
 * - NULL where a value is needed is an error, not a crash. No panic leaves the library: it would
 *   come out as `SP2_PANIC`.
 * - Strings are UTF-8, with a length, and not terminated. A message that was decoded points into
 *   the bytes that it was decoded from, and lives as long as they stay as they are.
 * - One rule says what is there: **an optional field that is all zero is absent**. A string or bytes
 *   are absent when `ptr` is NULL (so an empty string has a `ptr`); anything else is in a struct
 *   with `is_set`. A message set to zero has no optional field.
 * - A list is a cursor as well: copy it, and call its `_next` function until that says 0. To send,
 *   point `items` to an array and say its `count`; a list that was received can be sent as it is.
 * - Codec and frames keep no state, allocate nothing, and may be used from any thread. Handles say
 *   themselves which thread may use them.
 */

#ifndef SPECTRUM2_H
#define SPECTRUM2_H

#include <stddef.h>
#include <stdint.h>

/** An `sp2_str` of a string literal, to initialize one with. */
#define SP2_STR(literal) { "" literal, sizeof(literal) - 1 }

/**
 * The version of this interface. It changes when a program has to be compiled again.
 */
#define SP2_ABI_VERSION 1

/**
 * The size of `sp2_error.text`.
 */
#define SP2_ERROR_TEXT_SIZE 256

/**
 * The number of bytes of a frame's header.
 */
#define SP2_FRAME_HEADER_LEN 4

/**
 * The longest body in bytes that a reader should accept: 32 MiB.
 */
#define SP2_FRAME_DEFAULT_LIMIT 33554432

/**
 * What a function says about how it went. 0 is success. Up to 15: the call; 16 to 31: a malformed
 * message, which costs that message alone; from 32: the connection.
 */
enum sp2_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It went well.
     */
    SP2_OK = 0,
    /**
     * A pointer is NULL that may not be.
     */
    SP2_NULL_POINTER = 1,
    /**
     * An argument has a value that makes no sense.
     */
    SP2_INVALID_ARGUMENT = 2,
    /**
     * The buffer is too short; `needed` in the error says what is enough.
     */
    SP2_BUFFER_TOO_SHORT = 3,
    /**
     * The message is longer than Protobuf allows: 2 GiB - 1.
     */
    SP2_MESSAGE_TOO_LONG = 4,
    /**
     * A frame is not there whole yet; `needed` in the error says how many bytes have to be, before
     * there is more to say.
     */
    SP2_INCOMPLETE = 5,
    /**
     * A frame is over the limit. The stream cannot go on.
     */
    SP2_FRAME_TOO_LARGE = 6,
    /**
     * The handle is in use: by another thread, or by the function that called this one.
     */
    SP2_BUSY = 7,
    /**
     * A defect of this library. The handle that was used can only be freed.
     */
    SP2_PANIC = 8,
    /**
     * A value, or a group, runs past the end of the message that holds it.
     */
    SP2_TRUNCATED = 16,
    /**
     * A varint is longer than its kind allows.
     */
    SP2_VARINT_TOO_LONG = 17,
    /**
     * A tag with field number 0, or with wire type 6 or 7.
     */
    SP2_INVALID_TAG = 18,
    /**
     * The end of a group that is not open.
     */
    SP2_UNMATCHED_GROUP_END = 19,
    /**
     * Groups and messages nested more than 100 deep.
     */
    SP2_NESTED_TOO_DEEP = 20,
    /**
     * A string is not UTF-8. Sending finds that too.
     */
    SP2_INVALID_UTF8 = 21,
    /**
     * A required field is missing, or holds an enum value that the schema does not know.
     */
    SP2_MISSING_FIELD = 22,
    /**
     * Lines of a daemon of msncd are malformed, or too long.
     */
    SP2_MALFORMED_LINE = 23,
    /**
     * The command line or the configuration file is not right.
     */
    SP2_LAUNCH_FAILED = 32,
    /**
     * The main process cannot be reached.
     */
    SP2_CONNECT_FAILED = 33,
    /**
     * The connection failed.
     */
    SP2_CONNECTION_FAILED = 34,
    /**
     * Nothing came from the main process for too long: it is gone, or it hangs.
     */
    SP2_SILENCE = 35,
    /**
     * A callback returned something else than 0.
     */
    SP2_CALLBACK_FAILED = 36,
    /**
     * Nothing came in the time given.
     */
    SP2_TIMEOUT = 37,
    /**
     * The connection is at its end: after EXIT, a close, or a shutdown.
     */
    SP2_CLOSED = 38,
    /**
     * The daemon of msncd refused; why is the text of the error.
     */
    SP2_REFUSED = 39,
    /**
     * An earlier command to the daemon of msncd still waits for its answer.
     */
    SP2_UNANSWERED = 40,
    /**
     * Which answer of the daemon of msncd belongs to which command cannot be known any more.
     */
    SP2_OUT_OF_STEP = 41,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_result sp2_result;
#else
typedef int32_t sp2_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a frame carries: `type` of an `sp2_payload`.
 */
enum sp2_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * From the backend: a user is logged in.
     */
    SP2_TYPE_CONNECTED = 1,
    /**
     * From the backend: a login failed, or a session ended.
     */
    SP2_TYPE_DISCONNECTED = 2,
    /**
     * To the backend: log a user in.
     */
    SP2_TYPE_LOGIN = 3,
    /**
     * To the backend: log a user out.
     */
    SP2_TYPE_LOGOUT = 4,
    /**
     * To the backend: a contact was added or edited, or, with `blocked`, is to be blocked or
     * unblocked. From the backend: a contact or its presence changed.
     */
    SP2_TYPE_BUDDY_CHANGED = 6,
    /**
     * To the backend: the user removed a contact. From the backend: a contact is gone.
     */
    SP2_TYPE_BUDDY_REMOVED = 7,
    /**
     * A message. To the backend: from the user; from the backend: from a contact or room.
     */
    SP2_TYPE_CONV_MESSAGE = 8,
    /**
     * To the backend, first of all and about every 20 seconds: are you there? Answered by PONG.
     */
    SP2_TYPE_PING = 9,
    /**
     * From the backend: the answer to PING.
     */
    SP2_TYPE_PONG = 10,
    /**
     * To the backend: the user joins a room.
     */
    SP2_TYPE_JOIN_ROOM = 11,
    /**
     * To the backend: the user leaves a room.
     */
    SP2_TYPE_LEAVE_ROOM = 12,
    /**
     * From the backend: a room's participant joined, changed or left, or joining failed.
     */
    SP2_TYPE_PARTICIPANT_CHANGED = 13,
    /**
     * From the backend: the user has another nickname in a room now.
     */
    SP2_TYPE_ROOM_NICKNAME_CHANGED = 14,
    /**
     * To the backend: the user sets a room's subject. From the backend: a room's subject.
     */
    SP2_TYPE_ROOM_SUBJECT_CHANGED = 15,
    /**
     * To the backend: a card is asked for or, with `photo`, updated. From the backend: the answer.
     */
    SP2_TYPE_VCARD = 16,
    /**
     * To the backend: the user's presence.
     */
    SP2_TYPE_STATUS_CHANGED = 17,
    /**
     * Both ways: somebody is typing.
     */
    SP2_TYPE_BUDDY_TYPING = 18,
    /**
     * Both ways: somebody who typed is not typing any more, and has nothing typed.
     */
    SP2_TYPE_BUDDY_STOPPED_TYPING = 19,
    /**
     * Both ways: somebody who typed pauses.
     */
    SP2_TYPE_BUDDY_TYPED = 20,
    /**
     * From the backend: a contact asks to be added. Answered by BUDDY_CHANGED (yes) or
     * BUDDY_REMOVED (no; not told by Spectrum 2.2.1 when the asker is no contact).
     */
    SP2_TYPE_AUTH_REQUEST = 21,
    /**
     * Both ways: a buzz.
     */
    SP2_TYPE_ATTENTION = 22,
    /**
     * From the backend, after each PONG: its memory.
     */
    SP2_TYPE_STATS = 23,
    /**
     * Both ways, older peers only: a file transfer is offered or accepted.
     */
    SP2_TYPE_FT_START = 24,
    /**
     * Both ways, older peers only: a file transfer ended.
     */
    SP2_TYPE_FT_FINISH = 25,
    /**
     * Both ways, older peers only: a piece of a file.
     */
    SP2_TYPE_FT_DATA = 26,
    /**
     * Both ways, older peers only: a file transfer is paused.
     */
    SP2_TYPE_FT_PAUSE = 27,
    /**
     * Both ways, older peers only: a file transfer goes on.
     */
    SP2_TYPE_FT_CONTINUE = 28,
    /**
     * To the backend: leave now.
     */
    SP2_TYPE_EXIT = 29,
    /**
     * From the backend, once: what it supports.
     */
    SP2_TYPE_BACKEND_CONFIG = 30,
    /**
     * From the backend: an admin query. To the backend: the answer.
     */
    SP2_TYPE_QUERY = 31,
    /**
     * From the backend: rooms for service discovery.
     */
    SP2_TYPE_ROOM_LIST = 32,
    /**
     * From the backend: a receipt, with the message's `id` and an empty text.
     */
    SP2_TYPE_CONV_MESSAGE_ACK = 33,
    /**
     * A stanza, both ways; it replaces messages and chat states where the backend's configuration says
     * `rawxml=1`. The payload is the text, not Protobuf.
     */
    SP2_TYPE_RAW_XML = 34,
    /**
     * To the backend: the roster, right after LOGIN.
     */
    SP2_TYPE_BUDDIES = 35,
    /**
     * Declared in the schema, never seen.
     */
    SP2_TYPE_API_VERSION = 36,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_type sp2_type;
#else
typedef int32_t sp2_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The presence of a user, a contact or a room participant.
 */
enum sp2_status_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * `STATUS_ONLINE`.
     */
    SP2_STATUS_ONLINE = 0,
    /**
     * `STATUS_AWAY`.
     */
    SP2_STATUS_AWAY = 1,
    /**
     * Free for chat.
     */
    SP2_STATUS_FFC = 2,
    /**
     * Away for long.
     */
    SP2_STATUS_XA = 3,
    /**
     * `STATUS_DND`.
     */
    SP2_STATUS_DND = 4,
    /**
     * Offline.
     */
    SP2_STATUS_NONE = 5,
    /**
     * Online, and shown to nobody.
     */
    SP2_STATUS_INVISIBLE = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_status_type sp2_status_type;
#else
typedef int32_t sp2_status_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a session ended, in `sp2_disconnected`. Any other number is allowed too. The main process
 * answers `SP2_CONNECTION_ERROR_NETWORK_ERROR` and `SP2_CONNECTION_ERROR_OTHER_ERROR` with LOGOUT and
 * LOGIN at once: it reconnects. Any other number puts the user out.
 */
enum sp2_connection_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * `CONNECTION_ERROR_NETWORK_ERROR`.
     */
    SP2_CONNECTION_ERROR_NETWORK_ERROR = 0,
    /**
     * `CONNECTION_ERROR_INVALID_USERNAME`.
     */
    SP2_CONNECTION_ERROR_INVALID_USERNAME = 1,
    /**
     * Wrong password.
     */
    SP2_CONNECTION_ERROR_AUTHENTICATION_FAILED = 2,
    /**
     * No way to authenticate that both sides know.
     */
    SP2_CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE = 3,
    /**
     * `CONNECTION_ERROR_NO_SSL_SUPPORT`.
     */
    SP2_CONNECTION_ERROR_NO_SSL_SUPPORT = 4,
    /**
     * `CONNECTION_ERROR_ENCRYPTION_ERROR`.
     */
    SP2_CONNECTION_ERROR_ENCRYPTION_ERROR = 5,
    /**
     * The account is in use elsewhere.
     */
    SP2_CONNECTION_ERROR_NAME_IN_USE = 6,
    /**
     * `CONNECTION_ERROR_INVALID_SETTINGS`.
     */
    SP2_CONNECTION_ERROR_INVALID_SETTINGS = 7,
    /**
     * `CONNECTION_ERROR_CERT_NOT_PROVIDED`.
     */
    SP2_CONNECTION_ERROR_CERT_NOT_PROVIDED = 8,
    /**
     * `CONNECTION_ERROR_CERT_UNTRUSTED`.
     */
    SP2_CONNECTION_ERROR_CERT_UNTRUSTED = 9,
    /**
     * `CONNECTION_ERROR_CERT_EXPIRED`.
     */
    SP2_CONNECTION_ERROR_CERT_EXPIRED = 10,
    /**
     * `CONNECTION_ERROR_CERT_NOT_ACTIVATED`.
     */
    SP2_CONNECTION_ERROR_CERT_NOT_ACTIVATED = 11,
    /**
     * `CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH`.
     */
    SP2_CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH = 12,
    /**
     * `CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH`.
     */
    SP2_CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH = 13,
    /**
     * `CONNECTION_ERROR_CERT_SELF_SIGNED`.
     */
    SP2_CONNECTION_ERROR_CERT_SELF_SIGNED = 14,
    /**
     * `CONNECTION_ERROR_CERT_OTHER_ERROR`.
     */
    SP2_CONNECTION_ERROR_CERT_OTHER_ERROR = 15,
    /**
     * `CONNECTION_ERROR_OTHER_ERROR`.
     */
    SP2_CONNECTION_ERROR_OTHER_ERROR = 16,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_connection_error sp2_connection_error;
#else
typedef int32_t sp2_connection_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is special about a room participant, or why a room could not be joined: bits, combined with
 * `|`.
 */
enum sp2_participant_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * `PARTICIPANT_FLAG_NONE`.
     */
    SP2_PARTICIPANT_FLAG_NONE = 0,
    /**
     * `PARTICIPANT_FLAG_MODERATOR`.
     */
    SP2_PARTICIPANT_FLAG_MODERATOR = 1,
    /**
     * The nickname is taken.
     */
    SP2_PARTICIPANT_FLAG_CONFLICT = 2,
    /**
     * `PARTICIPANT_FLAG_BANNED`.
     */
    SP2_PARTICIPANT_FLAG_BANNED = 4,
    /**
     * The room wants a password, or another one.
     */
    SP2_PARTICIPANT_FLAG_NOT_AUTHORIZED = 8,
    /**
     * The participant is the user.
     */
    SP2_PARTICIPANT_FLAG_ME = 16,
    /**
     * `PARTICIPANT_FLAG_KICKED`.
     */
    SP2_PARTICIPANT_FLAG_KICKED = 32,
    /**
     * `PARTICIPANT_FLAG_ROOM_NOT_FOUND`.
     */
    SP2_PARTICIPANT_FLAG_ROOM_NOT_FOUND = 64,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_participant_flag sp2_participant_flag;
#else
typedef int32_t sp2_participant_flag;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to ask of the daemon: `type` of an `sp2_msncd_command`.
 */
enum sp2_msncd_command_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Add a contact: `nick`, `email`.
     */
    SP2_MSNCD_ADD = 1,
    /**
     * Delete a contact: `user`.
     */
    SP2_MSNCD_DELETE = 2,
    /**
     * Change our own nick: `nick`.
     */
    SP2_MSNCD_NICK = 3,
    /**
     * Change the privacy: `is_public`, `ask`.
     */
    SP2_MSNCD_PRIVACY = 4,
    /**
     * Change our own status: `status`.
     */
    SP2_MSNCD_STATUS = 5,
    /**
     * Log in: `email`, `password`.
     */
    SP2_MSNCD_LOGIN = 6,
    /**
     * Log off.
     */
    SP2_MSNCD_LOGOFF = 7,
    /**
     * Send a message: `user`, `text`.
     */
    SP2_MSNCD_SEND_MESSAGE = 8,
    /**
     * Say that we are typing: `user`. An extension, which not every daemon knows.
     */
    SP2_MSNCD_TYPING = 9,
    /**
     * Ask what is known of somebody: `user`. Answered with attributes.
     */
    SP2_MSNCD_INFO = 10,
    /**
     * Ask for the contact list. Answered with contacts.
     */
    SP2_MSNCD_CONTACT_LIST = 11,
    /**
     * Ask for the list of those who have us on theirs. Answered with contacts.
     */
    SP2_MSNCD_REVERSE_LIST = 12,
    /**
     * Ask for events. Answered with them.
     */
    SP2_MSNCD_POLL = 13,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_msncd_command_type sp2_msncd_command_type;
#else
typedef int32_t sp2_msncd_command_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a poll tells: `type` of an `sp2_msncd_event`.
 */
enum sp2_msncd_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The end of the poll.
     */
    SP2_MSNCD_EVENT_END = 0,
    /**
     * A message: `email`, `header`, `text`.
     */
    SP2_MSNCD_EVENT_MESSAGE = 1,
    /**
     * Somebody's status changed: `email`, `text`, and maybe how many of our messages were `discarded`.
     */
    SP2_MSNCD_EVENT_STATUS_CHANGED = 2,
    /**
     * Somebody added us: `email`.
     */
    SP2_MSNCD_EVENT_USER_ADDED = 3,
    /**
     * Somebody deleted us: `email`.
     */
    SP2_MSNCD_EVENT_USER_DELETED = 4,
    /**
     * A contact is new on our list: `email`.
     */
    SP2_MSNCD_EVENT_CONTACT_ADDED = 5,
    /**
     * A contact is no longer on our list: `email`.
     */
    SP2_MSNCD_EVENT_CONTACT_DELETED = 6,
    /**
     * Messages that waited for somebody are delivered: `email`.
     */
    SP2_MSNCD_EVENT_FLUSHED = 7,
    /**
     * Somebody is typing to us: `email`.
     */
    SP2_MSNCD_EVENT_TYPING = 8,
    /**
     * The daemon lost its connection to the network: we are logged off. Maybe `email` and `discarded`.
     */
    SP2_MSNCD_EVENT_MAIN_CLOSED = 9,
    /**
     * The daemon lost the connection of a conversation. Maybe `email` and `discarded`.
     */
    SP2_MSNCD_EVENT_USER_CLOSED = 10,
    /**
     * Something went wrong: `code`, and `text` for people.
     */
    SP2_MSNCD_EVENT_ERROR = 11,
    /**
     * The daemon refused something, without a code: `text`. As the first event it is the whole answer, and
     * no end follows; `sp2_msncd_poll` returns `SP2_REFUSED` in its place.
     */
    SP2_MSNCD_EVENT_REFUSED = 12,
    /**
     * A line that this version does not know: `text`.
     */
    SP2_MSNCD_EVENT_UNKNOWN = 13,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum sp2_msncd_event_type sp2_msncd_event_type;
#else
typedef int32_t sp2_msncd_event_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A connection to the main process.
 *
 * Any thread may send and shut down, at any time. Only one at a time may be in `sp2_client_next`,
 * `sp2_client_run` or `sp2_client_set_ping_timeout`: a second one gets `SP2_BUSY`. A client is used
 * with `next` or with `run`, not with both.
 */
typedef struct sp2_client sp2_client;

/**
 * What the command line says, and what the configuration file that it names holds.
 *
 * It does not change, and may be used from any thread until it is freed.
 */
typedef struct sp2_launch sp2_launch;

/**
 * A connection to a daemon of msncd, by its line protocol. It has nothing to do with Spectrum.
 *
 * Any thread may use it, one at a time: a second one gets `SP2_BUSY`. Results point into the client,
 * until the next call.
 *
 * After `SP2_TIMEOUT` the command is still under way: `sp2_msncd_poll` goes on when it is called again,
 * for any other command `sp2_msncd_finish` does, and new ones get `SP2_UNANSWERED`. After
 * `SP2_OUT_OF_STEP`, `SP2_CLOSED` and `SP2_CONNECTION_FAILED` it can only be freed.
 */
typedef struct sp2_msncd sp2_msncd;

/**
 * A string: UTF-8, not terminated. Absent when `ptr` is NULL.
 */
typedef struct sp2_str {
    /**
     * The first byte.
     */
    const char *ptr;
    /**
     * The number of bytes.
     */
    size_t len;
} sp2_str;

/**
 * Where the elements of a received list stand. Only the library uses it: leave it zero in lists of
 * your own.
 */
typedef struct sp2_received {
    /**
     * From the next element to the end of the message; NULL in a list of your own.
     */
    const uint8_t *bytes;
    /**
     * The number of bytes.
     */
    size_t length;
    /**
     * How many of them belong to a message of `outer_tag` that was begun.
     */
    uint32_t begun;
    /**
     * What elements begin with.
     */
    uint8_t tag;
    /**
     * What the messages begin with that the elements stand in, if they stand in several.
     */
    uint8_t outer_tag;
} sp2_received;

/**
 * A list of strings.
 */
typedef struct sp2_str_list {
    /**
     * Elements of your own; NULL in a received list.
     */
    const struct sp2_str *items;
    /**
     * The number of elements.
     */
    size_t count;
    /**
     * For the library.
     */
    struct sp2_received received;
} sp2_str_list;

/**
 * A key with its value.
 */
typedef struct sp2_entry {
    /**
     * The key.
     */
    struct sp2_str key;
    /**
     * The value.
     */
    struct sp2_str value;
} sp2_entry;

/**
 * A map from strings to strings, in the order of the wire. Where a key stands more than once, the
 * last one counts.
 */
typedef struct sp2_map {
    /**
     * Entries of your own; NULL in a received map.
     */
    const struct sp2_entry *items;
    /**
     * The number of entries.
     */
    size_t count;
    /**
     * For the library.
     */
    struct sp2_received received;
} sp2_map;

/**
 * A file that a `sp2_conversation_message` points to.
 */
typedef struct sp2_attachment {
    /**
     * Where the file is.
     */
    struct sp2_str url;
    /**
     * Its MIME type.
     * Optional.
     */
    struct sp2_str mime_type;
    /**
     * A description for people.
     * Optional.
     */
    struct sp2_str description;
} sp2_attachment;

/**
 * A list of attachments.
 */
typedef struct sp2_attachment_list {
    /**
     * Elements of your own; NULL in a received list.
     */
    const struct sp2_attachment *items;
    /**
     * The number of elements.
     */
    size_t count;
    /**
     * For the library.
     */
    struct sp2_received received;
} sp2_attachment_list;

/**
 * A truth value: 0 is false, everything else is true.
 */
typedef uint8_t sp2_bool;

/**
 * A number, or the value of an enum, that may be absent.
 */
typedef struct sp2_opt_int32 {
    /**
     * Whether there is a value.
     */
    sp2_bool is_set;
    /**
     * The value, 0 when it is absent.
     */
    int32_t value;
} sp2_opt_int32;

/**
 * A truth value that may be absent.
 */
typedef struct sp2_opt_bool {
    /**
     * Whether there is a value.
     */
    sp2_bool is_set;
    /**
     * The value, 0 when it is absent.
     */
    sp2_bool value;
} sp2_opt_bool;

/**
 * A contact, in either direction: BUDDY_CHANGED, BUDDY_REMOVED, AUTH_REQUEST and the typing
 * notifications. The main process fills in `alias`, `group` and `status` NONE on changes, and
 * only the names on typing.
 */
typedef struct sp2_buddy {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The contact's name in the legacy network; a room, or `room/nickname`, on typing.
     */
    struct sp2_str buddy_name;
    /**
     * The name that the user gave the contact.
     * Optional.
     */
    struct sp2_str alias;
    /**
     * The groups that the contact is in.
     */
    struct sp2_str_list group;
    /**
     * The contact's presence. An `sp2_status_type`.
     * Optional.
     */
    struct sp2_opt_int32 status;
    /**
     * The text of the contact's presence.
     * Optional.
     */
    struct sp2_str status_message;
    /**
     * Lower-case hexadecimal SHA-1 of the contact's photo.
     * Optional.
     */
    struct sp2_str icon_hash;
    /**
     * Whether the contact is blocked. Present in a request, it means: block or unblock.
     * Optional.
     */
    struct sp2_opt_bool blocked;
} sp2_buddy;

/**
 * A list of contacts.
 */
typedef struct sp2_buddy_list {
    /**
     * Elements of your own; NULL in a received list.
     */
    const struct sp2_buddy *items;
    /**
     * The number of elements.
     */
    size_t count;
    /**
     * For the library.
     */
    struct sp2_received received;
} sp2_buddy_list;

/**
 * A user's settings, as pairs of names and values: `enable_transport`, `send_headlines`,
 * `stay_connected`, each `0` or `1`.
 */
typedef struct sp2_user_settings {
    /**
     * Name and value of each setting, in no particular order.
     */
    struct sp2_map value;
} sp2_user_settings;

/**
 * Settings that may be absent.
 */
typedef struct sp2_opt_user_settings {
    /**
     * Whether there is a value.
     */
    sp2_bool is_set;
    /**
     * The value, empty when it is absent.
     */
    struct sp2_user_settings value;
} sp2_opt_user_settings;

/**
 * Main process to backend: log a user in to the legacy network.
 *
 * Answered by `sp2_connected` or `sp2_disconnected`.
 */
typedef struct sp2_login {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user;
    /**
     * The account's name in the legacy network.
     */
    struct sp2_str legacy_name;
    /**
     * The account's password in the legacy network.
     */
    struct sp2_str password;
    /**
     * Values of the registration's extra fields that the backend asked for in its configuration.
     */
    struct sp2_str_list extra_fields;
    /**
     * The user's settings.
     * Optional.
     */
    struct sp2_opt_user_settings settings;
} sp2_login;

/**
 * Backend to main process: a user is logged in to the legacy network.
 */
typedef struct sp2_connected {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user;
} sp2_connected;

/**
 * Backend to main process: a login failed, or a session ended. May come at any time.
 */
typedef struct sp2_disconnected {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user;
    /**
     * Why. `NETWORK_ERROR` and `OTHER_ERROR` make the main process log in again at once.
     * An `sp2_connection_error`.
     */
    int32_t error;
    /**
     * An explanation that the user is shown.
     * Optional.
     */
    struct sp2_str message;
} sp2_disconnected;

/**
 * Main process to backend: log a user out. It may come for users that never logged in.
 */
typedef struct sp2_logout {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user;
    /**
     * The account's name in the legacy network.
     */
    struct sp2_str legacy_name;
} sp2_logout;

/**
 * Main process to backend: the roster, right after LOGIN. Sent to backends whose configuration
 * asks for it.
 */
typedef struct sp2_buddies {
    /**
     * The contacts; none when the roster is empty.
     */
    struct sp2_buddy_list buddy;
} sp2_buddies;

/**
 * Main process to backend: the user's presence. Comes right after LOGIN, before the backend
 * has answered, and on every change.
 */
typedef struct sp2_status {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The presence. An `sp2_status_type`.
     */
    int32_t status;
    /**
     * The text of the presence.
     * Optional.
     */
    struct sp2_str status_message;
} sp2_status;

/**
 * Any bytes. Absent when `ptr` is NULL.
 */
typedef struct sp2_bytes {
    /**
     * The first byte.
     */
    const uint8_t *ptr;
    /**
     * The number of bytes.
     */
    size_t len;
} sp2_bytes;

/**
 * A business card.
 *
 * From the main process: with `photo`, the user's own card to be updated; without, a request
 * for the card of `buddy_name`. From the backend: the answer to a request.
 */
typedef struct sp2_vcard {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The contact's name in the legacy network; empty on updates.
     */
    struct sp2_str buddy_name;
    /**
     * Ties an answer to its request: the answer carries the same.
     */
    int32_t id;
    /**
     * The full name.
     * Optional.
     */
    struct sp2_str fullname;
    /**
     * The nickname.
     * Optional.
     */
    struct sp2_str nickname;
    /**
     * The photo, in any image format.
     * Optional.
     */
    struct sp2_bytes photo;
} sp2_vcard;

/**
 * A message between the user and a contact or room, in either direction. Also carries room
 * subjects, buzzes and receipts.
 */
typedef struct sp2_conversation_message {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The contact or room in the legacy network; `room/nickname` for a private message to a
     * participant.
     */
    struct sp2_str buddy_name;
    /**
     * The text; empty in a receipt.
     */
    struct sp2_str message;
    /**
     * Who wrote it, in a room.
     * Optional.
     */
    struct sp2_str nickname;
    /**
     * The text as XHTML-IM. The main process inserts it as it is: it has to be well-formed.
     * Optional.
     */
    struct sp2_str xhtml;
    /**
     * When it was written, as `YYYYMMDDThhmmss` in UTC; the main process drops messages with
     * any other form. Absent or empty: now.
     * Optional.
     */
    struct sp2_str timestamp;
    /**
     * Whether it is a headline.
     * Optional.
     */
    struct sp2_opt_bool headline;
    /**
     * Set when the sender asks for a receipt, which carries the same.
     * Optional.
     */
    struct sp2_str id;
    /**
     * Whether it is a private message of a room's participant.
     * Optional.
     */
    struct sp2_opt_bool pm;
    /**
     * Whether it is a copy of what the user wrote with another client of the legacy network.
     * Optional.
     */
    struct sp2_opt_bool carbon;
    /**
     * Files that the message points to.
     */
    struct sp2_attachment_list attachment;
} sp2_conversation_message;

/**
 * A room to join or leave, or the user's own new nickname in it.
 */
typedef struct sp2_room {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The user's nickname in the room; empty when leaving.
     */
    struct sp2_str nickname;
    /**
     * The room's name in the legacy network.
     */
    struct sp2_str room;
    /**
     * The room's password.
     * Optional.
     */
    struct sp2_str password;
} sp2_room;

/**
 * Backend to main process: a room's participant joined, changed or left, or a room could not
 * be joined.
 */
typedef struct sp2_participant {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The room's name in the legacy network.
     */
    struct sp2_str room;
    /**
     * The participant's nickname.
     */
    struct sp2_str nickname;
    /**
     * What is special about the participant. `sp2_participant_flag`s.
     */
    int32_t flag;
    /**
     * The participant's presence; NONE: left. An `sp2_status_type`.
     */
    int32_t status;
    /**
     * The text of the participant's presence.
     * Optional.
     */
    struct sp2_str status_message;
    /**
     * The participant's new nickname, on a change.
     * Optional.
     */
    struct sp2_str new_name;
    /**
     * Lower-case hexadecimal SHA-1 of the participant's photo.
     * Optional.
     */
    struct sp2_str icon_hash;
    /**
     * The participant's name outside of the room.
     * Optional.
     */
    struct sp2_str alias;
} sp2_participant;

/**
 * Backend to main process: rooms for service discovery.
 */
typedef struct sp2_room_list {
    /**
     * The rooms' names in the legacy network.
     */
    struct sp2_str_list room;
    /**
     * What people call them, in the same order.
     */
    struct sp2_str_list name;
    /**
     * JID of the XMPP user whose rooms they are; absent: everybody's.
     * Optional.
     */
    struct sp2_str user;
} sp2_room_list;

/**
 * Backend to main process: what the backend supports. Also carries admin queries and answers.
 */
typedef struct sp2_backend_config {
    /**
     * INI text, or a query, or its answer.
     */
    struct sp2_str config;
} sp2_backend_config;

/**
 * Backend to main process, after each PONG: how much memory the backend takes.
 */
typedef struct sp2_stats {
    /**
     * Resident memory now, in kB.
     */
    int32_t res;
    /**
     * Resident memory at the start, in kB.
     */
    int32_t init_res;
    /**
     * Shared memory, in kB.
     */
    int32_t shared;
    /**
     * The backend's process ID, in decimal. The main process kills it when the backend hangs.
     */
    struct sp2_str id;
} sp2_stats;

/**
 * The version of the protocol. Declared in the schema; Spectrum 2.2.1 never sends it.
 */
typedef struct sp2_api_version {
    /**
     * The version.
     */
    int32_t version;
} sp2_api_version;

/**
 * A file transfer of older peers. Removed from Spectrum in 2022.
 */
typedef struct sp2_file {
    /**
     * JID of the XMPP user.
     */
    struct sp2_str user_name;
    /**
     * The contact's name in the legacy network.
     */
    struct sp2_str buddy_name;
    /**
     * The file's name.
     */
    struct sp2_str file_name;
    /**
     * The file's size in bytes.
     */
    int32_t size;
    /**
     * The transfer's number.
     * Optional.
     */
    struct sp2_opt_int32 ft_id;
} sp2_file;

/**
 * A piece of a file that older peers transfer. Removed from Spectrum in 2022.
 */
typedef struct sp2_file_transfer_data {
    /**
     * The transfer's number.
     */
    int32_t ft_id;
    /**
     * The next bytes of the file.
     */
    struct sp2_bytes data;
} sp2_file_transfer_data;

/**
 * The message that a type carries. Each member says which types it is for.
 */
typedef union sp2_message {
    /**
     * `SP2_TYPE_LOGIN`.
     */
    struct sp2_login login;
    /**
     * `SP2_TYPE_CONNECTED`.
     */
    struct sp2_connected connected;
    /**
     * `SP2_TYPE_DISCONNECTED`.
     */
    struct sp2_disconnected disconnected;
    /**
     * `SP2_TYPE_LOGOUT`.
     */
    struct sp2_logout logout;
    /**
     * `SP2_TYPE_BUDDY_CHANGED`, `SP2_TYPE_BUDDY_REMOVED`, `SP2_TYPE_BUDDY_TYPING`,
     * `SP2_TYPE_BUDDY_TYPED`, `SP2_TYPE_BUDDY_STOPPED_TYPING`, `SP2_TYPE_AUTH_REQUEST`.
     */
    struct sp2_buddy buddy;
    /**
     * `SP2_TYPE_BUDDIES`.
     */
    struct sp2_buddies buddies;
    /**
     * `SP2_TYPE_STATUS_CHANGED`.
     */
    struct sp2_status status;
    /**
     * `SP2_TYPE_VCARD`.
     */
    struct sp2_vcard vcard;
    /**
     * `SP2_TYPE_CONV_MESSAGE`, `SP2_TYPE_CONV_MESSAGE_ACK`, `SP2_TYPE_ATTENTION`,
     * `SP2_TYPE_ROOM_SUBJECT_CHANGED`.
     */
    struct sp2_conversation_message conversation_message;
    /**
     * `SP2_TYPE_JOIN_ROOM`, `SP2_TYPE_LEAVE_ROOM`, `SP2_TYPE_ROOM_NICKNAME_CHANGED`.
     */
    struct sp2_room room;
    /**
     * `SP2_TYPE_PARTICIPANT_CHANGED`.
     */
    struct sp2_participant participant;
    /**
     * `SP2_TYPE_ROOM_LIST`.
     */
    struct sp2_room_list room_list;
    /**
     * `SP2_TYPE_BACKEND_CONFIG`, `SP2_TYPE_QUERY`.
     */
    struct sp2_backend_config backend_config;
    /**
     * `SP2_TYPE_STATS`.
     */
    struct sp2_stats stats;
    /**
     * `SP2_TYPE_API_VERSION`.
     */
    struct sp2_api_version api_version;
    /**
     * `SP2_TYPE_FT_START`, `SP2_TYPE_FT_FINISH`, `SP2_TYPE_FT_PAUSE`, `SP2_TYPE_FT_CONTINUE`.
     */
    struct sp2_file file;
    /**
     * `SP2_TYPE_FT_DATA`.
     */
    struct sp2_file_transfer_data file_transfer_data;
    /**
     * `SP2_TYPE_RAW_XML`: the text.
     */
    struct sp2_str raw_xml;
    /**
     * Every type that is not an `sp2_type`: the payload as it stands on the wire. Of
     * `SP2_TYPE_PING`, `SP2_TYPE_PONG` and `SP2_TYPE_EXIT`, which carry nothing, it is absent.
     */
    struct sp2_bytes unknown;
} sp2_message;

/**
 * What a frame carries.
 */
typedef struct sp2_payload {
    /**
     * An `sp2_type`, or a number that this version does not know.
     */
    int32_t type;
    /**
     * The message, by its type.
     */
    union sp2_message as;
} sp2_payload;

/**
 * The details of a failure.
 */
typedef struct sp2_error {
    /**
     * The result, once more.
     */
    int32_t code;
    /**
     * The schema's name of the message that is malformed; `ptr` is NULL when it is about none.
     */
    struct sp2_str message;
    /**
     * The schema's name of the field that is malformed, or the name of the part of a line of msncd;
     * `ptr` is NULL when it is about none.
     */
    struct sp2_str field;
    /**
     * Where decoding stopped, counted from the first byte that was decoded.
     */
    size_t offset;
    /**
     * The number of bytes that would be enough: of a buffer, or of a frame with its header.
     */
    size_t needed;
    /**
     * A line for people, terminated by NUL. It is cut when it is too long.
     */
    char text[SP2_ERROR_TEXT_SIZE];
} sp2_error;

/**
 * The body of a frame, whose payload is not decoded: enough to route or store it.
 */
typedef struct sp2_wrapper {
    /**
     * An `sp2_type`, or a number that this version does not know.
     */
    int32_t type;
    /**
     * A serialized message, or XML text, as the type says. Optional.
     */
    struct sp2_bytes payload;
} sp2_wrapper;

/**
 * What a backend supports: the content of BACKEND_CONFIG. `sp2_features_default` sets it to what the
 * C++ library sends when nothing else is said.
 */
typedef struct sp2_features {
    /**
     * Users register with a password.
     */
    sp2_bool need_password;
    /**
     * Users register with a name of their own in the legacy network.
     */
    sp2_bool need_registration;
    /**
     * The network has rooms.
     */
    sp2_bool muc;
    /**
     * Stanzas are exchanged as XML, in place of messages.
     */
    sp2_bool raw_xml;
    /**
     * Names go into JIDs as they are.
     */
    sp2_bool disable_jid_escaping;
    /**
     * The backend sends receipts.
     */
    sp2_bool receipts;
    /**
     * The roster comes right after LOGIN.
     */
    sp2_bool send_buddies_on_login;
    /**
     * More fields of the registration; their values come with LOGIN.
     */
    struct sp2_str_list extra_fields;
} sp2_features;

/**
 * What a backend does: a callback for each thing that the main process may ask for.
 *
 * `login`, `logout` and `message` are mandatory; the others may be NULL. Each gets the client, to
 * send with it, and the `user` that was given to `sp2_client_run`. Messages point into the client's
 * buffer: copy what is kept. What a callback sends is written when all requests that came together
 * are handled; use another thread, or do not wait in a callback, when that is too late.
 *
 * A callback returns 0, or anything else to end the loop with `SP2_CALLBACK_FAILED`. What goes wrong
 * for one user is no such failure: tell the user. Callbacks must not throw exceptions.
 *
 * The main process also asks for things that make no sense: LOGOUT for users that never logged in,
 * LEAVE_ROOM for rooms that were not joined. Take them calmly.
 */
typedef struct sp2_backend {
    /**
     * The connection stands. The place to send the backend's configuration (`sp2_client_send_features`),
     * and rooms.
     */
    int32_t (*start)(struct sp2_client *client, void *user);
    /**
     * Log a user in. Answer with CONNECTED or DISCONNECTED, now or later.
     */
    int32_t (*login)(struct sp2_client *client, const struct sp2_login *login, void *user);
    /**
     * Log a user out.
     */
    int32_t (*logout)(struct sp2_client *client, const struct sp2_logout *logout, void *user);
    /**
     * A message to a contact, a room, or a room's participant (`room/nickname`). With an `id`, a
     * receipt is asked for: CONV_MESSAGE_ACK with the same `id`. A message to a room is for the user too:
     * it has to come back, with the user's `nickname`.
     */
    int32_t (*message)(struct sp2_client *client,
                       const struct sp2_conversation_message *message,
                       void *user);
    /**
     * The user's presence. Comes right after the login, before it is answered, and on changes.
     */
    int32_t (*status_changed)(struct sp2_client *client, const struct sp2_status *status, void *user);
    /**
     * The roster, right after the login, where the configuration asks for it.
     */
    int32_t (*buddies)(struct sp2_client *client, const struct sp2_buddies *buddies, void *user);
    /**
     * The user added or edited a contact, or says yes to an AUTH_REQUEST. Answer with BUDDY_CHANGED.
     */
    int32_t (*buddy_changed)(struct sp2_client *client, const struct sp2_buddy *buddy, void *user);
    /**
     * The user blocked or unblocked a contact, as `blocked` says.
     */
    int32_t (*buddy_block_toggled)(struct sp2_client *client,
                                   const struct sp2_buddy *buddy,
                                   void *user);
    /**
     * The user removed a contact, or says no to an AUTH_REQUEST of one. Spectrum 2.2.1 does not tell of
     * a no to somebody who is no contact.
     */
    int32_t (*buddy_removed)(struct sp2_client *client, const struct sp2_buddy *buddy, void *user);
    /**
     * The user is typing to a contact, a room or a participant.
     */
    int32_t (*buddy_typing)(struct sp2_client *client, const struct sp2_buddy *buddy, void *user);
    /**
     * The user typed, and pauses.
     */
    int32_t (*buddy_typed)(struct sp2_client *client, const struct sp2_buddy *buddy, void *user);
    /**
     * The user is not typing any more.
     */
    int32_t (*buddy_stopped_typing)(struct sp2_client *client,
                                    const struct sp2_buddy *buddy,
                                    void *user);
    /**
     * The user buzzes a contact.
     */
    int32_t (*attention)(struct sp2_client *client,
                         const struct sp2_conversation_message *message,
                         void *user);
    /**
     * The user joins a room. Answer with the participants, the user's own nickname last, and the
     * subject; or with the user's nickname, the flag that says why not, and `SP2_STATUS_NONE`, without
     * which the user seems to have joined.
     */
    int32_t (*join_room)(struct sp2_client *client, const struct sp2_room *room, void *user);
    /**
     * The user leaves a room.
     */
    int32_t (*leave_room)(struct sp2_client *client, const struct sp2_room *room, void *user);
    /**
     * The user sets the subject (`message`) of a room (`buddy_name`).
     */
    int32_t (*room_subject_changed)(struct sp2_client *client,
                                    const struct sp2_conversation_message *subject,
                                    void *user);
    /**
     * The card of `buddy_name` is asked for. Answer with VCARD and the same `id`.
     */
    int32_t (*vcard_requested)(struct sp2_client *client,
                               const struct sp2_vcard *request,
                               void *user);
    /**
     * The user's own card changed: `nickname` and `photo`.
     */
    int32_t (*vcard_updated)(struct sp2_client *client, const struct sp2_vcard *card, void *user);
    /**
     * A stanza, as XML, where the configuration says `rawxml=1`.
     */
    int32_t (*raw_xml)(struct sp2_client *client, const struct sp2_str *xml, void *user);
    /**
     * The answer to a QUERY of yours.
     */
    int32_t (*query_answer)(struct sp2_client *client,
                            const struct sp2_backend_config *answer,
                            void *user);
    /**
     * The main process says EXIT. The loop ends when this returns.
     */
    int32_t (*exit)(struct sp2_client *client, void *user);
    /**
     * Anything else: file transfers of older main processes, types that this version does not know,
     * and types that a main process has no reason to send.
     */
    int32_t (*other)(struct sp2_client *client, const struct sp2_payload *payload, void *user);
    /**
     * The body of a frame that cannot be decoded, and why. It is lost; the loop goes on.
     */
    int32_t (*malformed)(struct sp2_client *client,
                         const struct sp2_bytes *body,
                         const struct sp2_error *error,
                         void *user);
    /**
     * A tick has passed. The place for a backend of a single thread to look after its network.
     */
    int32_t (*idle)(struct sp2_client *client, void *user);
    /**
     * How often `idle` is called, in milliseconds. 0: never.
     */
    uint32_t tick;
} sp2_backend;

/**
 * A command to the daemon. The other fields than those of its type are not looked at.
 */
typedef struct sp2_msncd_command {
    /**
     * An `sp2_msncd_command_type`.
     */
    int32_t type;
    /**
     * Somebody, by email, or by nick where there is no `@` in it.
     */
    struct sp2_str user;
    /**
     * Any text.
     */
    struct sp2_str nick;
    /**
     * An account.
     */
    struct sp2_str email;
    /**
     * A word, such as `online`.
     */
    struct sp2_str status;
    /**
     * The password of the account.
     */
    struct sp2_str password;
    /**
     * Any text, of any number of lines.
     */
    struct sp2_str text;
    /**
     * Whether people who are not on the contact list may write to us and see our status.
     */
    sp2_bool is_public;
    /**
     * Whether we are asked when somebody adds us.
     */
    sp2_bool ask;
} sp2_msncd_command;

/**
 * The lines of an answer: a cursor, which is to be copied where they are read twice.
 */
typedef struct sp2_msncd_lines {
    /**
     * What is left of them. Only the library uses it.
     */
    const uint8_t *bytes;
    /**
     * The number of bytes.
     */
    size_t length;
} sp2_msncd_lines;

/**
 * What a poll tells.
 */
typedef struct sp2_msncd_event {
    /**
     * An `sp2_msncd_event_type`.
     */
    int32_t type;
    /**
     * Whom it is about; absent where it is about nobody.
     */
    struct sp2_str email;
    /**
     * What the network says about a message: lines, with newlines between them.
     */
    struct sp2_str header;
    /**
     * A text, as the type says.
     */
    struct sp2_str text;
    /**
     * How many of our messages were discarded, at most 2147483647.
     */
    struct sp2_opt_int32 discarded;
    /**
     * The number of an error.
     */
    uint32_t code;
} sp2_msncd_event;

/**
 * Somebody on a contact list, as the line of it says.
 */
typedef struct sp2_msncd_contact_line {
    /**
     * The contact's status.
     */
    struct sp2_str status;
    /**
     * The contact.
     */
    struct sp2_str email;
    /**
     * What the contact is called, for `sp2_msncd_nick_decode`; may be empty.
     */
    struct sp2_str encoded_nick;
} sp2_msncd_contact_line;

/**
 * Somebody on a contact list.
 */
typedef struct sp2_msncd_contact {
    /**
     * The contact's status.
     */
    struct sp2_str status;
    /**
     * The contact.
     */
    struct sp2_str email;
    /**
     * What the contact is called; may be empty.
     */
    struct sp2_str nick;
} sp2_msncd_contact;

/**
 * A contact list, in the daemon's order.
 */
typedef struct sp2_msncd_contact_list {
    /**
     * The first contact; NULL where there is none.
     */
    const struct sp2_msncd_contact *items;
    /**
     * The number of contacts.
     */
    size_t count;
} sp2_msncd_contact_list;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the interface that the library has: compare it with `SP2_ABI_VERSION`.
 */
uint32_t sp2_abi_version(void);

/**
 * The version of the library, such as `0.1.0`, terminated by NUL.
 */
const char *sp2_version(void);

/**
 * The schema's name of a type, such as `TYPE_LOGIN`, terminated by NUL; `unknown` for any other number.
 */
const char *sp2_type_name(int32_t number);

/**
 * A string of C, up to its NUL, which is not copied. NULL is an absent string.
 */
struct sp2_str sp2_str_of(const char *text);

/**
 * Whether two strings have the same bytes: 1 or 0. An absent string equals an empty one.
 */
int32_t sp2_str_equal(struct sp2_str one, struct sp2_str other);

/**
 * Takes the first string off `list` and writes it to `item`. Returns 1, or 0 at the end of the list,
 * and when a pointer is NULL.
 */
int32_t sp2_str_list_next(struct sp2_str_list *list,
                          struct sp2_str *item);

/**
 * Takes the first entry off `map` and writes it to `item`. Returns 1, or 0 at the end of the map, and
 * when a pointer is NULL.
 */
int32_t sp2_map_next(struct sp2_map *map,
                     struct sp2_entry *item);

/**
 * Takes the first attachment off `list` and writes it to `item`. Returns 1, or 0 at the end of the
 * list, and when a pointer is NULL.
 */
int32_t sp2_attachment_list_next(struct sp2_attachment_list *list, struct sp2_attachment *item);

/**
 * Takes the first contact off `list` and writes it to `item`. Returns 1, or 0 at the end of the list,
 * and when a pointer is NULL.
 */
int32_t sp2_buddy_list_next(struct sp2_buddy_list *list,
                            struct sp2_buddy *item);

/**
 * The value of `key` in a map; absent when the map has no such key, and when `map` is NULL.
 */
struct sp2_str sp2_map_get(const struct sp2_map *map, struct sp2_str key);

/**
 * A line for people about a result, terminated by NUL. Any number is allowed.
 */
const char *sp2_strerror(int32_t result);

/**
 * Whether a result is about a malformed message, which costs that message alone: the next one can
 * be read.
 */
int32_t sp2_is_malformed(int32_t result);

/**
 * Decodes the body of a frame: `length` bytes from `bytes`, behind the header.
 *
 * `payload` then points into `bytes`. When it fails, all of `payload` is zero.
 */
sp2_result sp2_decode(const uint8_t *bytes,
                      size_t length,
                      struct sp2_payload *payload,
                      struct sp2_error *error);

/**
 * Decodes the body of a frame as `sp2_decode` does, but leaves its payload as it is.
 */
sp2_result sp2_wrapper_decode(const uint8_t *bytes,
                              size_t length,
                              struct sp2_wrapper *wrapper,
                              struct sp2_error *error);

/**
 * The number of bytes that `sp2_encode` writes.
 */
sp2_result sp2_encoded_len(const struct sp2_payload *payload,
                           size_t *length,
                           struct sp2_error *error);

/**
 * The number of bytes that `sp2_encode_unchecked` writes.
 */
sp2_result sp2_encoded_len_unchecked(const struct sp2_payload *payload,
                                     size_t *length,
                                     struct sp2_error *error);

/**
 * Encodes the body of a frame to the front of `buffer`, of `capacity` bytes, and writes its number of
 * bytes to `length`. `sp2_frame_encode` writes the header too.
 *
 * Nothing that `payload` points to may lie in `buffer`. When it fails, what `buffer` holds is
 * unspecified. When it is too short, `needed` in the error says what is enough.
 */
sp2_result sp2_encode(const struct sp2_payload *payload,
                      uint8_t *buffer,
                      size_t capacity,
                      size_t *length,
                      struct sp2_error *error);

/**
 * Encodes the body of a frame as `sp2_encode` does, but does not look whether the strings are UTF-8:
 * you vouch for that, as a Rust program does by the type of its strings. They are when they come from
 * a payload that was decoded, or were checked before. It saves up to four tenths of the work.
 *
 * Everything else is checked. Bytes that are not UTF-8 do no harm here; they go out as they are, and
 * cost the user's whole XMPP stream there.
 */
sp2_result sp2_encode_unchecked(const struct sp2_payload *payload,
                                uint8_t *buffer,
                                size_t capacity,
                                size_t *length,
                                struct sp2_error *error);

/**
 * Finds the first frame in `length` bytes from `bytes`, and writes its body to `body`: the frame takes
 * `SP2_FRAME_HEADER_LEN` bytes more. Copies nothing.
 *
 * `SP2_INCOMPLETE`: there is only a part of a frame; `needed` in the error says how many bytes have to
 * be there before there is more to say. `SP2_FRAME_TOO_LARGE`: its body has more than `limit` bytes;
 * the stream cannot go on.
 */
sp2_result sp2_frame_split(const uint8_t *bytes,
                           size_t length,
                           size_t limit,
                           struct sp2_bytes *body,
                           struct sp2_error *error);

/**
 * The number of bytes that `sp2_frame_encode` writes.
 */
sp2_result sp2_frame_encoded_len(const struct sp2_payload *payload,
                                 size_t *length,
                                 struct sp2_error *error);

/**
 * The number of bytes that `sp2_frame_encode_unchecked` writes.
 */
sp2_result sp2_frame_encoded_len_unchecked(const struct sp2_payload *payload,
                                           size_t *length,
                                           struct sp2_error *error);

/**
 * Encodes a frame, header included, to the front of `buffer`, of `capacity` bytes, and writes its
 * number of bytes to `length`.
 *
 * Nothing that `payload` points to may lie in `buffer`. When it fails, what `buffer` holds is
 * unspecified. When it is too short, `needed` in the error says what is enough.
 */
sp2_result sp2_frame_encode(const struct sp2_payload *payload,
                            uint8_t *buffer,
                            size_t capacity,
                            size_t *length,
                            struct sp2_error *error);

/**
 * Encodes a frame as `sp2_frame_encode` does, of strings that you vouch for: see
 * `sp2_encode_unchecked`.
 */
sp2_result sp2_frame_encode_unchecked(const struct sp2_payload *payload,
                                      uint8_t *buffer,
                                      size_t capacity,
                                      size_t *length,
                                      struct sp2_error *error);

/**
 * Reads a command line as `main` gets it, the program's name included, and the configuration file.
 * Unknown words are ignored.
 *
 * `launch` is to be freed by `sp2_launch_free`. What is missing or wrong is in the text of the error:
 * a backend prints it and exits with a status other than 0.
 */
sp2_result sp2_launch_parse(int count,
                            char *const *arguments,
                            struct sp2_launch **launch,
                            struct sp2_error *error);

/**
 * Frees `launch`, and with it all strings that came from it. NULL is fine.
 */
void sp2_launch_free(struct sp2_launch *launch);

/**
 * The host of the main process.
 */
struct sp2_str sp2_launch_host(const struct sp2_launch *launch);

/**
 * The port of the main process; 0 when `launch` is NULL.
 */
uint16_t sp2_launch_port(const struct sp2_launch *launch);

/**
 * The number of this backend process, from 1; 0 where the command line does not tell.
 */
uint32_t sp2_launch_backend_id(const struct sp2_launch *launch);

/**
 * The gateway's JID, if the command line or the configuration file tell.
 */
struct sp2_str sp2_launch_jid(const struct sp2_launch *launch);

/**
 * The path of the configuration file, if there is one, and if it is UTF-8.
 */
struct sp2_str sp2_launch_config_path(const struct sp2_launch *launch);

/**
 * The value of a key of the configuration, `section.key`; absent where there is none. Where the key
 * stands more than once, the last one counts.
 */
struct sp2_str sp2_launch_get(const struct sp2_launch *launch, struct sp2_str key);

/**
 * The value number `index`, from 0, of a key that stands more than once; absent behind the last one.
 */
struct sp2_str sp2_launch_get_nth(const struct sp2_launch *launch,
                                  struct sp2_str key,
                                  size_t index);

/**
 * Writes the value of a key that is a number to `number`. Where the key is absent, `number` stays as
 * it is: set it to a default before.
 *
 * `SP2_LAUNCH_FAILED`: the value is no number, or none in range.
 */
sp2_result sp2_launch_get_number(const struct sp2_launch *launch,
                                 struct sp2_str key,
                                 int64_t *number,
                                 struct sp2_error *error);

/**
 * Writes the value of a key that is true or false to `truth`, as 1 or 0. Where the key is absent,
 * `truth` stays as it is: set it to a default before.
 *
 * `SP2_LAUNCH_FAILED`: the value is neither of `1`, `true`, `yes`, `on`, `0`, `false`, `no`, `off`.
 */
sp2_result sp2_launch_get_bool(const struct sp2_launch *launch,
                               struct sp2_str key,
                               int32_t *truth,
                               struct sp2_error *error);

/**
 * What the C++ library sends when nothing else is said: users register with a name and a password,
 * and there is nothing else.
 */
struct sp2_features sp2_features_default(void);

/**
 * Sends BACKEND_CONFIG, as `sp2_client_send` does. Once, and first of all: the main process listens
 * to the first one only.
 *
 * `SP2_INVALID_ARGUMENT`: the name of an extra field that would not come out of the text as it is.
 */
sp2_result sp2_client_send_features(struct sp2_client *client,
                                    const struct sp2_features *features,
                                    struct sp2_error *error);

/**
 * Connects to the main process that the command line names.
 *
 * `client` is to be freed by `sp2_client_free`.
 */
sp2_result sp2_client_connect(const struct sp2_launch *launch,
                              struct sp2_client **client,
                              struct sp2_error *error);

/**
 * Connects to the main process at a host, by name or address, and a port.
 *
 * `client` is to be freed by `sp2_client_free`.
 */
sp2_result sp2_client_connect_to(struct sp2_str host,
                                 uint16_t port,
                                 struct sp2_client **client,
                                 struct sp2_error *error);

/**
 * Closes the connection, and frees the client. NULL is fine.
 *
 * `SP2_BUSY`: the client is in `sp2_client_run` or `sp2_client_next`, and is not freed.
 */
sp2_result sp2_client_free(struct sp2_client *client);

/**
 * Ends the loop when nothing comes for this long; 60 seconds unless set. `SP2_INVALID_ARGUMENT`: 0.
 */
sp2_result sp2_client_set_ping_timeout(struct sp2_client *client,
                                       uint32_t milliseconds,
                                       struct sp2_error *error);

/**
 * Sends a payload, from any thread: frames are written whole. In a callback of `sp2_client_run` it is
 * written later, see `sp2_backend`; otherwise at once.
 *
 * Of the types that the main process does not expect from a backend (LOGIN, API_VERSION and the file
 * transfers among them) none may be sent: it stalls.
 *
 * `SP2_CLOSED`: the main process is gone.
 */
sp2_result sp2_client_send(struct sp2_client *client,
                           const struct sp2_payload *payload,
                           struct sp2_error *error);

/**
 * Ends the connection, from any thread: `sp2_client_run` returns `SP2_OK`, and `sp2_client_next`
 * `SP2_CLOSED`.
 */
sp2_result sp2_client_shutdown(struct sp2_client *client, struct sp2_error *error);

/**
 * Waits for the next thing that the main process asks for. PING is answered here.
 *
 * `payload` points into the client's buffer, until the next call.
 *
 * `SP2_TIMEOUT`: nothing came for this many milliseconds. `SP2_CLOSED`: the connection is at its end;
 * EXIT comes as a payload before that. A malformed frame (`sp2_is_malformed`) is lost; what follows it
 * is not. Any other failure ends the connection.
 */
sp2_result sp2_client_next(struct sp2_client *client,
                           uint32_t milliseconds,
                           struct sp2_payload *payload,
                           struct sp2_error *error);

/**
 * Calls the callbacks of `backend` until the main process says EXIT or closes the connection, or until
 * `sp2_client_shutdown`: all of these are `SP2_OK`. PING is answered here.
 *
 * `user` is given to each callback. The client can then only be freed.
 */
sp2_result sp2_client_run(struct sp2_client *client,
                          const struct sp2_backend *backend,
                          void *user,
                          struct sp2_error *error);

/**
 * The whole `main` of a backend: reads the command line and the configuration file, connects, and runs
 * `backend`. Returns the exit status: 0 after EXIT, a close or a shutdown, 2 when the command line or
 * the configuration file is wrong, and 1 when anything else went wrong. That is one line on standard
 * error, behind the program's name.
 */
int sp2_main(int count,
             char *const *arguments,
             const struct sp2_backend *backend,
             void *user);

/**
 * The number of bytes that `sp2_msncd_encode` writes.
 *
 * `SP2_INVALID_ARGUMENT`: the protocol has no way to say it, a space in a status for example.
 */
sp2_result sp2_msncd_encoded_len(const struct sp2_msncd_command *command,
                                 size_t *length,
                                 struct sp2_error *error);

/**
 * Encodes a command, newlines and all, to the front of `buffer`, of `capacity` bytes, and writes its
 * number of bytes to `length`: for programs with connections of their own, in place of
 * `sp2_msncd_execute` and its like.
 *
 * When it fails, what `buffer` holds is unspecified. When it is too short, `needed` in the error says
 * what is enough. `SP2_INVALID_ARGUMENT`: as of `sp2_msncd_encoded_len`.
 */
sp2_result sp2_msncd_encode(const struct sp2_msncd_command *command,
                            uint8_t *buffer,
                            size_t capacity,
                            size_t *length,
                            struct sp2_error *error);

/**
 * Finds the first answer in `length` bytes from `bytes`, as the daemon gives it to a type of command,
 * and writes it to `answer`, with all its lines: of a poll, one event. Copies nothing.
 *
 * `SP2_INCOMPLETE`: there is only a part of it. How much of it to wait for is for the caller to say; each
 * call looks from the start. `SP2_OUT_OF_STEP`: lines are announced, and it cannot be known how many;
 * the stream cannot go on.
 */
sp2_result sp2_msncd_split(const uint8_t *bytes,
                           size_t length,
                           int32_t command_type,
                           struct sp2_bytes *answer,
                           struct sp2_error *error);

/**
 * Decodes the answer to any type of command but `SP2_MSNCD_POLL`, as `sp2_msncd_split` found it, and
 * writes what it says behind its first words to `lines`: for `sp2_msncd_contact_next` and
 * `sp2_msncd_attribute_next`, and of an answer without, nothing. They point into `bytes`.
 *
 * `SP2_REFUSED`: the daemon says no; why is the text of the error. `SP2_MALFORMED_LINE`: it is lost; the
 * next is not. `SP2_OUT_OF_STEP`: it is no answer to such a command.
 */
sp2_result sp2_msncd_answer_decode(const uint8_t *bytes,
                                   size_t length,
                                   int32_t command_type,
                                   struct sp2_msncd_lines *lines,
                                   struct sp2_error *error);

/**
 * Decodes an event of a poll, as `sp2_msncd_split` found it. It points into `bytes`.
 *
 * `SP2_MALFORMED_LINE`: it is lost; the next is not.
 */
sp2_result sp2_msncd_event_decode(const uint8_t *bytes,
                                  size_t length,
                                  struct sp2_msncd_event *event,
                                  struct sp2_error *error);

/**
 * Takes the next contact off the lines of an answer: 1, or 0 where there is none.
 */
int32_t sp2_msncd_contact_next(struct sp2_msncd_lines *lines,
                               struct sp2_msncd_contact_line *contact);

/**
 * Takes the next attribute off the lines of an answer: 1, or 0 where there is none.
 */
int32_t sp2_msncd_attribute_next(struct sp2_msncd_lines *lines,
                                 struct sp2_entry *attribute);

/**
 * Decodes what somebody is called to the front of `buffer`, of `capacity` bytes, and writes its number of
 * bytes to `length`: never more than `encoded` has. Encoding is done by `sp2_msncd_encode`.
 *
 * When it fails, what `buffer` holds is unspecified. When it is too short, `needed` in the error says
 * what is enough.
 */
sp2_result sp2_msncd_nick_decode(struct sp2_str encoded,
                                 char *buffer,
                                 size_t capacity,
                                 size_t *length,
                                 struct sp2_error *error);

/**
 * Connects to the daemon at a host, by name or address, and a port.
 *
 * `client` is to be freed by `sp2_msncd_free`.
 */
sp2_result sp2_msncd_connect_to(struct sp2_str host,
                                uint16_t port,
                                struct sp2_msncd **client,
                                struct sp2_error *error);

/**
 * A client over a connected socket, TCP or Unix, which belongs to it from here on: it is closed when
 * the client is freed. On Unix alone: elsewhere it is `SP2_INVALID_ARGUMENT`.
 *
 * `client` is to be freed by `sp2_msncd_free`.
 */
sp2_result sp2_msncd_over(int32_t descriptor,
                          struct sp2_msncd **client,
                          struct sp2_error *error);

/**
 * Closes the connection, and frees the client. NULL is fine.
 *
 * `SP2_BUSY`: another thread uses the client, which is not freed.
 */
sp2_result sp2_msncd_free(struct sp2_msncd *client);

/**
 * How long each call may take from now on, its whole answer included; 0, as at the start, is for ever.
 */
sp2_result sp2_msncd_set_timeout(struct sp2_msncd *client,
                                 uint32_t milliseconds,
                                 struct sp2_error *error);

/**
 * Sends a command, and waits for its answer.
 *
 * `SP2_REFUSED`: the daemon says no; why is the text of the error. `SP2_INVALID_ARGUMENT`: the protocol
 * has no way to say it, a space in a status for example; or the command asks for more than yes or no,
 * for which there are functions of their own.
 */
sp2_result sp2_msncd_execute(struct sp2_msncd *client,
                             const struct sp2_msncd_command *command,
                             struct sp2_error *error);

/**
 * Waits for the answer to the command that is under way after `SP2_TIMEOUT`, if there is one. What it
 * asked for is dropped; ask again.
 */
sp2_result sp2_msncd_finish(struct sp2_msncd *client,
                            struct sp2_error *error);

/**
 * Asks for the contact list, or, with `reverse` other than 0, for those who have us on theirs.
 */
sp2_result sp2_msncd_contacts(struct sp2_msncd *client,
                              int32_t reverse,
                              struct sp2_msncd_contact_list *contacts,
                              struct sp2_error *error);

/**
 * Asks what is known of somebody, by email, or by nick where there is no `@` in it: names and values.
 */
sp2_result sp2_msncd_info(struct sp2_msncd *client,
                          struct sp2_str user,
                          struct sp2_map *attributes,
                          struct sp2_error *error);

/**
 * The next event of a poll, `SP2_MSNCD_EVENT_END` at its end; the call after that starts another poll.
 *
 * `SP2_MALFORMED_LINE`: that event is lost; the next is not.
 */
sp2_result sp2_msncd_poll(struct sp2_msncd *client,
                          struct sp2_msncd_event *event,
                          struct sp2_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SPECTRUM2_H */
