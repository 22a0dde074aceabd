// Finds the fields and rows of CSV bytes, 64 bytes a step.
//
// The grammar: a field ends at the delimiter, a row at LF, CR or CR LF. A quote opens a quoted field only as the first
// byte of a field; inside, a doubled quote is one quote and anything else is text. After the closing quote the field
// goes on unquoted up to the next delimiter or row end, and quotes in it are text.
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include <stddef.h>
#include <stdint.h>

// What must be known of the bytes before a position to go on from there.
typedef struct {
    uint8_t in_quote;       // inside a quoted field
    uint8_t skip_quote;     // the next byte is the second half of a doubled quote
    uint8_t previous_break; // the last byte ended a field or row, or there was none
    uint8_t previous_cr;    // the last byte was CR
} csv_scan_state;

// Which instructions to use; one that the CPU lacks falls back to the next lower one.
enum { CSV_SCAN_BEST = 0, CSV_SCAN_PORTABLE = 1, CSV_SCAN_SSE2 = 2, CSV_SCAN_AVX2 = 3, CSV_SCAN_AVX512 = 4 };

// A resumable index of fields and rows.
//
// `ends` holds the positions of everything that ends a field: delimiters, CR and LF outside quotes, and before the
// first field of each row one entry that lies one byte before the row. Field `f` of row `r` is
// `ends[row_first[r] + f] + 1 ..< ends[row_first[r] + f + 1]`, and `row_last[r]` is the index of the row's last end, so
// that a row has `row_last[r] - row_first[r]` fields. The two bytes of CR LF are two entries, the second of which is the
// entry before the next row. Positions wrap at 32 bits: the entry before position 0 is UINT32_MAX.
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position; // the next byte to look at
    uint32_t *ends;
    uint32_t *row_first; // row_capacity + 1 entries; the last one used belongs to the row that is not complete
    uint32_t *row_last;  // row_capacity entries
    uint32_t *row_lines; // row_capacity + 1 entries: line ends before the row
    uint32_t end_count;
    uint32_t end_capacity;
    uint32_t row_count;
    uint32_t row_capacity;
    uint32_t line_count; // line ends so far, those inside quotes too
    csv_scan_state state;
    uint8_t delimiter;
    uint8_t quote;
    uint8_t has_quote;     // set when a quote was seen
    uint8_t has_non_ascii; // set when a byte above 127 was seen
    uint8_t has_nul;       // set when a byte 0 was seen
} csv_index;

// The room that a step needs: scanning stops while fewer entries are free.
enum { CSV_INDEX_END_SLACK = 64, CSV_INDEX_ROW_SLACK = 64 };

// Scans until `count` or until `ends` or the row arrays have less than the slack left.
void csv_index_scan(csv_index *index, int level);

// Where rows end in a stream, without their fields.
typedef struct {
    size_t position;         // the next byte to look at
    size_t boundary;         // just behind the last row end found; meaningless while boundary_found is 0
    uint64_t line_count;     // line ends before `position`
    uint64_t boundary_lines; // line ends before `boundary`
    csv_scan_state state;
    uint8_t boundary_found;
} csv_rows;

// Scans from `rows->position` up to `limit`; `readable` (at least `limit`) bytes may be looked at. A stream whose next
// byte is unknown leaves at least one byte between `limit` and `readable`. With `stop_at_first` the scan ends behind the
// first row end, and `position` equals `boundary`.
void csv_rows_scan(
    const uint8_t *bytes, size_t limit, size_t readable, uint8_t delimiter, uint8_t quote, int stop_at_first,
    csv_rows *rows, int level);

#endif
