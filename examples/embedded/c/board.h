#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* The first serial port, polled. */

/* Waits for bytes, and returns how many of them `buffer` holds then: at least one. */
size_t uart_receive(uint8_t *buffer, size_t capacity);
void uart_send(const uint8_t *bytes, size_t count);

#endif
