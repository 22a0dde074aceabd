// Validation of UTF-8 (RFC 3629).
#ifndef UTF8_SCAN_H
#define UTF8_SCAN_H

#include <stddef.h>
#include <stdint.h>

// The offset of the first byte that starts no well-formed sequence, or `count` when all do.
size_t utf8_valid_prefix(const uint8_t *bytes, size_t count);

#endif
