/* This crate, by its C ABI. */

#include <spectrum2.h>

#include "codec.h"

static sp2_payload payload;

size_t codec_message_size(void) {
    return sizeof payload;
}

bool codec_decode(const uint8_t *body, size_t length) {
    return sp2_decode(body, length, &payload, NULL) == SP2_OK;
}

size_t codec_encode(uint8_t *buffer, size_t capacity) {
    size_t length;
    return sp2_frame_encode(&payload, buffer, capacity, &length, NULL) == SP2_OK ? length : 0;
}
