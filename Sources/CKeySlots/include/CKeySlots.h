// Looks into an open-addressing table of 32-bit fingerprints, in which 0 stands for a free slot.
#ifndef C_KEY_SLOTS_H
#define C_KEY_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// The first place from `place` on, and from the table's start after its end, that is free or holds `print`. One of them
// must be there.
static inline size_t fingerprint_place(const uint32_t *slots, size_t capacity, size_t place, uint32_t print) {
    for (;;) {
#if defined(__SSE2__)
        const __m128i wanted = _mm_set1_epi32((int)print);
        for (; place + 4 <= capacity; place += 4) {
            const __m128i found = _mm_loadu_si128((const __m128i *)(slots + place));
            const __m128i hits = _mm_or_si128(_mm_cmpeq_epi32(found, _mm_setzero_si128()), _mm_cmpeq_epi32(found, wanted));
            const int mask = _mm_movemask_ps(_mm_castsi128_ps(hits));
            if (mask) return place + (size_t)__builtin_ctz((unsigned)mask);
        }
#endif
        for (; place < capacity; place++)
            if (slots[place] == 0 || slots[place] == print) return place;
        place = 0;
    }
}

// Asks memory for the cache line of `place` without waiting for it.
static inline void fingerprint_ask(const uint32_t *slots, size_t place) { __builtin_prefetch(slots + place, 1); }

#endif
