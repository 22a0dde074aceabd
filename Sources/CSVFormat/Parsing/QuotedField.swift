/// The content of a field that begins with a quote.
enum QuotedField {
    enum Shape {
        /// The content is the range as it stands.
        case plain(Range<Int>)
        /// The content is the range with doubled quotes halved.
        case doubled(Range<Int>)
        /// Text follows the closing quote.
        case misplaced
        case unterminated
    }

    /// - Parameter field: the field as it stands in the file, beginning with `quote`.
    static func shape(_ field: Span<UInt8>, quote: UInt8) -> Shape {
        var hasDoubled = false
        var at = 1
        while at < field.count {
            if field[at] == quote {
                if at + 1 < field.count, field[at + 1] == quote {
                    hasDoubled = true
                    at += 1
                } else if at + 1 == field.count {
                    return hasDoubled ? .doubled(1..<at) : .plain(1..<at)
                } else {
                    return .misplaced
                }
            }
            at += 1
        }
        return .unterminated
    }

    /// Appends the content of a field of shape `.doubled(range)`.
    static func append(_ field: Span<UInt8>, _ range: Range<Int>, quote: UInt8, to bytes: inout [UInt8]) {
        var at = range.lowerBound
        while at < range.upperBound {
            bytes.append(field[at])
            at += field[at] == quote ? 2 : 1
        }
    }
}
