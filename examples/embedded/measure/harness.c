/* Measures a codec with one recorded frame of each type, and with unusual frames: instructions, and the deepest
   stack. It prints a line for each. QEMU runs it with `-icount shift=0`: then an instruction takes a nanosecond. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

/* SAMPLES is the file of the recorded frames, UNUSUAL that of the others. */
__asm__(".section .rodata.samples\n"
        "samples: .incbin \"" SAMPLES "\"\n"
        "samples_end: unusual: .incbin \"" UNUSUAL "\"\n"
        "unusual_end: .previous\n");
extern const uint8_t samples[], samples_end[], unusual[], unusual_end[];

enum { HEADER = 4, CAPACITY = 512, REPEATED = 100, DEEPEST = 16384 };

static const uint8_t *frame;
static size_t frame_length;
static uint8_t encoded[CAPACITY];
static size_t encoded_length;
static bool decoded;
static size_t list_bytes;

static void fail(const char *mistake) {
    fprintf(stderr, "FAIL: %s, type %u\n", mistake, frame[HEADER + 1]);
    exit(1);
}

static void decode(void) {
    decoded = codec_decode(frame + HEADER, frame_length - HEADER);
}

static void encode(void) {
    encoded_length = codec_encode(encoded, sizeof encoded);
}

static void read_lists(void) {
    list_bytes = codec_read_lists();
}

static void nothing(void) {
}

/* Ten thousand instructions, and those of a call. */
static void known(void) {
    __asm__ volatile("movw r0, #5000\n1: subs r0, #1\nbne 1b" ::: "r0", "cc");
}

/* The system's clock at its fastest, and the timer of the processor on it, downwards. */
#define CLOCK_CONFIGURATION (*(volatile uint32_t *)0x400fe060)
#define TIMER_CONTROL (*(volatile uint32_t *)0xe000e010)
#define TIMER_RELOAD (*(volatile uint32_t *)0xe000e014)
#define TIMER_VALUE (*(volatile uint32_t *)0xe000e018)
enum { NANOSECONDS_A_TICK = 5 };

static void start_timer(void) {
    CLOCK_CONFIGURATION = (CLOCK_CONFIGURATION & ~(0xfu << 23)) | 1u << 22;
    TIMER_RELOAD = 0xffffff;
    TIMER_VALUE = 0;
    TIMER_CONTROL = 5;
}

/* Of so many calls. */
__attribute__((noinline)) static uint32_t instructions_of_all(void (*operation)(void)) {
    uint32_t start = TIMER_VALUE;
    for (int i = 0; i < REPEATED; i++)
        operation();
    return ((start - TIMER_VALUE) & 0xffffff) * NANOSECONDS_A_TICK;
}

/* Of one call, without the loop and the call itself. */
static unsigned instructions(void (*operation)(void)) {
    uint32_t all = instructions_of_all(operation), loop = instructions_of_all(nothing);
    return (all - loop + REPEATED / 2) / REPEATED;
}

/* Paints what is below the stack, and looks how far the paint is gone afterwards. */
__attribute__((noinline)) static unsigned stack(void (*operation)(void)) {
    const uint32_t paint = 0xdeadbeef;
    uint32_t *top;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    volatile uint32_t *bottom = top - DEEPEST / sizeof *top;
    for (volatile uint32_t *word = bottom; word < top; word++)
        *word = paint;
    operation();
    volatile uint32_t *word = bottom;
    while (word < top && *word == paint)
        word++;
    return (unsigned)((top - word) * sizeof *top);
}

static void measure(const char *name, void (*operation)(void)) {
    printf("%s=%u %s_stack=%u ", name, instructions(operation), name, stack(operation));
}

static void measure_sample(void) {
    decode();
    if (!decoded)
        fail("is not decoded");
    encode();
    if (encoded_length != frame_length || memcmp(encoded, frame, frame_length) != 0)
        fail("is encoded to other bytes than were recorded");
    printf("%u length=%u ", frame[HEADER + 1], (unsigned)frame_length);
    measure("decoding", decode);
    measure("encoding", encode);
    measure("lists", read_lists);
    printf("\n");
}

/* Encoded to other bytes: as serializers write it, without what is unknown. */
static void measure_unusual(void) {
    static unsigned number;
    decode();
    printf("unusual-%u length=%u decoded=%u ", number++, (unsigned)frame_length, decoded);
    measure("decoding", decode);
    if (decoded) {
        encode();
        if (encoded_length == 0)
            fail("is not encoded");
        measure("lists", read_lists);
        measure("encoding", encode);
        printf("list_bytes=%u encoded_bytes=%u", (unsigned)list_bytes, (unsigned)encoded_length);
    }
    printf("\n");
}

static void for_each(const uint8_t *frames, const uint8_t *end, void (*measure_frame)(void)) {
    for (frame = frames; frame < end; frame += frame_length) {
        frame_length = HEADER + (frame[2] << 8 | frame[3]);
        measure_frame();
    }
}

int main(void) {
    start_timer();
    unsigned counted = instructions(known);
    if (counted < 9995 || counted > 10005) {
        fprintf(stderr, "FAIL: 10000 instructions are counted as %u\n", counted);
        return 1;
    }
    printf("message length=%u\n", (unsigned)codec_message_size());
    for_each(samples, samples_end, measure_sample);
    for_each(unusual, unusual_end, measure_unusual);
    return 0;
}
