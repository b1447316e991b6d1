/* Reads frames from standard input, and writes what the C ABI finds in them: a line for each frame with
   its type, lines for its fields, and a line with the frame as it is encoded again. tests/capi_codec.rs
   compares that with what Rust finds. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spectrum2.h"

static void print_hex(const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
}

/* How values of each type of field are printed: nothing when they are absent. */

static void print_required_str(const char *name, sp2_str value) {
    printf(" %s=", name);
    print_hex(value.ptr, value.len);
}

static void print_str(const char *name, sp2_str value) {
    if (value.ptr != NULL)
        print_required_str(name, value);
}

static void print_bytes(const char *name, sp2_bytes value) {
    if (value.ptr == NULL)
        return;
    printf(" %s=", name);
    print_hex(value.ptr, value.len);
}

static void print_number(const char *name, int32_t value) {
    printf(" %s=%" PRId32, name, value);
}

static void print_opt_number(const char *name, sp2_opt_int32 value) {
    if (value.is_set)
        print_number(name, value.value);
}

static void print_opt_bool(const char *name, sp2_opt_bool value) {
    if (value.is_set)
        print_number(name, value.value);
}

static void print_strs(const char *name, sp2_str_list list) {
    size_t count = list.count;
    if (count > 0)
        printf(" %s[%zu]", name, count);
    sp2_str item;
    while (sp2_str_list_next(&list, &item)) {
        print_required_str("", item);
        count--;
    }
    if (count != 0 || list.count != 0)
        printf(" WRONG COUNT");
}

static void print_map(const char *name, sp2_map map) {
    if (map.count > 0)
        printf(" %s[%zu]", name, map.count);
    sp2_entry entry;
    while (sp2_map_next(&map, &entry)) {
        print_required_str("", entry.key);
        print_required_str("", entry.value);
    }
}

static void print_attachments(const char *name, sp2_attachment_list list) {
    if (list.count > 0)
        printf(" %s[%zu]", name, list.count);
    sp2_attachment item;
    while (sp2_attachment_list_next(&list, &item)) {
        print_required_str("url", item.url);
        print_str("mimeType", item.mime_type);
        print_str("description", item.description);
    }
}

static void print_buddy(const sp2_buddy *m) {
    print_required_str("userName", m->user_name);
    print_required_str("buddyName", m->buddy_name);
    print_str("alias", m->alias);
    print_strs("group", m->group);
    print_opt_number("status", m->status);
    print_str("statusMessage", m->status_message);
    print_str("iconHash", m->icon_hash);
    print_opt_bool("blocked", m->blocked);
}

static void print_buddies(const char *name, sp2_buddy_list list) {
    if (list.count > 0)
        printf(" %s[%zu]", name, list.count);
    sp2_buddy item;
    while (sp2_buddy_list_next(&list, &item))
        print_buddy(&item);
}

static void print_login(const sp2_login *m) {
    print_required_str("user", m->user);
    print_required_str("legacyName", m->legacy_name);
    print_required_str("password", m->password);
    print_strs("extraFields", m->extra_fields);
    if (m->settings.is_set) {
        printf(" settings");
        print_map("value", m->settings.value.value);
    }
}

static void print_disconnected(const sp2_disconnected *m) {
    print_required_str("user", m->user);
    print_number("error", m->error);
    print_str("message", m->message);
}

static void print_conversation_message(const sp2_conversation_message *m) {
    print_required_str("userName", m->user_name);
    print_required_str("buddyName", m->buddy_name);
    print_required_str("message", m->message);
    print_str("nickname", m->nickname);
    print_str("xhtml", m->xhtml);
    print_str("timestamp", m->timestamp);
    print_opt_bool("headline", m->headline);
    print_str("id", m->id);
    print_opt_bool("pm", m->pm);
    print_opt_bool("carbon", m->carbon);
    print_attachments("attachment", m->attachment);
}

static void print_room(const sp2_room *m) {
    print_required_str("userName", m->user_name);
    print_required_str("nickname", m->nickname);
    print_required_str("room", m->room);
    print_str("password", m->password);
}

static void print_room_list(const sp2_room_list *m) {
    print_strs("room", m->room);
    print_strs("name", m->name);
    print_str("user", m->user);
}

static void print_participant(const sp2_participant *m) {
    print_required_str("userName", m->user_name);
    print_required_str("room", m->room);
    print_required_str("nickname", m->nickname);
    print_number("flag", m->flag);
    print_number("status", m->status);
    print_str("statusMessage", m->status_message);
    print_str("newname", m->new_name);
    print_str("iconHash", m->icon_hash);
    print_str("alias", m->alias);
}

