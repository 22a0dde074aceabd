#include "csv_scan.h"

#include "csv_scan_core.h"

// Any machine: eight bytes a word.

CSV_INLINE uint64_t portable_equal(uint64_t word, uint64_t pattern) {
    const uint64_t x = word ^ pattern;
    // Bit 7 of each byte that is zero; exact, without borrows between bytes.
    const uint64_t zero = ~(((x & 0x7F7F7F7F7F7F7F7Full) + 0x7F7F7F7F7F7F7F7Full) | x | 0x7F7F7F7F7F7F7F7Full);
    return zero;
}

// The high bits of the eight bytes, as eight bits.
CSV_INLINE uint64_t portable_gather(uint64_t bits) { return (bits >> 7) * 0x0102040810204080ull >> 56; }

CSV_INLINE csv_masks portable_load(const uint8_t *p, uint8_t delimiter, uint8_t quote) {
    const uint64_t ones = 0x0101010101010101ull;
    csv_masks m = {0};
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word = 0;
        for (unsigned k = 0; k < 8; k++) word |= (uint64_t)p[8 * i + k] << (8 * k);
        m.quote |= portable_gather(portable_equal(word, ones * quote)) << (8 * i);
        m.delimiter |= portable_gather(portable_equal(word, ones * delimiter)) << (8 * i);
        m.lf |= portable_gather(portable_equal(word, ones * '\n')) << (8 * i);
        m.cr |= portable_gather(portable_equal(word, ones * '\r')) << (8 * i);
        m.high |= portable_gather(word & 0x8080808080808080ull) << (8 * i);
        m.nul |= portable_gather(portable_equal(word, 0)) << (8 * i);
    }
    return m;
}

#define CSV_NAME(x) portable_##x
#define CSV_TARGET
#define CSV_LOAD portable_load
#define CSV_EMIT csv_emit_scalar
#include "csv_scan_template.h"
#undef CSV_NAME
#undef CSV_TARGET
#undef CSV_LOAD
#undef CSV_EMIT

#if defined(__x86_64__)
#include <immintrin.h>

CSV_INLINE uint64_t sse2_equal(const __m128i v[4], uint8_t byte) {
    const __m128i pattern = _mm_set1_epi8((char)byte);
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) mask |= (uint64_t)(uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], pattern)) << (16 * i);
    return mask;
}

CSV_INLINE csv_masks sse2_load(const uint8_t *p, uint8_t delimiter, uint8_t quote) {
    __m128i v[4];
    csv_masks m = {0};
    for (int i = 0; i < 4; i++) {
        v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
        m.high |= (uint64_t)(uint16_t)_mm_movemask_epi8(v[i]) << (16 * i);
    }
    m.quote = sse2_equal(v, quote);
    m.delimiter = sse2_equal(v, delimiter);
    m.lf = sse2_equal(v, '\n');
    m.cr = sse2_equal(v, '\r');
    m.nul = sse2_equal(v, 0);
    return m;
}

#define CSV_NAME(x) sse2_##x
#define CSV_TARGET
#define CSV_LOAD sse2_load
#define CSV_EMIT csv_emit_scalar
#include "csv_scan_template.h"
#undef CSV_NAME
#undef CSV_TARGET
#undef CSV_LOAD
#undef CSV_EMIT

#define AVX2_TARGET __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

AVX2_TARGET CSV_INLINE uint64_t avx2_equal(__m256i low, __m256i high, uint8_t byte) {
    const __m256i pattern = _mm256_set1_epi8((char)byte);
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern))
           | (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern)) << 32;
}

AVX2_TARGET CSV_INLINE csv_masks avx2_load(const uint8_t *p, uint8_t delimiter, uint8_t quote) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)p);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));
    csv_masks m;
    m.quote = avx2_equal(low, high, quote);
    m.delimiter = avx2_equal(low, high, delimiter);
    m.lf = avx2_equal(low, high, '\n');
    m.cr = avx2_equal(low, high, '\r');
    m.nul = avx2_equal(low, high, 0);
    m.high = (uint64_t)(uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
    return m;
}

