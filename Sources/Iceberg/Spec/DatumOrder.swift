package import LakeModel

extension Datum {
    /// Whether this comes before `other` in the order that Iceberg bounds follow, `nil` when the two are of different
    /// physical types. Strings compare by UTF-8 bytes; -0.0 comes before 0.0, NaN behind every number.
    package func precedes(_ other: Datum) -> Bool? {
        switch (self, other) {
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.int(let left), .int(let right)): left < right
        case (.long(let left), .long(let right)): left < right
        case (.float(let left), .float(let right)): left.isTotallyOrdered(below: right)
        case (.double(let left), .double(let right)): left.isTotallyOrdered(below: right)
        case (.decimal(let left), .decimal(let right)): left < right
        case (.string(let left), .string(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
        default: nil
        }
    }

    package var isNaN: Bool {
        switch self {
        case .float(let value): value.isNaN
        case .double(let value): value.isNaN
        default: false
        }
    }
}

extension FloatingPoint {
    fileprivate func isTotallyOrdered(below other: Self) -> Bool {
        isTotallyOrdered(belowOrEqualTo: other) && !other.isTotallyOrdered(belowOrEqualTo: self)
    }
}
