/* Measures a codec with one recorded frame of each type, and with frames that have unknown groups:
   instructions, and the deepest stack. It prints a line for each. QEMU runs it with `-icount shift=0`: then an instruction takes a nanosecond. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

/* SAMPLES is the file of the recorded frames, GROUPS that of those with unknown groups. */
__asm__(".section .rodata.samples\n"
        "samples: .incbin \"" SAMPLES "\"\n"
        "samples_end: groups: .incbin \"" GROUPS "\"\n"
        "groups_end: .previous\n");
extern const uint8_t samples[], samples_end[], groups[], groups_end[];

enum { HEADER = 4, CAPACITY = 512, REPEATED = 100, DEEPEST = 16384 };

static const uint8_t *frame;
static size_t frame_length;
static uint8_t encoded[CAPACITY];
static size_t encoded_length;
static bool decoded;

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

static void measure_sample(void) {
    decode();
    if (!decoded)
        fail("is not decoded");
    encode();
    if (encoded_length != frame_length || memcmp(encoded, frame, frame_length) != 0)
        fail("is encoded to other bytes than were recorded");
    printf("%u %u %u %u %u %u\n", frame[HEADER + 1], (unsigned)frame_length, instructions(decode), stack(decode),
           instructions(encode), stack(encode));
}

/* Not encoded: what is unknown is dropped. A codec may refuse groups; it is then not measured. */
static void measure_group(void) {
    decode();
    printf("group-%u %u", frame[HEADER + 1], (unsigned)frame_length);
    if (decoded)
        printf(" %u %u", instructions(decode), stack(decode));
    printf("\n");
}

static void measure_each(const uint8_t *frames, const uint8_t *end, void (*measure)(void)) {
    for (frame = frames; frame < end; frame += frame_length) {
        frame_length = HEADER + (frame[2] << 8 | frame[3]);
        measure();
    }
}

int main(void) {
    start_timer();
    unsigned counted = instructions(known);
    if (counted < 9995 || counted > 10005) {
        fprintf(stderr, "FAIL: 10000 instructions are counted as %u\n", counted);
        return 1;
    }
    printf("message %u\n", (unsigned)codec_message_size());
    measure_each(samples, samples_end, measure_sample);
    measure_each(groups, groups_end, measure_group);
    return 0;
}