#define CSV_NAME(x) avx2_##x
#define CSV_TARGET AVX2_TARGET
#define CSV_LOAD avx2_load
#define CSV_EMIT csv_emit_scalar
#include "csv_scan_template.h"
#undef CSV_NAME
#undef CSV_TARGET
#undef CSV_LOAD
#undef CSV_EMIT

#define AVX512_TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,lzcnt,popcnt,evex512")))

AVX512_TARGET CSV_INLINE csv_masks avx512_load(const uint8_t *p, uint8_t delimiter, uint8_t quote) {
    const __m512i v = _mm512_loadu_si512(p);
    csv_masks m;
    m.quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)quote));
    m.delimiter = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)delimiter));
    m.lf = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n'));
    m.cr = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
    m.nul = _mm512_testn_epi8_mask(v, v);
    m.high = _mm512_movepi8_mask(v);
    return m;
}

static const uint8_t byte_numbers[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

// Packs the numbers of the set bits together and widens sixteen at a time.
AVX512_TARGET CSV_INLINE void avx512_emit(uint32_t *out, uint64_t mask, uint32_t base) {
    const __m512i packed = _mm512_maskz_compress_epi8(mask, _mm512_load_si512(byte_numbers));
    const __m512i offset = _mm512_set1_epi32((int)base);
    const int set = __builtin_popcountll(mask);
    _mm512_storeu_si512(out, _mm512_add_epi32(offset, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (__builtin_expect(set > 16, 0)) {
        _mm512_storeu_si512(
            out + 16, _mm512_add_epi32(offset, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
        _mm512_storeu_si512(
            out + 32, _mm512_add_epi32(offset, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
        _mm512_storeu_si512(
            out + 48, _mm512_add_epi32(offset, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
    }
}

#define CSV_NAME(x) avx512_##x
#define CSV_TARGET AVX512_TARGET
#define CSV_LOAD avx512_load
#define CSV_EMIT avx512_emit
#include "csv_scan_template.h"
#undef CSV_NAME
#undef CSV_TARGET
#undef CSV_LOAD
#undef CSV_EMIT

static int detect(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt")) {
        return CSV_SCAN_SSE2;
    }
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2")) return CSV_SCAN_AVX512;
    return CSV_SCAN_AVX2;
}
#else
static int detect(void) { return CSV_SCAN_PORTABLE; }
#endif

// The set to use for `level`: the best there is, or a lower one when it was asked for.
static int usable(int level) {
    static _Atomic int known;
    int best = known;
    if (best == 0) {
        best = detect();
        known = best;
    }
    return level == CSV_SCAN_BEST || level > best ? best : level;
}

void csv_index_scan(csv_index *index, int level) {
    switch (usable(level)) {
#if defined(__x86_64__)
    case CSV_SCAN_AVX512: avx512_index(index); break;
    case CSV_SCAN_AVX2: avx2_index(index); break;
    case CSV_SCAN_SSE2: sse2_index(index); break;
#endif
    default: portable_index(index); break;
    }
}

void csv_rows_scan(
    const uint8_t *bytes, size_t limit, size_t readable, uint8_t delimiter, uint8_t quote, int stop_at_first,
    csv_rows *rows, int level) {
    switch (usable(level)) {
#if defined(__x86_64__)
    case CSV_SCAN_AVX512: avx512_rows(bytes, limit, readable, delimiter, quote, stop_at_first, rows); break;
    case CSV_SCAN_AVX2: avx2_rows(bytes, limit, readable, delimiter, quote, stop_at_first, rows); break;
    case CSV_SCAN_SSE2: sse2_rows(bytes, limit, readable, delimiter, quote, stop_at_first, rows); break;
#endif
    default: portable_rows(bytes, limit, readable, delimiter, quote, stop_at_first, rows); break;
    }
}
