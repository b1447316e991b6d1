/* This crate, by its C ABI. */

#include <spectrum2.h>

#include "codec.h"

static sp2_payload payload;

/* What is wrong is told here. The smallest program does not ask. */
#ifdef SAMPLES
static sp2_error told;
static sp2_error *const error = &told;
#else
static sp2_error *const error = NULL;
#endif

size_t codec_message_size(void) {
    return sizeof payload;
}

bool codec_decode(const uint8_t *body, size_t length) {
    return sp2_decode(body, length, &payload, error) == SP2_OK;
}

static size_t texts_of(sp2_str_list list) {
    size_t bytes = 0;
    sp2_str text;
    while (sp2_str_list_next(&list, &text))
        bytes += text.len;
    return bytes;
}

static size_t entries_of(sp2_map map) {
    size_t bytes = 0;
    sp2_entry entry;
    while (sp2_map_next(&map, &entry))
        bytes += entry.key.len + entry.value.len;
    return bytes;
}

static size_t buddies_of(sp2_buddy_list list) {
    size_t bytes = 0;
    sp2_buddy buddy;
    while (sp2_buddy_list_next(&list, &buddy))
        bytes += buddy.buddy_name.len + texts_of(buddy.group);
    return bytes;
}

static size_t attachments_of(sp2_attachment_list list) {
    size_t bytes = 0;
    sp2_attachment attachment;
    while (sp2_attachment_list_next(&list, &attachment))
        bytes += attachment.url.len + attachment.mime_type.len;
    return bytes;
}

size_t codec_read_lists(void) {
    switch (payload.type) {
    case SP2_TYPE_LOGIN: return texts_of(payload.as.login.extra_fields) + entries_of(payload.as.login.settings.value.value);
    case SP2_TYPE_BUDDY_CHANGED: return texts_of(payload.as.buddy.group);
    case SP2_TYPE_BUDDIES: return buddies_of(payload.as.buddies.buddy);
    case SP2_TYPE_CONV_MESSAGE: return attachments_of(payload.as.conversation_message.attachment);
    case SP2_TYPE_ROOM_LIST: return texts_of(payload.as.room_list.room) + texts_of(payload.as.room_list.name);
    default: return 0;
    }
}

size_t codec_encode(uint8_t *buffer, size_t capacity) {
    size_t length;
    return sp2_frame_encode(&payload, buffer, capacity, &length, error) == SP2_OK ? length : 0;
}