static void print_vcard(const sp2_vcard *m) {
    print_required_str("userName", m->user_name);
    print_required_str("buddyName", m->buddy_name);
    print_number("id", m->id);
    print_str("fullname", m->fullname);
    print_str("nickname", m->nickname);
    print_bytes("photo", m->photo);
}

static void print_status(const sp2_status *m) {
    print_required_str("userName", m->user_name);
    print_number("status", m->status);
    print_str("statusMessage", m->status_message);
}

static void print_stats(const sp2_stats *m) {
    print_number("res", m->res);
    print_number("init_res", m->init_res);
    print_number("shared", m->shared);
    print_required_str("id", m->id);
}

static void print_file(const sp2_file *m) {
    print_required_str("userName", m->user_name);
    print_required_str("buddyName", m->buddy_name);
    print_required_str("fileName", m->file_name);
    print_number("size", m->size);
    print_opt_number("ftID", m->ft_id);
}

static void print_message(const sp2_payload *payload) {
    switch (payload->type) {
    case SP2_TYPE_PING:
    case SP2_TYPE_PONG:
    case SP2_TYPE_EXIT:
        break;
    case SP2_TYPE_LOGIN:
        print_login(&payload->as.login);
        break;
    case SP2_TYPE_CONNECTED:
        print_required_str("user", payload->as.connected.user);
        break;
    case SP2_TYPE_DISCONNECTED:
        print_disconnected(&payload->as.disconnected);
        break;
    case SP2_TYPE_LOGOUT:
        print_required_str("user", payload->as.logout.user);
        print_required_str("legacyName", payload->as.logout.legacy_name);
        break;
    case SP2_TYPE_BUDDY_CHANGED:
    case SP2_TYPE_BUDDY_REMOVED:
    case SP2_TYPE_BUDDY_TYPING:
    case SP2_TYPE_BUDDY_TYPED:
    case SP2_TYPE_BUDDY_STOPPED_TYPING:
    case SP2_TYPE_AUTH_REQUEST:
        print_buddy(&payload->as.buddy);
        break;
    case SP2_TYPE_BUDDIES:
        print_buddies("buddy", payload->as.buddies.buddy);
        break;
    case SP2_TYPE_STATUS_CHANGED:
        print_status(&payload->as.status);
        break;
    case SP2_TYPE_VCARD:
        print_vcard(&payload->as.vcard);
        break;
    case SP2_TYPE_CONV_MESSAGE:
    case SP2_TYPE_CONV_MESSAGE_ACK:
    case SP2_TYPE_ATTENTION:
    case SP2_TYPE_ROOM_SUBJECT_CHANGED:
        print_conversation_message(&payload->as.conversation_message);
        break;
    case SP2_TYPE_JOIN_ROOM:
    case SP2_TYPE_LEAVE_ROOM:
    case SP2_TYPE_ROOM_NICKNAME_CHANGED:
        print_room(&payload->as.room);
        break;
    case SP2_TYPE_PARTICIPANT_CHANGED:
        print_participant(&payload->as.participant);
        break;
    case SP2_TYPE_ROOM_LIST:
        print_room_list(&payload->as.room_list);
        break;
    case SP2_TYPE_BACKEND_CONFIG:
    case SP2_TYPE_QUERY:
        print_required_str("config", payload->as.backend_config.config);
        break;
    case SP2_TYPE_STATS:
        print_stats(&payload->as.stats);
        break;
    case SP2_TYPE_API_VERSION:
        print_number("version", payload->as.api_version.version);
        break;
    case SP2_TYPE_FT_START:
    case SP2_TYPE_FT_FINISH:
    case SP2_TYPE_FT_PAUSE:
    case SP2_TYPE_FT_CONTINUE:
        print_file(&payload->as.file);
        break;
    case SP2_TYPE_FT_DATA:
        print_number("ftID", payload->as.file_transfer_data.ft_id);
        print_bytes("data", payload->as.file_transfer_data.data);
        break;
    case SP2_TYPE_RAW_XML:
        print_required_str("xml", payload->as.raw_xml);
        break;
    default:
        print_bytes("unknown", payload->as.unknown);
    }
}

