#ifndef CODEC_H
#define CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is measured: each codec implements it. One message is kept. */

/* The bytes of RAM that the kept message takes. */
size_t codec_message_size(void);

/* Decodes the body of a frame, and keeps the message. */
bool codec_decode(const uint8_t *body, size_t length);

/* Reads all elements of the kept message's lists, as a program does that wants them, and returns how many bytes of
   text they have. */
size_t codec_read_lists(void);

/* Encodes the kept message as a frame, and returns its length; 0 is a failure. */
size_t codec_encode(uint8_t *buffer, size_t capacity);

#endif
