/* SHA-1 (RFC 3174), for icon hashes. */
#ifndef SHA1_H
#define SHA1_H

#include <stddef.h>

/* Writes the hash of `length` bytes to `hex`: 40 lower-case digits and a NUL. */
void sha1_hex(const unsigned char *bytes, size_t length, char hex[41]);

#endif
