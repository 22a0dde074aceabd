#include "utf8_scan.h"

#include <string.h>

static inline int is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// The length of the well-formed sequence at `p`, 0 when there is none.
static inline size_t sequence_length(const uint8_t *p, size_t left) {
    const uint8_t first = p[0];
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (first < 0xF0) {
        if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
        if (first == 0xE0 && p[1] < 0xA0) return 0; // overlong
        if (first == 0xED && p[1] > 0x9F) return 0; // surrogate
        return 3;
    }
    if (first > 0xF4 || left < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3])) {
        return 0;
    }
    if (first == 0xF0 && p[1] < 0x90) return 0; // overlong
    if (first == 0xF4 && p[1] > 0x8F) return 0; // above U+10FFFF
    return 4;
}

size_t utf8_valid_prefix(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        while (count - at >= 32) {
            uint64_t words[4];
            memcpy(words, bytes + at, 32);
            if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ull) break;
            at += 32;
        }
        if (count - at >= 8) {
            uint64_t word;
            memcpy(&word, bytes + at, 8);
            if (!(word & 0x8080808080808080ull)) {
                at += 8;
                continue;
            }
        }
        if (at == count) break;
        const size_t length = sequence_length(bytes + at, count - at);
        if (length == 0) return at;
        at += length;
    }
    return count;
}
