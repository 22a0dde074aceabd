/// Where the rows of a rewritten data file are now.
struct PositionMap: Sendable, Hashable {
    /// Rows that lie one behind the other in a new file.
    struct Segment: Sendable, Hashable {
        /// Of the kept rows of the old file, the number of the first one here.
        var firstKept: Int64
        var count: Int64
        /// Index of the new file, and the position of the first row in it.
        var file: Int
        var firstRow: Int64
    }

    /// Rows of the old file that were left out, rising.
    let dropped: [Int64]
    private(set) var segments: [Segment] = []
    private(set) var keptCount: Int64 = 0
    /// Of a file whose rows were sorted, the new place of each row (``packed(file:row:)``), below zero for one that was
    /// left out.
    private let places: [Int64]?

    init(dropped: [Int64]) {
        self.dropped = dropped
        places = nil
    }

    /// - Parameter places: for each row of the old file.
    init(dropped: [Int64], places: [Int64]) {
        self.dropped = dropped
        self.places = places
        keptCount = Int64(places.count { $0 >= 0 })
    }

    /// Bits of a row's position; those above it are the file's index.
    static let rowBits: Int64 = 40

    static func packed(file: Int, row: Int64) -> Int64 { Int64(file) << rowBits | row }

    static func unpacked(_ place: Int64) -> (file: Int, row: Int64) {
        (Int(place >> rowBits), place & (1 << rowBits - 1))
    }

    /// Notes the next kept rows.
    mutating func append(count: Int, file: Int, firstRow: Int64) {
        if count == 0 { return }
        if let last = segments.last, last.file == file, last.firstRow + last.count == firstRow {
            segments[segments.count - 1].count += Int64(count)
        } else {
            segments.append(Segment(firstKept: keptCount, count: Int64(count), file: file, firstRow: firstRow))
        }
        keptCount += Int64(count)
    }

    /// The place of the row that was at `position`; `nil` when it was left out, or never there.
    /// - Complexity: O(log of dropped rows + log of segments).
    func place(of position: Int64) -> (file: Int, row: Int64)? {
        if let places {
            guard places.indices.contains(Int(position)), places[Int(position)] >= 0 else { return nil }
            return Self.unpacked(places[Int(position)])
        }
        let below = Self.firstIndex(dropped.count) { dropped[$0] >= position }
        if below < dropped.count, dropped[below] == position { return nil }
        let kept = position - Int64(below)
        let next = Self.firstIndex(segments.count) { segments[$0].firstKept > kept }
        guard position >= 0, next > 0 else { return nil }
        let segment = segments[next - 1]
        let offset = kept - segment.firstKept
        return offset < segment.count ? (segment.file, segment.firstRow + offset) : nil
    }

    /// The first index that holds, of a list where all after one that holds do too.
    private static func firstIndex(_ count: Int, _ holds: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
