#include <stddef.h>

/* What runtime.c calls: nothing is run, all is linked. */
int spectrum2_check(int planted) {
    return planted;
}

/* The compiler knows the loop of sp2_str_of. */
size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}
