// The scan for one instruction set. Included once for each, with these macros set:
//   CSV_NAME(x)    the name of x for the set
//   CSV_TARGET     the function attribute that allows its instructions
//   CSV_LOAD       (p, delimiter, quote) -> csv_masks of the 64 bytes at p
//   CSV_EMIT       (out, mask, base) writes the positions of the set bits

CSV_TARGET static void CSV_NAME(index)(csv_index *x) {
    const uint8_t *const bytes = x->bytes;
    const size_t count = x->count;
    const uint8_t delimiter = x->delimiter, quote = x->quote;
    uint32_t *const ends = x->ends;
    size_t position = x->position;
    uint32_t end_count = x->end_count, row_count = x->row_count, line_count = x->line_count;
    csv_scan_state state = x->state;
    uint64_t seen_quote = 0, seen_high = 0, seen_nul = 0;
    uint8_t tail[64];

    while (position < count && end_count + CSV_INDEX_END_SLACK <= x->end_capacity
           && row_count + CSV_INDEX_ROW_SLACK <= x->row_capacity) {
        const uint8_t *p = bytes + position;
        unsigned n = 64;
        if (__builtin_expect(count - position < 64, 0)) {
            n = (unsigned)(count - position);
            memset(tail, 0, sizeof tail);
            memcpy(tail, p, n);
            p = tail;
        }
        csv_masks m = CSV_LOAD(p, delimiter, quote);
        if (__builtin_expect(n < 64, 0)) m.nul &= csv_low_bits(n);
        const uint8_t next = position + n < count ? bytes[position + n] : 0;
        seen_quote |= m.quote;
        seen_high |= m.high;
        seen_nul |= m.nul;

        uint64_t breaks = m.delimiter | m.cr | m.lf;
        const uint64_t lines = m.cr | (m.lf & ~(m.cr << 1 | state.previous_cr));
        uint64_t rows = lines;
        if (m.quote | state.in_quote) {
            const uint64_t outside = csv_outside(m.quote, breaks, &state, n, next == quote);
            breaks &= outside;
            rows &= outside;
        }
        CSV_EMIT(ends + end_count, breaks, (uint32_t)position);
        const uint64_t crlf = m.cr & (m.lf >> 1 | (uint64_t)(next == '\n') << (n - 1));
        for (uint64_t left = rows; left; left &= left - 1) {
            const unsigned bit = (unsigned)__builtin_ctzll(left);
            const uint32_t last = end_count + (uint32_t)__builtin_popcountll(breaks & csv_low_bits(bit));
            x->row_last[row_count++] = last;
            x->row_first[row_count] = last + (uint32_t)(crlf >> bit & 1);
            x->row_lines[row_count] = line_count + (uint32_t)__builtin_popcountll(lines & (~0ull >> (63 - bit)));
        }
        end_count += (uint32_t)__builtin_popcountll(breaks);
        line_count += (uint32_t)__builtin_popcountll(lines);
        state.previous_break = breaks >> (n - 1) & 1;
        state.previous_cr = m.cr >> (n - 1) & 1;
        position += n;
    }
    x->position = position;
    x->end_count = end_count;
    x->row_count = row_count;
    x->line_count = line_count;
    x->state = state;
    x->has_quote |= seen_quote != 0;
    x->has_non_ascii |= seen_high != 0;
    x->has_nul |= seen_nul != 0;
}

CSV_TARGET static void CSV_NAME(rows)(
    const uint8_t *bytes, size_t limit, size_t readable, uint8_t delimiter, uint8_t quote, int stop_at_first,
    csv_rows *x) {
    size_t position = x->position;
    csv_scan_state state = x->state;
    uint64_t line_count = x->line_count;
    uint8_t tail[64];

    while (position < limit) {
        const uint8_t *p = bytes + position;
        unsigned n = 64;
        if (__builtin_expect(limit - position < 64, 0)) {
            n = (unsigned)(limit - position);
            memset(tail, 0, sizeof tail);
            memcpy(tail, p, n);
            p = tail;
        }
        const csv_masks m = CSV_LOAD(p, delimiter, quote);
        const uint8_t next = position + n < readable ? bytes[position + n] : 0;
        uint64_t breaks = m.delimiter | m.cr | m.lf;
        const uint64_t lines = m.cr | (m.lf & ~(m.cr << 1 | state.previous_cr));
        uint64_t rows = lines;
        if (m.quote | state.in_quote) {
            const uint64_t outside = csv_outside(m.quote, breaks, &state, n, next == quote);
            breaks &= outside;
            rows &= outside;
        }
        if (rows) {
            const unsigned bit = stop_at_first ? (unsigned)__builtin_ctzll(rows) : 63u - (unsigned)__builtin_clzll(rows);
            const uint8_t after = bit + 1 < n ? p[bit + 1] : next;
            const unsigned crlf = (m.cr >> bit & 1) && after == '\n';
            x->boundary = position + bit + 1 + crlf;
            x->boundary_lines = line_count + (uint64_t)__builtin_popcountll(lines & (~0ull >> (63 - bit)));
            x->boundary_found = 1;
            if (stop_at_first) {
                x->position = x->boundary;
                x->line_count = x->boundary_lines;
                x->state = (csv_scan_state){.previous_break = 1};
                return;
            }
        }
        line_count += (uint64_t)__builtin_popcountll(lines);
        state.previous_break = breaks >> (n - 1) & 1;
        state.previous_cr = m.cr >> (n - 1) & 1;
        position += n;
    }
    // A limit that cuts CR LF leaves the boundary behind the LF and the position before it; both are right.
    x->position = position;
    x->line_count = line_count;
    x->state = state;
}
