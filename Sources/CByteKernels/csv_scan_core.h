// The part of the CSV scan that does not depend on the instruction set.
#ifndef CSV_SCAN_CORE_H
#define CSV_SCAN_CORE_H

#include <string.h>

#include "csv_scan.h"

#define CSV_INLINE static inline __attribute__((always_inline))

// One bit a byte of a block, least significant first.
typedef struct {
    uint64_t quote, delimiter, lf, cr, high, nul;
} csv_masks;

// Bits below `n` (0...64).
CSV_INLINE uint64_t csv_low_bits(unsigned n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

// The bits of a block of `n` bytes that lie outside quoted fields; quotes that open one are not among them, and what
// follows the closing quote is.
//
// It walks from quote to quote: outside, to the next quote that is the first byte of a field; inside, to the next quote
// that is not doubled.
static uint64_t csv_outside(uint64_t quote, uint64_t breaks, csv_scan_state *state, unsigned n, int next_is_quote) {
    if (state->skip_quote) {
        quote &= ~1ull;
        state->skip_quote = 0;
    }
    const uint64_t opening = quote & (breaks << 1 | state->previous_break);
    uint64_t outside = 0;
    unsigned at = 0;
    int inside = state->in_quote;
    while (at < n) {
        const uint64_t rest = ~0ull << at;
        if (inside) {
            const uint64_t closing = quote & rest;
            if (!closing) break;
            const unsigned i = (unsigned)__builtin_ctzll(closing);
            const int doubled = i + 1 < n ? (int)(quote >> (i + 1) & 1) : next_is_quote;
            if (doubled) {
                at = i + 2;
                state->skip_quote = at > n;
            } else {
                at = i + 1;
                inside = 0;
            }
        } else {
            const uint64_t next = opening & rest;
            if (!next) {
                outside |= rest;
                break;
            }
            const unsigned i = (unsigned)__builtin_ctzll(next);
            outside |= rest & csv_low_bits(i);
            at = i + 1;
            inside = 1;
        }
    }
    state->in_quote = (uint8_t)inside;
    return outside;
}

// Writes the positions of the bits of `mask`; may write 7 entries too many.
CSV_INLINE void csv_emit_scalar(uint32_t *out, uint64_t mask, uint32_t base) {
    while (mask) {
        for (int i = 0; i < 8; i++) {
            out[i] = base + (uint32_t)__builtin_ctzll(mask | 1ull << 63);
            mask &= mask - 1;
        }
        out += 8;
    }
}

#endif
