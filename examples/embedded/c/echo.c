/* An echo backend on a microcontroller, as ../src has it in Rust: frames come and go over its serial
   port. No heap, no operating system.

   Before it serves it checks itself with recorded frames. The word `wrong-byte` or `fault` on the command
   line plants a fault, which has to be noticed. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spectrum2.h>

#include "board.h"

/* Longer than each frame that is expected. A longer one ends the session: it cannot be kept. */
enum { CAPACITY = 512 };

/* FRAMES is the file of the recorded frames. */
__asm__(".section .rodata.frames\n"
        "frames: .incbin \"" FRAMES "\"\n"
        "frames_end: .previous\n");
extern const uint8_t frames[], frames_end[];

static void fail(const char *mistake) {
    fprintf(stderr, "FAIL: %s\n", mistake);
    exit(1);
}

/* Some were recorded with a text that is not UTF-8: it holds the byte 0xff. */
static bool refused_rightly(sp2_result result, const uint8_t *body, size_t length) {
    return result == SP2_INVALID_UTF8 && memchr(body, 0xff, length) != NULL;
}

static void check_frame(const uint8_t *body, size_t length, const uint8_t *recorded) {
    static uint8_t buffer[CAPACITY];
    sp2_payload payload;
    size_t encoded;
    sp2_result result = sp2_decode(body, length, &payload, NULL);
    if (refused_rightly(result, body, length))
        return;
    if (result != SP2_OK)
        fail("a recorded frame is malformed");
    if (sp2_frame_encode(&payload, buffer, sizeof buffer, &encoded, NULL) != SP2_OK)
        fail("a recorded frame is too long");
    if (encoded != SP2_FRAME_HEADER_LEN + length)
        fail("a frame is encoded to another length than was recorded");
    if (memcmp(buffer, recorded, encoded) != 0)
        fail("a frame is encoded to other bytes than were recorded");
}

/* Changes the last byte of a text. */
static void damage(uint8_t *body, size_t length) {
    uint8_t *last = &body[length - 1];
    if (*last >= 'a' && *last <= 'z')
        *last -= 1;
}

/* Decodes all recorded frames and encodes them again. */
static void check_recorded(bool wrong_byte) {
    static uint8_t copy[CAPACITY];
    const uint8_t *recorded = frames;
    sp2_bytes body;
    int count = 0;
    while (sp2_frame_split(recorded, frames_end - recorded, sizeof copy, &body, NULL) == SP2_OK) {
        memcpy(copy, body.ptr, body.len);
        if (wrong_byte)
            damage(copy, body.len);
        check_frame(copy, body.len, recorded);
        recorded += SP2_FRAME_HEADER_LEN + body.len;
        count++;
    }
    if (recorded != frames_end)
        fail("a part of a frame is left");
    fprintf(stderr, "%d recorded frames: decoded, and encoded again to the same bytes\n", count);
}

static void send(const sp2_payload *answer) {
    static uint8_t buffer[CAPACITY];
    size_t length;
    if (sp2_frame_encode(answer, buffer, sizeof buffer, &length, NULL) != SP2_OK)
        fail("an answer is too long");
    uart_send(buffer, length);
}

static void welcome(struct sp2_str user) {
    sp2_payload connected = {.type = SP2_TYPE_CONNECTED, .as.connected = {.user = user}};
    sp2_payload contact = {.type = SP2_TYPE_BUDDY_CHANGED,
                           .as.buddy = {.user_name = user,
                                        .buddy_name = sp2_str_of("echo"),
                                        .alias = sp2_str_of("Echo"),
                                        .status = {.is_set = 1, .value = SP2_STATUS_ONLINE}}};
    send(&connected);
    send(&contact);
}

/* Sends the answers to a request, and returns how many there are. */
static int answer(const sp2_payload *request) {
    sp2_payload pong = {.type = SP2_TYPE_PONG};
    switch (request->type) {
    case SP2_TYPE_PING:
        send(&pong);
        return 1;
    case SP2_TYPE_LOGIN:
        welcome(request->as.login.user);
        return 2;
    case SP2_TYPE_CONV_MESSAGE:
    case SP2_TYPE_ATTENTION:
    case SP2_TYPE_BUDDY_TYPING:
    case SP2_TYPE_BUDDY_STOPPED_TYPING:
        send(request);
        return 1;
    default:
        return 0;
    }
}

/* Answers requests until one of them is EXIT. */
static void serve(void) {
    static uint8_t received[CAPACITY];
    size_t length = 0;
    int requests = 0, answers = 0;
    for (;;) {
        sp2_bytes body;
        sp2_result split;
        length += uart_receive(received + length, sizeof received - length);
        while ((split = sp2_frame_split(received, length, sizeof received - SP2_FRAME_HEADER_LEN, &body, NULL)) ==
               SP2_OK) {
            sp2_payload request;
            size_t taken = SP2_FRAME_HEADER_LEN + body.len;
            /* What is malformed costs this message alone. */
            if (sp2_decode(body.ptr, body.len, &request, NULL) == SP2_OK) {
                requests++;
                answers += answer(&request);
                if (request.type == SP2_TYPE_EXIT) {
                    fprintf(stderr, "%d requests answered by %d frames\n", requests, answers);
                    return;
                }
            }
            length -= taken;
            memmove(received, received + taken, length);
        }
        if (split == SP2_FRAME_TOO_LARGE)
            fail("a frame is too long");
    }
}

int main(int count, char **arguments) {
    const char *planted = count > 0 ? arguments[count - 1] : "";
    /* C has no panic; a fault comes nearest. */
    if (strcmp(planted, "fault") == 0)
        __builtin_trap();
    check_recorded(strcmp(planted, "wrong-byte") == 0);
    serve();
    return 0;
}
