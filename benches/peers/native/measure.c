/* Counts allocations, of Rust, C and C++ alike, and talks to callgrind. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAVE_CALLGRIND 1
#else
#define HAVE_CALLGRIND 0
#endif

/* glibc's own names of what is replaced here. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static size_t allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

size_t measure_allocations(void) { return allocations; }

int measure_has_callgrind(void) { return HAVE_CALLGRIND; }

/* The seeds of hash maps: the same in every run whose instructions are counted. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags) {
    if (!getenv("FIXED_SEEDS")) return syscall(SYS_getrandom, buffer, length, flags);
    memset(buffer, 1, length);
    return (ssize_t)length;
}

/* Instructions count from here... */
void measure_start(void) {
#if HAVE_CALLGRIND
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
#endif
}

/* ...to here; callgrind writes them to a file that tells the name. */
void measure_stop(const char *name) {
#if HAVE_CALLGRIND
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name);
#else
    (void)name;
#endif
}