static void fail(const sp2_error *error) {
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

typedef sp2_result encoder(const sp2_payload *, uint8_t *, size_t, size_t *, sp2_error *);

/* The frame as it is encoded again, in a buffer of just its length. */
static uint8_t *encode(encoder *encoder, const sp2_payload *payload, size_t *length) {
    sp2_error error;
    size_t written;
    if (sp2_frame_encoded_len(payload, length, &error) != SP2_OK)
        fail(&error);
    uint8_t *frame = malloc(*length);
    if (frame == NULL || encoder(payload, frame, *length, &written, &error) != SP2_OK || written != *length)
        fail(&error);
    return frame;
}

/* The elements of lists in arrays, as a program has them that sends. */

#define MOST 256

static struct {
    sp2_str strs[MOST];
    sp2_entry entries[MOST];
    sp2_attachment attachments[MOST];
    sp2_buddy buddies[MOST];
    size_t used;
} own;

#define OWN(type, list, array)                                                                    \
    do {                                                                                          \
        type rest = *(list);                                                                      \
        if (rest.count > MOST - own.used)                                                         \
            abort();                                                                              \
        *(list) = (type){.items = (array) + own.used, .count = rest.count};                       \
        while (type##_next(&rest, (array) + own.used))                                            \
            own.used++;                                                                           \
    } while (0)

static void own_lists(sp2_payload *payload) {
    own.used = 0;
    switch (payload->type) {
    case SP2_TYPE_LOGIN:
        OWN(sp2_str_list, &payload->as.login.extra_fields, own.strs);
        OWN(sp2_map, &payload->as.login.settings.value.value, own.entries);
        break;
    case SP2_TYPE_BUDDY_CHANGED:
    case SP2_TYPE_BUDDY_REMOVED:
    case SP2_TYPE_BUDDY_TYPING:
    case SP2_TYPE_BUDDY_TYPED:
    case SP2_TYPE_BUDDY_STOPPED_TYPING:
    case SP2_TYPE_AUTH_REQUEST:
        OWN(sp2_str_list, &payload->as.buddy.group, own.strs);
        break;
    case SP2_TYPE_BUDDIES:
        OWN(sp2_buddy_list, &payload->as.buddies.buddy, own.buddies);
        for (size_t i = 0; i < payload->as.buddies.buddy.count; i++)
            OWN(sp2_str_list, &own.buddies[i].group, own.strs);
        break;
    case SP2_TYPE_CONV_MESSAGE:
    case SP2_TYPE_CONV_MESSAGE_ACK:
    case SP2_TYPE_ATTENTION:
    case SP2_TYPE_ROOM_SUBJECT_CHANGED:
        OWN(sp2_attachment_list, &payload->as.conversation_message.attachment, own.attachments);
        break;
    case SP2_TYPE_ROOM_LIST:
        OWN(sp2_str_list, &payload->as.room_list.room, own.strs);
        OWN(sp2_str_list, &payload->as.room_list.name, own.strs);
        break;
    default:
        break;
    }
}

/* Writes to the line where a payload is encoded to another frame. */
static void compare(const char *otherwise, encoder *encoder, const sp2_payload *payload, const uint8_t *frame, size_t length) {
    size_t other_length;
    uint8_t *other = encode(encoder, payload, &other_length);
    if (other_length != length || memcmp(frame, other, length) != 0)
        printf(" OTHERWISE %s", otherwise);
    free(other);
}

/* Encoded as it was received, and with lists in arrays, checked and unchecked: the same. */
static void print_frame(const sp2_payload *payload) {
    size_t length;
    uint8_t *frame = encode(sp2_frame_encode, payload, &length);
    sp2_payload with_own = *payload;
    own_lists(&with_own);
    printf(" -> ");
    print_hex(frame, length);
    compare("WITH ARRAYS", sp2_frame_encode, &with_own, frame, length);
    compare("UNCHECKED", sp2_frame_encode_unchecked, payload, frame, length);
    compare("UNCHECKED WITH ARRAYS", sp2_frame_encode_unchecked, &with_own, frame, length);
    free(frame);
}

static void dump(sp2_bytes body) {
    sp2_payload payload;
    sp2_error error;
    /* A copy of its own, so that valgrind sees where it ends. */
    uint8_t *copy = malloc(body.len + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, body.ptr, body.len);
    copy = realloc(copy, body.len > 0 ? body.len : 1);
    if (sp2_decode(copy, body.len, &payload, &error) == SP2_OK) {
        printf("%" PRId32, payload.type);
        print_message(&payload);
        print_frame(&payload);
    } else {
        printf("%s", error.text);
    }
    printf("\n");
    free(copy);
}

int main(void) {
    size_t capacity = 1 << 16, length = 0, start = 0, count;
    uint8_t *received = malloc(capacity);
    while (received != NULL && (count = fread(received + length, 1, capacity - length, stdin)) > 0) {
        length += count;
        if (length == capacity)
            received = realloc(received, capacity *= 2);
    }
    if (received == NULL)
        return 1;
    sp2_bytes body;
    sp2_error error;
    sp2_result result;
    while ((result = sp2_frame_split(received + start, length - start, SP2_FRAME_DEFAULT_LIMIT, &body, &error)) ==
           SP2_OK) {
        dump(body);
        start += SP2_FRAME_HEADER_LEN + body.len;
    }
    free(received);
    if (result != SP2_INCOMPLETE || start != length)
        fail(&error);
    return 0;
}
