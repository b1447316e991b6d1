/* The codec as a C program uses it: what benches/capi/main.rs does, through the C ABI. That program runs
   this one, and counts the instructions of `measured_decode` and the like.

     codec decode|encode|encode_unchecked FRAME

   Prints the sum of all that was touched, or writes the frame that it encoded. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spectrum2.h"

#define REPETITIONS 10

static void fail(const char *what) {
    fprintf(stderr, "codec: %s\n", what);
    exit(1);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (!memory)
        fail("no memory");
    return memory;
}

/* Touching: the number of every message, the length and the first byte of every string, the value of every number. */

static inline uint64_t text(sp2_str value) {
    return value.len + (value.len == 0 ? 0 : (unsigned char)*value.ptr);
}

static inline uint64_t truth(sp2_opt_bool value) { return value.is_set ? value.value : 0; }

static inline uint64_t buddy(const sp2_buddy *message) {
    uint64_t sum = text(message->user_name) + text(message->buddy_name) + text(message->alias);
    sp2_str_list groups = message->group;
    for (sp2_str group; sp2_str_list_next(&groups, &group);)
        sum += text(group);
    if (message->status.is_set)
        sum += (uint64_t)message->status.value;
    return sum + text(message->status_message) + text(message->icon_hash) + truth(message->blocked);
}

static inline uint64_t conversation(const sp2_conversation_message *message) {
    uint64_t sum = text(message->user_name) + text(message->buddy_name) + text(message->message) +
                   text(message->nickname) + text(message->xhtml) + text(message->timestamp) +
                   truth(message->headline) + text(message->id) + truth(message->pm) + truth(message->carbon);
    sp2_attachment_list attachments = message->attachment;
    for (sp2_attachment attachment; sp2_attachment_list_next(&attachments, &attachment);)
        sum += 11 + text(attachment.url) + text(attachment.mime_type) + text(attachment.description);
    return sum;
}

static inline uint64_t touch(const sp2_payload *payload) {
    switch (payload->type) {
    case SP2_TYPE_CONV_MESSAGE:
        return (uint64_t)payload->type + conversation(&payload->as.conversation_message);
    case SP2_TYPE_BUDDIES: {
        uint64_t sum = (uint64_t)payload->type;
        sp2_buddy_list contacts = payload->as.buddies.buddy;
        for (sp2_buddy contact; sp2_buddy_list_next(&contacts, &contact);)
            sum += 1 + buddy(&contact);
        return sum;
    }
    default:
        fail("no workload has this type");
        return 0;
    }
}

/* Lists as a program has them that sends: in arrays. */

static sp2_str_list own_strings(sp2_str_list list) {
    sp2_str *items = allocate(list.count, sizeof(*items));
    sp2_str_list own = {.items = items, .count = list.count};
    while (sp2_str_list_next(&list, items))
        items++;
    return own;
}

static sp2_attachment_list own_attachments(sp2_attachment_list list) {
    sp2_attachment *items = allocate(list.count, sizeof(*items));
    sp2_attachment_list own = {.items = items, .count = list.count};
    while (sp2_attachment_list_next(&list, items))
        items++;
    return own;
}

static sp2_buddy_list own_buddies(sp2_buddy_list list) {
    sp2_buddy *items = allocate(list.count, sizeof(*items));
    sp2_buddy_list own = {.items = items, .count = list.count};
    for (; sp2_buddy_list_next(&list, items); items++)
        items->group = own_strings(items->group);
    return own;
}

static void own_lists(sp2_payload *payload) {
    if (payload->type == SP2_TYPE_BUDDIES)
        payload->as.buddies.buddy = own_buddies(payload->as.buddies.buddy);
    else
        payload->as.conversation_message.attachment = own_attachments(payload->as.conversation_message.attachment);
}

/* A frame, and what it holds. */
typedef struct {
    uint8_t *frame;
    size_t length;
    sp2_payload payload;
    uint64_t sum;
} work;

static __attribute__((noinline)) void decode(work *work) {
    sp2_bytes body;
    if (sp2_frame_split(work->frame, work->length, SP2_FRAME_DEFAULT_LIMIT, &body, NULL) != SP2_OK ||
        sp2_decode(body.ptr, body.len, &work->payload, NULL) != SP2_OK)
        fail("cannot decode");
    work->sum = touch(&work->payload);
}

static __attribute__((noinline)) void encode(work *work) {
    size_t length;
    if (sp2_frame_encode(&work->payload, work->frame, work->length, &length, NULL) != SP2_OK || length != work->length)
        fail("cannot encode");
}

static __attribute__((noinline)) void encode_unchecked(work *work) {
    size_t length;
    if (sp2_frame_encode_unchecked(&work->payload, work->frame, work->length, &length, NULL) != SP2_OK ||
        length != work->length)
        fail("cannot encode");
}

__attribute__((noinline)) void measured_decode(work *work) {
    for (int i = 0; i < REPETITIONS; i++)
        decode(work);
}

__attribute__((noinline)) void measured_encode(work *work) {
    for (int i = 0; i < REPETITIONS; i++)
        encode(work);
}

__attribute__((noinline)) void measured_encode_unchecked(work *work) {
    for (int i = 0; i < REPETITIONS; i++)
        encode_unchecked(work);
}

int main(int count, char **arguments) {
    work work = {.frame = allocate(1 << 20, 1)};
    FILE *file = count == 3 ? fopen(arguments[2], "rb") : NULL;
    if (!file)
        fail("usage: codec decode|encode|encode_unchecked FRAME");
    work.length = fread(work.frame, 1, 1 << 20, file);
    fclose(file);
    decode(&work);
    if (strcmp(arguments[1], "decode") == 0) {
        measured_decode(&work);
        printf("%llu\n", (unsigned long long)work.sum);
    } else {
        /* The strings stay where they are. */
        own_lists(&work.payload);
        work.frame = allocate(work.length, 1);
        if (strcmp(arguments[1], "encode") == 0) {
            encode(&work);
            measured_encode(&work);
        } else {
            encode_unchecked(&work);
            measured_encode_unchecked(&work);
        }
        fwrite(work.frame, 1, work.length, stdout);
    }
    return 0;
}
