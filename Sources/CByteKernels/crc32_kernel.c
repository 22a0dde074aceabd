#include "crc32_kernel.h"

#include <string.h>

// The register holds the remainder with reflected bits; it is inverted on the way in and out.
#define POLYNOMIAL 0xEDB88320u
#define TABLES 16

static uint32_t tables[TABLES][256];

// table[0] advances the remainder by one byte, table[k] by k + 1 bytes: sixteen look-ups take sixteen bytes at once.
__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++) {
            remainder = (remainder >> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
        }
        tables[0][byte] = remainder;
    }
    for (int table = 1; table < TABLES; table++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t previous = tables[table - 1][byte];
            tables[table][byte] = (previous >> 8) ^ tables[0][previous & 0xFF];
        }
    }
}

static uint32_t advance_portable(uint32_t remainder, const uint8_t *bytes, size_t count) {
    while (count >= TABLES) {
        uint8_t block[TABLES];
        memcpy(block, bytes, TABLES);
        for (int index = 0; index < 4; index++) {
            block[index] ^= (uint8_t)(remainder >> (8 * index));
        }
        uint32_t next = 0;
        for (int index = 0; index < TABLES; index++) {
            next ^= tables[TABLES - 1 - index][block[index]];
        }
        remainder = next;
        bytes += TABLES;
        count -= TABLES;
    }
    for (; count > 0; count--) {
        remainder = (remainder >> 8) ^ tables[0][(remainder ^ *bytes++) & 0xFF];
    }
    return remainder;
}

uint32_t dipper_crc32_portable(uint32_t seed, const uint8_t *bytes, size_t count) {
    return ~advance_portable(~seed, bytes, count);
}

#if defined(__x86_64__)
#include <immintrin.h>

// The smallest input that is worth the set-up of four accumulators.
#define FOLD_BYTES_MIN 128

// Folding: a 128-bit accumulator A followed by d bits of input is congruent to
// A.low * (x^(d+32) mod P) + A.high * (x^(d-32) mod P), so that accumulators move over the input and are reduced once.
// The constants are those powers with reflected bits, shifted by one as the reflected product needs.
__attribute__((target("pclmul,sse4.1"))) static __m128i fold(__m128i accumulator, __m128i input, __m128i powers) {
    __m128i low = _mm_clmulepi64_si128(accumulator, powers, 0x00);
    __m128i high = _mm_clmulepi64_si128(accumulator, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), input);
}

__attribute__((target("pclmul,sse4.1"))) static uint32_t advance_folding(
    uint32_t remainder, const uint8_t *bytes, size_t count
) {
    const __m128i by_512_bits = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i by_128_bits = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    __m128i lanes[4];
    for (int lane = 0; lane < 4; lane++) {
        lanes[lane] = _mm_loadu_si128((const __m128i *)(bytes + 16 * lane));
    }
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128((int)remainder));
    bytes += 64;
    count -= 64;
    while (count >= 64) {
        for (int lane = 0; lane < 4; lane++) {
            lanes[lane] = fold(lanes[lane], _mm_loadu_si128((const __m128i *)(bytes + 16 * lane)), by_512_bits);
        }
        bytes += 64;
        count -= 64;
    }
    __m128i last = lanes[0];
    for (int lane = 1; lane < 4; lane++) {
        last = fold(last, lanes[lane], by_128_bits);
    }
    while (count >= 16) {
        last = fold(last, _mm_loadu_si128((const __m128i *)bytes), by_128_bits);
        bytes += 16;
        count -= 16;
    }
    // The accumulator stands for sixteen bytes of input whose remainder the table finds.
    uint8_t tail[16];
    _mm_storeu_si128((__m128i *)tail, last);
    return advance_portable(advance_portable(0, tail, sizeof tail), bytes, count);
}

uint32_t dipper_crc32(uint32_t seed, const uint8_t *bytes, size_t count) {
    if (count >= FOLD_BYTES_MIN && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
        return ~advance_folding(~seed, bytes, count);
    }
    return dipper_crc32_portable(seed, bytes, count);
}
#else
uint32_t dipper_crc32(uint32_t seed, const uint8_t *bytes, size_t count) {
    return dipper_crc32_portable(seed, bytes, count);
}
#endif
