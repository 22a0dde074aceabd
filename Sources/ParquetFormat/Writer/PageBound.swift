internal import LakeModel

/// What is known of all values of a chunk.
struct ChunkBounds {
    var statistics = Statistics()
    var lower: Datum?
    var upper: Datum?
    var nanCount: Int?
    /// How the bounds of its pages compare.
    var order = BoundOrder.bytes
}

/// How bounds in their encoded form compare.
enum BoundOrder {
    /// Unsigned, byte by byte.
    case bytes
    /// Big-endian two's complement of one width.
    case bigEndianSigned
    /// Little-endian two's complement of one width.
    case littleEndianSigned
    case float
    case double

    func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        switch self {
        case .bytes: return left.lexicographicallyPrecedes(right)
        case .bigEndianSigned: return Self.isSignedLess(left, right)
        case .littleEndianSigned: return Self.isSignedLess(left.reversed(), right.reversed())
        case .float: return Float(key: Self.word(left)) < Float(key: Self.word(right))
        case .double: return Double(key: Self.word(left)) < Double(key: Self.word(right))
        }
    }

    private static func isSignedLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard let first = left.first, let other = right.first else { return false }
        if first != other { return Int8(bitPattern: first) < Int8(bitPattern: other) }
        return left.lexicographicallyPrecedes(right)
    }

    private static func word(_ bytes: [UInt8]) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What is known of the values of one page.
struct PageBound {
    var nullCount: Int
    var hasValues: Bool
    /// `nil` when the page has no value, or none that bounds may be told of.
    var minimum: [UInt8]?
    var maximum: [UInt8]?

    /// The column index, or `nil` when a page with values has no bounds: readers would take it for unknown or worse.
    static func columnIndex(_ pages: [PageBound], order: BoundOrder) -> ColumnIndex? {
        var index = ColumnIndex(
            nullPages: [], minimums: [], maximums: [], boundaryOrder: .unordered, nullCounts: pages.map(\.nullCount))
        for page in pages {
            if page.hasValues && (page.minimum == nil || page.maximum == nil) { return nil }
            index.nullPages.append(!page.hasValues)
            index.minimums.append(page.minimum ?? [])
            index.maximums.append(page.maximum ?? [])
        }
        let bounded = pages.indices.filter { pages[$0].hasValues }
        let pairs = zip(bounded, bounded.dropFirst())
        func isSorted(_ precedes: ([UInt8], [UInt8]) -> Bool) -> Bool {
            pairs.allSatisfy { left, right in
                !precedes(index.minimums[right], index.minimums[left])
                    && !precedes(index.maximums[right], index.maximums[left])
            }
        }
        if isSorted({ order.isLess($0, $1) }) {
            index.boundaryOrder = .ascending
        } else if isSorted({ order.isLess($1, $0) }) {
            index.boundaryOrder = .descending
        }
        return index
    }
}
