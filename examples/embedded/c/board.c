/* A TI LM3S6965 (Cortex-M3), as far as the example needs it: vectors and the first serial port. Reset
   leaves QEMU's port ready for use; on a real chip it wants its clock, its pins and its speed first. */

#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#define UART_DATA (*(volatile uint32_t *)0x4000c000)
#define UART_FLAGS (*(volatile const uint32_t *)0x4000c018)
#define RECEIVER_EMPTY (1u << 4)
#define TRANSMITTER_FULL (1u << 5)

extern uint32_t __stack[];

/* Of newlib: it clears memory, reads the command line, calls main and ends QEMU with its status. */
void _start(void);

static void on_fault(void) {
    fputs("FAIL: a fault of the processor\n", stderr);
    _Exit(1);
}

/* The stack, reset, and the faults; nothing else is enabled. */
static const struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {
    __stack, {_start, on_fault, on_fault, on_fault, on_fault, on_fault},
};

size_t uart_receive(uint8_t *buffer, size_t capacity) {
    size_t count = 0;
    while (count == 0)
        while (count < capacity && (UART_FLAGS & RECEIVER_EMPTY) == 0)
            buffer[count++] = (uint8_t)UART_DATA;
    return count;
}

void uart_send(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        while (UART_FLAGS & TRANSMITTER_FULL) {
        }
        UART_DATA = bytes[i];
    }
}
