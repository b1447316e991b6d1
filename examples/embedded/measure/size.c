/* The smallest program that has a codec in it: only its size counts. */

#include "codec.h"

volatile bool decoded;
volatile size_t encoded;
uint8_t buffer[64];

void start(void) {
    decoded = codec_decode(buffer, sizeof buffer);
    encoded = codec_encode(buffer, sizeof buffer);
}
