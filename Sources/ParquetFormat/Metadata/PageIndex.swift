/// Where a page lies; in an encoded row group the offset counts from the chunk's start.
struct PageLocation: Hashable, Sendable {
    var offset: Int
    /// The header included.
    var byteCount: Int
    var firstRow: Int
}

/// Where the pages of a chunk lie (`OffsetIndex`).
enum OffsetIndex {
    /// - Parameter chunkOffset: what the locations count from.
    static func write(_ locations: [PageLocation], chunkOffset: Int, to writer: inout CompactWriter) {
        writer.structure { writer in
            writer.list(1, .structure, locations) { writer, location in
                writer.structure {
                    $0.int64(1, chunkOffset + location.offset)
                    $0.int32(2, location.byteCount)
                    $0.int64(3, location.firstRow)
                }
            }
        }
    }
}

/// The bounds of a chunk's pages (`ColumnIndex`).
struct ColumnIndex: Hashable, Sendable {
    var nullPages: [Bool]
    /// Empty for a page of nulls.
    var minimums: [[UInt8]]
    var maximums: [[UInt8]]
    var boundaryOrder: BoundaryOrder
    var nullCounts: [Int]

    func write(to writer: inout CompactWriter) {
        writer.structure { writer in
            writer.list(1, .booleanTrue, nullPages) { $0.element(bool: $1) }
            writer.list(2, .binary, minimums) { $0.element(binary: $1) }
            writer.list(3, .binary, maximums) { $0.element(binary: $1) }
            writer.int32(4, boundaryOrder.rawValue)
            writer.list(5, .int64, nullCounts) { $0.element(int64: $1) }
        }
    }
}
