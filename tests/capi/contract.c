/* The contract of the C ABI: NULL, short buffers, misuse, callbacks that fail, lengths that lie.
   tests/capi_codec.rs runs it, under valgrind where that is there. */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "spectrum2.h"

static const uint8_t connected_alice[] = "\x08\x01\x12\x07\x0a\x05"
                                         "alice";
#define CONNECTED_LENGTH (sizeof(connected_alice) - 1)

/* An error, and a payload, full of a pattern that shows whether they were written. */
static sp2_error untouched_error(void) {
    sp2_error error;
    memset(&error, 0x5a, sizeof(error));
    return error;
}

static void check_untouched(const void *memory, size_t size) {
    for (size_t i = 0; i < size; i++)
        CHECK(((const unsigned char *)memory)[i] == 0x5a);
}

static void null_is_an_error(void) {
    sp2_payload payload;
    sp2_error error;
    size_t length;
    uint8_t buffer[64];
    sp2_bytes body;
    sp2_wrapper wrapper;
    CHECK(sp2_decode(NULL, 3, &payload, &error) == SP2_NULL_POINTER);
    CHECK(error.code == SP2_NULL_POINTER && strcmp(error.text, sp2_strerror(SP2_NULL_POINTER)) == 0);
    CHECK(sp2_decode(connected_alice, CONNECTED_LENGTH, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_decode(NULL, 3, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_decode(NULL, 0, &payload, NULL) == SP2_MISSING_FIELD);
    CHECK(sp2_wrapper_decode(NULL, 1, &wrapper, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_wrapper_decode(connected_alice, CONNECTED_LENGTH, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_frame_split(NULL, 1, 1, &body, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_frame_split(connected_alice, 4, 1, NULL, NULL) == SP2_NULL_POINTER);

    CHECK(sp2_decode(connected_alice, CONNECTED_LENGTH, &payload, NULL) == SP2_OK);
    CHECK(sp2_encode(NULL, buffer, 64, &length, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_encode(&payload, NULL, 64, &length, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_encode(&payload, buffer, 64, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_encode(&payload, NULL, 0, &length, NULL) == SP2_BUFFER_TOO_SHORT);
    CHECK(sp2_frame_encode(&payload, NULL, 64, &length, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_encoded_len(NULL, &length, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_encoded_len(&payload, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_frame_encoded_len(NULL, NULL, NULL) == SP2_NULL_POINTER);

    sp2_str string;
    CHECK(sp2_str_list_next(NULL, &string) == 0);
    CHECK(sp2_map_get(NULL, sp2_str_of("key")).ptr == NULL);
    CHECK(sp2_str_of(NULL).ptr == NULL);
    CHECK(sp2_str_equal(sp2_str_of(NULL), sp2_str_of("")));

    sp2_launch *launch;
    sp2_client *client;
    CHECK(sp2_launch_parse(1, NULL, &launch, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_launch_get(NULL, sp2_str_of("key")).ptr == NULL);
    CHECK(sp2_launch_port(NULL) == 0);
    CHECK(sp2_client_connect(NULL, &client, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_client_send(NULL, &payload, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_client_next(NULL, 0, &payload, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_client_run(NULL, NULL, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_client_shutdown(NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_client_free(NULL) == SP2_OK);
    sp2_launch_free(NULL);
}

static void outputs_are_written_on_success_only(void) {
    sp2_payload payload;
    memset(&payload, 0x5a, sizeof(payload));
    sp2_wrapper wrapper;
    memset(&wrapper, 0x5a, sizeof(wrapper));
    CHECK(sp2_wrapper_decode(connected_alice, CONNECTED_LENGTH - 1, &wrapper, NULL) == SP2_TRUNCATED);
    check_untouched(&wrapper, sizeof(wrapper));
    /* A payload is decoded where it stands: nothing half done is left of it. */
    for (size_t length = 0; length < CONNECTED_LENGTH; length++) {
        memset(&payload, 0x5a, sizeof(payload));
        CHECK(sp2_is_malformed(sp2_decode(connected_alice, length, &payload, NULL)));
        for (size_t i = 0; i < sizeof(payload); i++)
            CHECK(((const unsigned char *)&payload)[i] == 0);
    }

    sp2_error error = untouched_error();
    CHECK(sp2_decode(connected_alice, CONNECTED_LENGTH, &payload, &error) == SP2_OK);
    check_untouched(&error, sizeof(error));

    size_t length;
    memset(&length, 0x5a, sizeof(length));
    uint8_t buffer[64];
    CHECK(sp2_encode(&payload, buffer, 3, &length, &error) == SP2_BUFFER_TOO_SHORT);
    check_untouched(&length, sizeof(length));
    CHECK(error.needed == CONNECTED_LENGTH);
}

static void errors_say_field_and_offset(void) {
    sp2_payload payload;
    sp2_error error;
    const uint8_t bad[] = "\x08\x01\x12\x04\x0a\x02\xff\xfe";
    CHECK(sp2_decode(bad, sizeof(bad) - 1, &payload, &error) == SP2_INVALID_UTF8);
    CHECK(sp2_str_equal(error.message, sp2_str_of("Connected")));
    CHECK(sp2_str_equal(error.field, sp2_str_of("user")));
    CHECK(error.offset == 6);
    CHECK(strcmp(error.text, "Connected.user is not UTF-8, at byte 6") == 0);
    CHECK(sp2_is_malformed(error.code) && !sp2_is_malformed(SP2_OK) && !sp2_is_malformed(SP2_CLOSED));
    for (int32_t result = -2; result < 100; result++)
        CHECK(strlen(sp2_strerror(result)) > 0);
}

static void every_short_buffer_is_too_short(void) {
    sp2_str groups[] = {SP2_STR("Friends"), SP2_STR("Work")};
    sp2_payload payload = {
        .type = SP2_TYPE_BUDDY_CHANGED,
        .as.buddy = {.user_name = SP2_STR("alice"), .buddy_name = SP2_STR("bob"), .group = {.items = groups, .count = 2}},
    };
    size_t needed, length;
    sp2_error error;
    CHECK(sp2_frame_encoded_len(&payload, &needed, &error) == SP2_OK);
    for (size_t capacity = 0; capacity < needed; capacity++) {
        uint8_t *buffer = malloc(capacity + (capacity == 0));
        CHECK(sp2_frame_encode(&payload, buffer, capacity, &length, &error) == SP2_BUFFER_TOO_SHORT);
        CHECK(error.needed == needed);
        free(buffer);
    }
    uint8_t *buffer = malloc(needed);
    CHECK(sp2_frame_encode(&payload, buffer, needed, &length, &error) == SP2_OK && length == needed);
    sp2_bytes body;
    for (size_t part = 0; part < needed; part++) {
        CHECK(sp2_frame_split(buffer, part, SIZE_MAX, &body, &error) == SP2_INCOMPLETE);
        CHECK(error.needed == (part < 4 ? 4 : needed));
    }
    CHECK(sp2_frame_split(buffer, needed, needed - 5, &body, &error) == SP2_FRAME_TOO_LARGE);
    CHECK(sp2_frame_split(buffer, needed, needed - 4, &body, &error) == SP2_OK);
    CHECK(body.ptr == buffer + 4 && body.len == needed - 4);
    free(buffer);
}

static void huge_lengths_are_refused_before_they_are_read(void) {
    static const size_t lengths[] = {(size_t)INT32_MAX + 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX};
    uint8_t byte = 0x08, buffer[64];
    sp2_payload payload;
    sp2_error error;
    size_t length;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        CHECK(sp2_decode(&byte, lengths[i], &payload, &error) == SP2_MESSAGE_TOO_LONG);
        sp2_payload connected = {.type = SP2_TYPE_CONNECTED, .as.connected = {.user = {"x", lengths[i]}}};
        CHECK(sp2_encode(&connected, buffer, sizeof(buffer), &length, &error) == SP2_MESSAGE_TOO_LONG);
        CHECK(sp2_str_equal(error.field, sp2_str_of("user")));
        CHECK(sp2_encoded_len(&connected, &length, &error) == SP2_MESSAGE_TOO_LONG);
        sp2_str item = SP2_STR("x");
        sp2_payload rooms = {.type = SP2_TYPE_ROOM_LIST, .as.room_list = {.name = {.items = &item, .count = lengths[i]}}};
        CHECK(sp2_encode(&rooms, buffer, sizeof(buffer), &length, &error) == SP2_MESSAGE_TOO_LONG);
        CHECK(sp2_str_equal(error.field, sp2_str_of("name")));
        sp2_payload unknown = {.type = 99, .as.unknown = {&byte, lengths[i]}};
        CHECK(sp2_encode(&unknown, buffer, sizeof(buffer), &length, &error) == SP2_MESSAGE_TOO_LONG);
    }
    /* A frame that announces 4 GiB. */
    const uint8_t header[] = {0xff, 0xff, 0xff, 0xff, 0x08};
    sp2_bytes body;
    CHECK(sp2_frame_split(header, sizeof(header), SP2_FRAME_DEFAULT_LIMIT, &body, &error) == SP2_FRAME_TOO_LARGE);
}

static void wrong_messages_are_refused(void) {
    uint8_t buffer[64];
    size_t length;
    sp2_error error;
    sp2_payload connected = {.type = SP2_TYPE_CONNECTED, .as.connected = {.user = {NULL, 3}}};
    CHECK(sp2_encode(&connected, buffer, 64, &length, &error) == SP2_NULL_POINTER);
    CHECK(strcmp(error.text, "Connected.user: a pointer is NULL") == 0);
    connected.as.connected.user = sp2_str_of("\xff");
    CHECK(sp2_encode(&connected, buffer, 64, &length, &error) == SP2_INVALID_UTF8);
    /* A required string that is absent is empty. */
    connected.as.connected.user = sp2_str_of(NULL);
    CHECK(sp2_encode(&connected, buffer, 64, &length, &error) == SP2_OK && length == 6);

    sp2_payload status = {.type = SP2_TYPE_STATUS_CHANGED, .as.status = {.status = 7}};
    CHECK(sp2_encode(&status, buffer, 64, &length, &error) == SP2_INVALID_ARGUMENT);
    CHECK(sp2_str_equal(error.field, sp2_str_of("status")));

    sp2_attachment attachments[] = {{.url = SP2_STR("a")}, {.url = SP2_STR("b"), .mime_type = SP2_STR("\xc0")}};
    sp2_payload message = {
        .type = SP2_TYPE_CONV_MESSAGE,
        .as.conversation_message = {.attachment = {.items = attachments, .count = 2}},
    };
    CHECK(sp2_encode(&message, buffer, 64, &length, &error) == SP2_INVALID_UTF8);
    CHECK(sp2_str_equal(error.message, sp2_str_of("Attachment")));
    CHECK(sp2_str_equal(error.field, sp2_str_of("mimeType")));
    message.as.conversation_message.attachment.items = NULL;
    CHECK(sp2_encode(&message, buffer, 64, &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_str_equal(error.field, sp2_str_of("attachment")));
}

typedef sp2_result encoder(const sp2_payload *, uint8_t *, size_t, size_t *, sp2_error *);
typedef sp2_result counter(const sp2_payload *, size_t *, sp2_error *);

/* Refused for this field by each function, where it need not look whether strings are UTF-8 for that. */
static void check_refused(const sp2_payload *payload, sp2_result result, const char *message, const char *field) {
    static encoder *const encoders[] = {sp2_encode, sp2_frame_encode, sp2_encode_unchecked, sp2_frame_encode_unchecked};
    static counter *const counters[] = {sp2_encoded_len, sp2_frame_encoded_len, sp2_encoded_len_unchecked,
                                        sp2_frame_encoded_len_unchecked};
    for (size_t i = 0; i < (result == SP2_INVALID_UTF8 ? 2 : 4); i++) {
        uint8_t buffer[64];
        size_t length;
        sp2_error errors[2];
        CHECK(encoders[i](payload, buffer, sizeof(buffer), &length, &errors[0]) == result);
        CHECK(counters[i](payload, &length, &errors[1]) == result);
        for (size_t of = 0; of < 2; of++) {
            CHECK(errors[of].code == (int32_t)result && errors[of].needed == 0 && errors[of].offset == 0);
            CHECK(sp2_str_equal(errors[of].message, sp2_str_of(message)));
            CHECK(sp2_str_equal(errors[of].field, sp2_str_of(field)));
        }
    }
}

#define WRONG(name, member, value, result, message, field)      \
    do {                                                        \
        sp2_payload payload;                                    \
        memset(&payload, 0, sizeof(payload));                   \
        payload.type = SP2_TYPE_##name;                         \
        payload.as.buddy.status.is_set = SP2_TYPE_##name == SP2_TYPE_BUDDY_CHANGED; \
        payload.as.member = value;                              \
        check_refused(&payload, result, message, field);        \
    } while (0)
#define WRONG_BYTES(name, member, message, field)                                                       \
    do {                                                                                                \
        WRONG(name, member.len, 3, SP2_NULL_POINTER, message, field);                                   \
        WRONG(name, member.len, (size_t)INT32_MAX + 1, SP2_MESSAGE_TOO_LONG, message, field);           \
    } while (0)
#define WRONG_TEXT(name, member, message, field)                                            \
    do {                                                                                    \
        WRONG_BYTES(name, member, message, field);                                          \
        WRONG(name, member, sp2_str_of("right\xff"), SP2_INVALID_UTF8, message, field);     \
    } while (0)
#define WRONG_STATUS(name, member, message, field) WRONG(name, member, 7, SP2_INVALID_ARGUMENT, message, field)
#define WRONG_LIST(name, member, message, field)                                                        \
    do {                                                                                                \
        WRONG(name, member.count, 1, SP2_NULL_POINTER, message, field);                                 \
        WRONG(name, member.count, (size_t)INT32_MAX + 1, SP2_MESSAGE_TOO_LONG, message, field);         \
    } while (0)

/* All fields that can be wrong. */
static void errors_name_the_field(void) {
    WRONG_TEXT(LOGIN, login.user, "Login", "user");
    WRONG_TEXT(LOGIN, login.legacy_name, "Login", "legacyName");
    WRONG_TEXT(LOGIN, login.password, "Login", "password");
    WRONG_LIST(LOGIN, login.extra_fields, "Login", "extraFields");
    WRONG_TEXT(CONNECTED, connected.user, "Connected", "user");
    WRONG_TEXT(DISCONNECTED, disconnected.user, "Disconnected", "user");
    WRONG_TEXT(DISCONNECTED, disconnected.message, "Disconnected", "message");
    WRONG_TEXT(LOGOUT, logout.user, "Logout", "user");
    WRONG_TEXT(LOGOUT, logout.legacy_name, "Logout", "legacyName");
    WRONG_TEXT(BUDDY_CHANGED, buddy.user_name, "Buddy", "userName");
    WRONG_TEXT(BUDDY_CHANGED, buddy.buddy_name, "Buddy", "buddyName");
    WRONG_TEXT(BUDDY_CHANGED, buddy.alias, "Buddy", "alias");
    WRONG_LIST(BUDDY_CHANGED, buddy.group, "Buddy", "group");
    WRONG_STATUS(BUDDY_CHANGED, buddy.status.value, "Buddy", "status");
    WRONG_TEXT(BUDDY_CHANGED, buddy.status_message, "Buddy", "statusMessage");
    WRONG_TEXT(BUDDY_CHANGED, buddy.icon_hash, "Buddy", "iconHash");
    WRONG_LIST(BUDDIES, buddies.buddy, "Buddies", "buddy");
    WRONG_TEXT(STATUS_CHANGED, status.user_name, "Status", "userName");
    WRONG_STATUS(STATUS_CHANGED, status.status, "Status", "status");
    WRONG_TEXT(STATUS_CHANGED, status.status_message, "Status", "statusMessage");
    WRONG_TEXT(VCARD, vcard.user_name, "VCard", "userName");
    WRONG_TEXT(VCARD, vcard.buddy_name, "VCard", "buddyName");
    WRONG_TEXT(VCARD, vcard.fullname, "VCard", "fullname");
    WRONG_TEXT(VCARD, vcard.nickname, "VCard", "nickname");
    WRONG_BYTES(VCARD, vcard.photo, "VCard", "photo");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.user_name, "ConversationMessage", "userName");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.buddy_name, "ConversationMessage", "buddyName");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.message, "ConversationMessage", "message");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.nickname, "ConversationMessage", "nickname");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.xhtml, "ConversationMessage", "xhtml");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.timestamp, "ConversationMessage", "timestamp");
    WRONG_TEXT(CONV_MESSAGE, conversation_message.id, "ConversationMessage", "id");
    WRONG_LIST(CONV_MESSAGE, conversation_message.attachment, "ConversationMessage", "attachment");
    WRONG_TEXT(JOIN_ROOM, room.user_name, "Room", "userName");
    WRONG_TEXT(JOIN_ROOM, room.nickname, "Room", "nickname");
    WRONG_TEXT(JOIN_ROOM, room.room, "Room", "room");
    WRONG_TEXT(JOIN_ROOM, room.password, "Room", "password");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.user_name, "Participant", "userName");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.room, "Participant", "room");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.nickname, "Participant", "nickname");
    WRONG_STATUS(PARTICIPANT_CHANGED, participant.status, "Participant", "status");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.status_message, "Participant", "statusMessage");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.new_name, "Participant", "newname");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.icon_hash, "Participant", "iconHash");
    WRONG_TEXT(PARTICIPANT_CHANGED, participant.alias, "Participant", "alias");
    WRONG_LIST(ROOM_LIST, room_list.room, "RoomList", "room");
    WRONG_LIST(ROOM_LIST, room_list.name, "RoomList", "name");
    WRONG_TEXT(ROOM_LIST, room_list.user, "RoomList", "user");
    WRONG_TEXT(BACKEND_CONFIG, backend_config.config, "BackendConfig", "config");
    WRONG_TEXT(STATS, stats.id, "Stats", "id");
    WRONG_TEXT(FT_START, file.user_name, "File", "userName");
    WRONG_TEXT(FT_START, file.buddy_name, "File", "buddyName");
    WRONG_TEXT(FT_START, file.file_name, "File", "fileName");
    WRONG_BYTES(FT_DATA, file_transfer_data.data, "FileTransferData", "data");
    WRONG_TEXT(RAW_XML, raw_xml, NULL, NULL);
}

/* The innermost message is named, and the first field of it that is wrong. */
static void errors_name_the_innermost_field(void) {
    sp2_str wrong = SP2_STR("\xff"), strings[] = {SP2_STR("right"), wrong};
    sp2_entry entries[] = {{strings[0], strings[0]}, {strings[0], wrong}};
    sp2_payload login = {.type = SP2_TYPE_LOGIN, .as.login.settings = {1, {.value = {.items = entries, .count = 2}}}};
    check_refused(&login, SP2_INVALID_UTF8, "Login.UserSettings", "value");
    entries[1] = (sp2_entry){{NULL, 1}, wrong};
    check_refused(&login, SP2_NULL_POINTER, "Login.UserSettings", "value");
    login.as.login.extra_fields = (sp2_str_list){.items = strings, .count = 2};
    check_refused(&login, SP2_INVALID_UTF8, "Login", "extraFields");
    login.as.login.legacy_name = wrong;
    check_refused(&login, SP2_INVALID_UTF8, "Login", "legacyName");

    sp2_buddy contacts[] = {{.user_name = strings[0]}, {.group = {.items = strings, .count = 2}, .icon_hash = wrong}};
    sp2_payload buddies = {.type = SP2_TYPE_BUDDIES, .as.buddies.buddy = {.items = contacts, .count = 2}};
    check_refused(&buddies, SP2_INVALID_UTF8, "Buddy", "group");
    contacts[1].group.count = 1;
    check_refused(&buddies, SP2_INVALID_UTF8, "Buddy", "iconHash");
    contacts[0].status = (sp2_opt_int32){1, -1};
    check_refused(&buddies, SP2_INVALID_ARGUMENT, "Buddy", "status");

    sp2_attachment attachments[] = {{.url = strings[0]}, {.description = wrong}};
    sp2_payload message = {
        .type = SP2_TYPE_CONV_MESSAGE,
        .as.conversation_message = {.attachment = {.items = attachments, .count = 2}},
    };
    check_refused(&message, SP2_INVALID_UTF8, "Attachment", "description");
}

/* The same as the function that checks, where that finds nothing wrong with strings. */
static void check_alike(encoder *checked, encoder *unchecked, counter *counter, const sp2_payload *payload) {
    uint8_t expected[256];
    size_t needed, length;
    sp2_error error;
    CHECK(checked(payload, expected, sizeof(expected), &needed, NULL) == SP2_OK);
    CHECK(counter(payload, &length, &error) == SP2_OK && length == needed);
    CHECK(counter(NULL, &length, &error) == SP2_NULL_POINTER && counter(payload, NULL, &error) == SP2_NULL_POINTER);
    for (size_t capacity = 0; capacity < needed; capacity++) {
        uint8_t *buffer = malloc(capacity + (capacity == 0));
        CHECK(unchecked(payload, buffer, capacity, &length, &error) == SP2_BUFFER_TOO_SHORT && error.needed == needed);
        free(buffer);
    }
    uint8_t *buffer = malloc(needed);
    CHECK(unchecked(payload, buffer, needed, &length, &error) == SP2_OK && length == needed);
    CHECK(memcmp(buffer, expected, needed) == 0);
    free(buffer);
    CHECK(unchecked(NULL, expected, sizeof(expected), &length, &error) == SP2_NULL_POINTER);
    CHECK(unchecked(payload, NULL, 64, &length, &error) == SP2_NULL_POINTER);
    CHECK(unchecked(payload, expected, sizeof(expected), NULL, &error) == SP2_NULL_POINTER);
    CHECK(unchecked(payload, NULL, 0, &length, NULL) == SP2_BUFFER_TOO_SHORT);
}

/* Encodes a copy in which each `?` of the strings is another byte, which has to be what is different on the wire. */
static void check_bytes_go_out(encoder *unchecked, counter *counter, const sp2_payload *payload,
                               const sp2_payload *wrong) {
    uint8_t expected[512], buffer[512];
    size_t needed, length;
    sp2_error error;
    CHECK(unchecked(payload, expected, sizeof(expected), &needed, &error) == SP2_OK);
    CHECK(unchecked(wrong, buffer, needed - 1, &length, &error) == SP2_BUFFER_TOO_SHORT && error.needed == needed);
    CHECK(counter(wrong, &length, &error) == SP2_OK && length == needed);
    CHECK(unchecked(wrong, buffer, sizeof(buffer), &length, &error) == SP2_OK && length == needed);
    size_t changed = 0;
    for (size_t i = 0; i < length; i++) {
        CHECK(expected[i] == '?' ? buffer[i] == 0xff : buffer[i] == expected[i]);
        changed += expected[i] == '?';
    }
    CHECK(changed > 0);
    CHECK(sp2_encode(wrong, buffer, sizeof(buffer), &length, NULL) == SP2_INVALID_UTF8);
}

/* Of each kind of string, with a length of each way to write it. */
static void unchecked_strings_go_out_as_they_are(encoder *checked, encoder *unchecked, counter *counter) {
    static const size_t lengths[] = {1, 2, 5, 12, 20, 40, 64, 65, 150};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        char right[150], bytes[150];
        memset(right, '?', sizeof(right));
        memset(bytes, 0xff, sizeof(bytes));
        sp2_str texts[] = {{right, lengths[i]}, {bytes, lengths[i]}};
        sp2_payload payloads[5][2];
        for (size_t wrong = 0; wrong < 2; wrong++) {
            sp2_str *text = &texts[wrong];
            static sp2_attachment attachments[2];
            static sp2_entry entries[2];
            attachments[wrong] = (sp2_attachment){.url = *text};
            entries[wrong] = (sp2_entry){*text, *text};
            payloads[0][wrong] = (sp2_payload){.type = SP2_TYPE_CONNECTED, .as.connected = {.user = *text}};
            payloads[1][wrong] = (sp2_payload){
                .type = SP2_TYPE_CONV_MESSAGE,
                .as.conversation_message = {.xhtml = *text, .attachment = {.items = &attachments[wrong], .count = 1}},
            };
            payloads[2][wrong] = (sp2_payload){
                .type = SP2_TYPE_ROOM_LIST,
                .as.room_list = {.room = {.items = text, .count = 1}},
            };
            payloads[3][wrong] = (sp2_payload){
                .type = SP2_TYPE_LOGIN,
                .as.login.settings = {1, {.value = {.items = &entries[wrong], .count = 1}}},
            };
            payloads[4][wrong] = (sp2_payload){.type = SP2_TYPE_RAW_XML, .as.raw_xml = *text};
        }
        for (size_t of = 0; of < sizeof(payloads) / sizeof(*payloads); of++) {
            check_bytes_go_out(unchecked, counter, &payloads[of][0], &payloads[of][1]);
            if (lengths[i] < 65)
                check_alike(checked, unchecked, counter, &payloads[of][0]);
        }
    }
}

/* What else is wrong is refused: also where there is no field. */
static void unchecked_messages_are_refused(encoder *unchecked) {
    uint8_t buffer[64];
    size_t length;
    sp2_error error;
    sp2_payload connected = {.type = SP2_TYPE_CONNECTED, .as.connected = {.user = {NULL, 3}}};
    CHECK(unchecked(&connected, buffer, 64, &length, &error) == SP2_NULL_POINTER);
    CHECK(strcmp(error.text, "Connected.user: a pointer is NULL") == 0);
    connected.as.connected.user = (sp2_str){"x", SIZE_MAX};
    CHECK(unchecked(&connected, buffer, 64, &length, &error) == SP2_MESSAGE_TOO_LONG);
    sp2_payload status = {.type = SP2_TYPE_STATUS_CHANGED, .as.status = {.status = 7}};
    CHECK(unchecked(&status, buffer, 64, &length, &error) == SP2_INVALID_ARGUMENT);
    CHECK(sp2_str_equal(error.field, sp2_str_of("status")));
    sp2_payload rooms = {.type = SP2_TYPE_ROOM_LIST, .as.room_list = {.name = {.count = 1}}};
    CHECK(unchecked(&rooms, buffer, 64, &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_str_equal(error.field, sp2_str_of("name")));
    sp2_payload xml = {.type = SP2_TYPE_RAW_XML, .as.raw_xml = {NULL, 3}};
    CHECK(unchecked(&xml, buffer, 64, &length, &error) == SP2_NULL_POINTER);
    sp2_payload unknown = {.type = 99, .as.unknown = {NULL, 3}};
    CHECK(unchecked(&unknown, buffer, 64, &length, &error) == SP2_NULL_POINTER);
}

static void strings_may_be_vouched_for(void) {
    unchecked_strings_go_out_as_they_are(sp2_encode, sp2_encode_unchecked, sp2_encoded_len_unchecked);
    unchecked_strings_go_out_as_they_are(sp2_frame_encode, sp2_frame_encode_unchecked, sp2_frame_encoded_len_unchecked);
    unchecked_messages_are_refused(sp2_encode_unchecked);
    unchecked_messages_are_refused(sp2_frame_encode_unchecked);
}

static void lists_are_cursors(void) {
    sp2_str groups[] = {SP2_STR("Friends"), SP2_STR("")};
    sp2_str_list list = {.items = groups, .count = 2};
    sp2_str item;
    CHECK(sp2_str_list_next(&list, &item) && sp2_str_equal(item, groups[0]) && list.count == 1);
    CHECK(sp2_str_list_next(&list, &item) && item.ptr != NULL && item.len == 0);
    CHECK(!sp2_str_list_next(&list, &item) && !sp2_str_list_next(&list, &item));

    sp2_entry entries[] = {{SP2_STR("key"), SP2_STR("1")}, {SP2_STR("other"), SP2_STR("2")}, {SP2_STR("key"), SP2_STR("3")}};
    sp2_map map = {.items = entries, .count = 3};
    CHECK(sp2_str_equal(sp2_map_get(&map, sp2_str_of("key")), sp2_str_of("3")));
    CHECK(sp2_map_get(&map, sp2_str_of("none")).ptr == NULL && map.count == 3);

    /* The rest of a received list can be sent. */
    sp2_payload sent = {
        .type = SP2_TYPE_ROOM_LIST,
        .as.room_list = {.room = {.items = groups, .count = 2}, .name = {.items = groups, .count = 2}},
    }, received;
    uint8_t buffer[64], again[64];
    size_t length, length_again;
    CHECK(sp2_encode(&sent, buffer, 64, &length, NULL) == SP2_OK);
    CHECK(sp2_decode(buffer, length, &received, NULL) == SP2_OK);
    CHECK(sp2_str_list_next(&received.as.room_list.room, &item) && sp2_str_equal(item, groups[0]));
    sent.as.room_list.room = (sp2_str_list){.items = groups + 1, .count = 1};
    CHECK(sp2_encode(&sent, again, 64, &length_again, NULL) == SP2_OK);
    uint8_t rest[64];
    CHECK(sp2_encode(&received, rest, 64, &length, NULL) == SP2_OK);
    CHECK(length == length_again && memcmp(rest, again, length) == 0);
}

/* Settings that came twice are one map, whose rest can be sent from anywhere in it. */
static void rests_of_merged_maps_can_be_sent(void) {
    static const uint8_t login[] = "\x08\x03\x12\x28\x0a\x01u\x12\x01l\x1a\x01p"
                                   "\x2a\x10\x0a\x06\x0a\x01" "a\x12\x01" "1\x0a\x06\x0a\x01" "b\x12\x01" "2"
                                   "\x7a\x01?"
                                   "\x2a\x08\x0a\x06\x0a\x01" "c\x12\x01" "3";
    sp2_entry entries[] = {{SP2_STR("a"), SP2_STR("1")}, {SP2_STR("b"), SP2_STR("2")}, {SP2_STR("c"), SP2_STR("3")}};
    sp2_payload received;
    CHECK(sp2_decode(login, sizeof(login) - 1, &received, NULL) == SP2_OK);
    sp2_map *map = &received.as.login.settings.value.value;
    for (size_t taken = 0;; taken++) {
        CHECK(map->count == 3 - taken);
        sp2_payload expected = received;
        expected.as.login.settings.value.value = (sp2_map){.items = entries + taken, .count = 3 - taken};
        uint8_t rest[64], again[64];
        size_t length, length_again;
        CHECK(sp2_encode(&received, rest, 64, &length, NULL) == SP2_OK);
        CHECK(sp2_encode(&expected, again, 64, &length_again, NULL) == SP2_OK);
        CHECK(length == length_again && memcmp(rest, again, length) == 0);
        sp2_entry entry;
        if (!sp2_map_next(map, &entry))
            break;
        CHECK(sp2_str_equal(entry.key, entries[taken].key) && sp2_str_equal(entry.value, entries[taken].value));
    }
    CHECK(map->count == 0);
}

static void launch_reads_the_command_line(void) {
    char *words[] = {"backend", "--host", "127.0.0.1", "--port", "4321", "--service.backend_id=2",
                     "-j", "icq.example.org", "--mine.flag=on", "--mine.number=-7", "--mine.word=abc"};
    sp2_launch *launch;
    sp2_error error;
    CHECK(sp2_launch_parse(sizeof(words) / sizeof(*words), words, &launch, &error) == SP2_OK);
    CHECK(sp2_str_equal(sp2_launch_host(launch), sp2_str_of("127.0.0.1")) && sp2_launch_port(launch) == 4321);
    CHECK(sp2_launch_backend_id(launch) == 2 && sp2_str_equal(sp2_launch_jid(launch), sp2_str_of("icq.example.org")));
    CHECK(sp2_launch_config_path(launch).ptr == NULL);
    CHECK(sp2_str_equal(sp2_launch_get(launch, sp2_str_of("mine.word")), sp2_str_of("abc")));
    CHECK(sp2_str_equal(sp2_launch_get_nth(launch, sp2_str_of("mine.word"), 0), sp2_str_of("abc")));
    CHECK(sp2_launch_get_nth(launch, sp2_str_of("mine.word"), 1).ptr == NULL);
    int64_t number = 5;
    int32_t truth = 0;
    CHECK(sp2_launch_get_number(launch, sp2_str_of("mine.none"), &number, &error) == SP2_OK && number == 5);
    CHECK(sp2_launch_get_number(launch, sp2_str_of("mine.number"), &number, &error) == SP2_OK && number == -7);
    CHECK(sp2_launch_get_number(launch, sp2_str_of("mine.word"), &number, &error) == SP2_LAUNCH_FAILED && number == -7);
    CHECK(sp2_launch_get_bool(launch, sp2_str_of("mine.flag"), &truth, &error) == SP2_OK && truth == 1);
    CHECK(sp2_launch_get_bool(launch, sp2_str_of("mine.word"), &truth, &error) == SP2_LAUNCH_FAILED && truth == 1);
    sp2_launch_free(launch);
    launch = NULL;
    CHECK(sp2_launch_parse(1, words, &launch, &error) == SP2_LAUNCH_FAILED && launch == NULL);
    CHECK(strstr(error.text, "--host") != NULL);
    CHECK(sp2_launch_parse(-1, words, &launch, &error) == SP2_INVALID_ARGUMENT);
    char *with_null[] = {"backend", NULL};
    CHECK(sp2_launch_parse(2, with_null, &launch, &error) == SP2_NULL_POINTER);
}

/* A main process of a few bytes, on a free port of the loopback interface. */
typedef struct {
    int listener, peer;
    sp2_client *client;
} connection;

static connection connected(void) {
    connection made = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    CHECK(bind(made.listener, (struct sockaddr *)&address, size) == 0 && listen(made.listener, 1) == 0);
    CHECK(getsockname(made.listener, (struct sockaddr *)&address, &size) == 0);
    sp2_error error;
    CHECK(sp2_client_connect_to(sp2_str_of("127.0.0.1"), ntohs(address.sin_port), &made.client, &error) == SP2_OK);
    made.peer = accept(made.listener, NULL, NULL);
    CHECK(made.peer >= 0);
    return made;
}

static void closed(connection *made) {
    CHECK(sp2_client_free(made->client) == SP2_OK);
    close(made->peer);
    close(made->listener);
}

static void say(const connection *made, const void *bytes, size_t length) {
    CHECK(write(made->peer, bytes, length) == (ssize_t)length);
}

static const char login_frame[] = "\0\0\0\x0e\x08\x03\x12\x0a\x0a\x01u\x12\x01l\x1a\x02pw";
static const char malformed_frame[] = "\0\0\0\x04\x08\x03\x12\x00";
static const char exit_frame[] = "\0\0\0\x02\x08\x1d";

static void next_waits_and_ends(void) {
    connection made = connected();
    sp2_payload payload;
    sp2_error error;
    CHECK(sp2_client_next(made.client, 1, &payload, &error) == SP2_TIMEOUT);
    CHECK(sp2_client_next(made.client, 0, &payload, &error) == SP2_TIMEOUT);
    say(&made, malformed_frame, sizeof(malformed_frame) - 1);
    say(&made, login_frame, sizeof(login_frame) - 1);
    say(&made, exit_frame, sizeof(exit_frame) - 1);
    CHECK(sp2_client_next(made.client, 60000, &payload, &error) == SP2_MISSING_FIELD);
    CHECK(sp2_client_next(made.client, 60000, &payload, &error) == SP2_OK && payload.type == SP2_TYPE_LOGIN);
    CHECK(sp2_str_equal(payload.as.login.password, sp2_str_of("pw")));
    /* Once it waits with `next`, it cannot run. */
    sp2_backend backend;
    memset(&backend, 0, sizeof(backend));
    CHECK(sp2_client_run(made.client, &backend, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_client_next(made.client, UINT32_MAX, &payload, &error) == SP2_OK && payload.type == SP2_TYPE_EXIT);
    CHECK(sp2_client_next(made.client, 60000, &payload, &error) == SP2_CLOSED);
    CHECK(sp2_client_next(made.client, 60000, &payload, &error) == SP2_CLOSED);
    CHECK(sp2_client_set_ping_timeout(made.client, 0, &error) == SP2_INVALID_ARGUMENT);
    closed(&made);
}

/* What the callbacks saw. */
typedef struct {
    int started, logins, malformed, exits, login_result, idles;
} seen;

static int32_t on_start(sp2_client *client, void *user) {
    sp2_payload payload = {.type = SP2_TYPE_PONG};
    sp2_error error;
    ((seen *)user)->started++;
    /* The client is in `run`: it can send, and nothing else. */
    CHECK(sp2_client_next(client, 0, &payload, &error) == SP2_BUSY);
    CHECK(sp2_client_set_ping_timeout(client, 1, &error) == SP2_BUSY);
    CHECK(sp2_client_free(client) == SP2_BUSY);
    payload.type = SP2_TYPE_PONG;
    CHECK(sp2_client_send(client, &payload, &error) == SP2_OK);
    payload = (sp2_payload){.type = SP2_TYPE_CONNECTED, .as.connected = {.user = {NULL, 1}}};
    CHECK(sp2_client_send(client, &payload, &error) == SP2_NULL_POINTER);
    sp2_str field = SP2_STR(" blank");
    sp2_features features = sp2_features_default();
    CHECK(features.need_password && features.need_registration && !features.muc);
    features.extra_fields = (sp2_str_list){.items = &field, .count = 1};
    CHECK(sp2_client_send_features(client, &features, &error) == SP2_INVALID_ARGUMENT);
    return 0;
}

static int32_t on_login(sp2_client *client, const sp2_login *login, void *user) {
    (void)client;
    CHECK(sp2_str_equal(login->user, sp2_str_of("u")) && sp2_str_equal(login->legacy_name, sp2_str_of("l")));
    ((seen *)user)->logins++;
    return ((seen *)user)->login_result;
}

static int32_t on_logout(sp2_client *client, const sp2_logout *logout, void *user) {
    (void)client, (void)logout, (void)user;
    return 0;
}

static int32_t on_message(sp2_client *client, const sp2_conversation_message *message, void *user) {
    (void)client, (void)message, (void)user;
    return 0;
}

static int32_t on_malformed(sp2_client *client, const sp2_bytes *body, const sp2_error *error, void *user) {
    (void)client;
    CHECK(body->len == 4 && error->code == SP2_MISSING_FIELD);
    ((seen *)user)->malformed++;
    return 0;
}

static int32_t on_exit(sp2_client *client, void *user) {
    (void)client;
    ((seen *)user)->exits++;
    return 0;
}

static int32_t on_idle(sp2_client *client, void *user) {
    ((seen *)user)->idles++;
    return sp2_client_shutdown(client, NULL);
}

static const sp2_backend backend = {
    .start = on_start,
    .login = on_login,
    .logout = on_logout,
    .message = on_message,
    .malformed = on_malformed,
    .exit = on_exit,
    .idle = on_idle,
};

static void run_calls_back(void) {
    connection made = connected();
    sp2_error error;
    seen user = {0};
    sp2_backend without_login = backend;
    without_login.login = NULL;
    CHECK(sp2_client_run(made.client, &without_login, &user, &error) == SP2_NULL_POINTER);
    say(&made, malformed_frame, sizeof(malformed_frame) - 1);
    say(&made, login_frame, sizeof(login_frame) - 1);
    say(&made, exit_frame, sizeof(exit_frame) - 1);
    CHECK(sp2_client_run(made.client, &backend, &user, &error) == SP2_OK);
    CHECK(user.started == 1 && user.malformed == 1 && user.logins == 1 && user.exits == 1);
    char pong[6];
    CHECK(recv(made.peer, pong, sizeof(pong), MSG_WAITALL) == 6 && memcmp(pong, "\0\0\0\x02\x08\x0a", 6) == 0);
    /* It can then only be freed. */
    CHECK(sp2_client_run(made.client, &backend, &user, &error) == SP2_CLOSED);
    closed(&made);
}

static void ticks_are_counted_where_they_are_asked_for(void) {
    connection made = connected();
    sp2_error error;
    seen user = {0};
    sp2_backend ticking = backend;
    ticking.tick = 1;
    CHECK(sp2_client_run(made.client, &ticking, &user, &error) == SP2_OK);
    CHECK(user.started == 1 && user.idles == 1);
    closed(&made);
}

static void a_callback_that_fails_ends_the_loop(void) {
    connection made = connected();
    sp2_error error;
    seen user = {.login_result = 7};
    say(&made, login_frame, sizeof(login_frame) - 1);
    CHECK(sp2_client_run(made.client, &backend, &user, &error) == SP2_CALLBACK_FAILED);
    CHECK(strcmp(error.text, "the backend failed: the callback login returned 7") == 0);
    closed(&made);
}

static void *shut_down(void *client) {
    sp2_error error;
    CHECK(sp2_client_shutdown(client, &error) == SP2_OK);
    return NULL;
}

static void another_thread_ends_the_loop(void) {
    connection made = connected();
    sp2_error error;
    seen user = {0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, shut_down, made.client) == 0);
    CHECK(sp2_client_run(made.client, &backend, &user, &error) == SP2_OK);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(sp2_client_send(made.client, &(sp2_payload){.type = SP2_TYPE_PONG}, &error) == SP2_CLOSED);
    closed(&made);
}

static void nobody_listens(void) {
    connection made = connected();
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    CHECK(getsockname(made.listener, (struct sockaddr *)&address, &size) == 0);
    closed(&made);
    sp2_error error;
    sp2_client *client = NULL;
    CHECK(sp2_client_connect_to(sp2_str_of("127.0.0.1"), ntohs(address.sin_port), &client, &error) ==
          SP2_CONNECT_FAILED);
    CHECK(client == NULL && strlen(error.text) > 0);
}

/* Says that a buffer is a byte longer than it is. */
static void plant(void) {
    uint8_t *short_by_one = malloc(CONNECTED_LENGTH - 1);
    sp2_payload payload;
    memcpy(short_by_one, connected_alice, CONNECTED_LENGTH - 1);
    sp2_decode(short_by_one, CONNECTED_LENGTH, &payload, NULL);
    free(short_by_one);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "plant") == 0) {
        plant();
        puts("nobody has seen it");
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "main") == 0)
        return sp2_main(1, arguments, &backend, NULL);
    CHECK(sp2_main(0, NULL, &backend, NULL) == 2);
    CHECK(sp2_abi_version() == SP2_ABI_VERSION && strlen(sp2_version()) > 0);
    null_is_an_error();
    outputs_are_written_on_success_only();
    errors_say_field_and_offset();
    every_short_buffer_is_too_short();
    huge_lengths_are_refused_before_they_are_read();
    wrong_messages_are_refused();
    errors_name_the_field();
    errors_name_the_innermost_field();
    strings_may_be_vouched_for();
    lists_are_cursors();
    rests_of_merged_maps_can_be_sent();
    launch_reads_the_command_line();
    next_waits_and_ends();
    run_calls_back();
    ticks_are_counted_where_they_are_asked_for();
    a_callback_that_fails_ends_the_loop();
    another_thread_ends_the_loop();
    nobody_listens();
    puts("ok");
    return 0;
}
