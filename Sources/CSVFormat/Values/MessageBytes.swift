/// Messages written as bytes, for those that are made in great numbers.
extension [UInt8] {
    mutating func append(text: StaticString) {
        precondition(text.hasPointerRepresentation)
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(text: String) { append(contentsOf: text.utf8) }

    /// Appends a number that is not negative, in decimal digits.
    mutating func append(decimal number: Int) {
        precondition(number >= 0)
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(0x30 + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends a value as ``TextQuotation/quoted(_:)-1`` shows it.
    mutating func append(quoted text: Span<UInt8>) {
        var isPlain = text.count <= TextQuotation.shownBytesMax
        var index = 0
        while isPlain, index < text.count {
            let byte = text[index]
            isPlain =
                byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            index += 1
        }
        guard isPlain else { return append(text: TextQuotation.quoted(text)) }
        append(UInt8(ascii: "\""))
        unsafe text.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
        append(UInt8(ascii: "\""))
    }
}
