import CByteKernels

/// Finds where the rows of a CSV stream end, without their fields (grammar in `csv_scan.h`).
package struct CSVRowScan: Sendable {
    private var rows: csv_rows
    private let delimiter: UInt8
    private let quote: UInt8
    private let level: CSVScanLevel

    /// The first byte is the first of a row.
    package init(delimiter: UInt8, quote: UInt8, level: CSVScanLevel = .best) {
        self.delimiter = delimiter
        self.quote = quote
        self.level = level
        rows = csv_rows()
        rows.state.previous_break = 1
    }

    /// Bytes looked at so far.
    package var position: Int { rows.position }
    /// Just behind the last row end found, or `nil`.
    package var boundary: Int? { rows.boundary_found != 0 ? rows.boundary : nil }
    /// Line ends before ``boundary``.
    package var boundaryLines: Int { Int(rows.boundary_lines) }
    /// Line ends before ``position``, those inside quotes too.
    package var lineCount: Int { Int(rows.line_count) }
    package var isInsideQuotes: Bool { rows.state.in_quote != 0 }

    /// Goes on to `limit`, or behind the first row end when `stopsAtFirst`.
    /// - Parameters:
    ///   - bytes: the stream from its position 0, minus what ``discard(_:lines:)`` took away.
    ///   - limit: where to stop. While more may follow it leaves one byte of `readable`, because a quote and a CR are
    ///     understood by the byte behind them.
    ///   - readable: bytes that may be looked at.
    package mutating func scan(
        _ bytes: UnsafePointer<UInt8>, limit: Int, readable: Int, stopsAtFirst: Bool = false
    ) {
        precondition(limit <= readable)
        unsafe csv_rows_scan(bytes, limit, readable, delimiter, quote, stopsAtFirst ? 1 : 0, &rows, level.rawValue)
    }

    /// Counts from a row boundary on: position and line count start there.
    package mutating func restart(at boundary: Int) {
        if rows.position <= boundary {
            // Nothing behind the boundary was looked at.
            rows.state = csv_scan_state(in_quote: 0, skip_quote: 0, previous_break: 1, previous_cr: 0)
            rows.position = 0
            rows.line_count = 0
        } else {
            rows.position -= boundary
            rows.line_count -= rows.boundary_lines
        }
        rows.boundary_found = 0
        rows.boundary = 0
        rows.boundary_lines = 0
    }

    /// Forgets the first `count` bytes, all of which were looked at, in the middle of a row.
    package mutating func dropScanned(_ count: Int) {
        precondition(count <= rows.position)
        rows.position -= count
    }
}
