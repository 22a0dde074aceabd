/// Cuts bounds of strings and binaries so that they stay bounds.
enum BoundTruncation {
    /// Iceberg's default metrics mode, `truncate(16)`: code points of strings, bytes of binaries.
    static let icebergUnitsMax = 16

    /// A bound and whether it is the value itself.
    struct Cut: Hashable {
        var bytes: [UInt8]
        var isExact: Bool
    }

    /// The longest prefix of `value` of at most `byteCount` bytes; of text, in whole code points.
    static func lower(_ value: [UInt8], byteCount: Int, isText: Bool) -> Cut {
        if value.count <= byteCount { return Cut(bytes: value, isExact: true) }
        let end = isText ? codePointStart(value, at: byteCount) : byteCount
        return Cut(bytes: Array(value[..<end]), isExact: false)
    }

    /// A short byte string that is not less than `value`, `nil` when none exists.
    static func upper(_ value: [UInt8], byteCount: Int, isText: Bool) -> Cut? {
        if value.count <= byteCount { return Cut(bytes: value, isExact: true) }
        let cut = lower(value, byteCount: byteCount, isText: isText).bytes
        return (isText ? incrementedText(cut) : incrementedBytes(cut)).map { Cut(bytes: $0, isExact: false) }
    }

    /// The bytes that the first `count` code points of `value` take.
    static func prefixByteCount(_ value: [UInt8], codePoints count: Int) -> Int {
        var index = 0
        var seen = 0
        while index < value.count {
            if value[index] & 0xC0 != 0x80 {
                if seen == count { return index }
                seen += 1
            }
            index += 1
        }
        return index
    }

    /// The last start of a code point at or before `index`.
    private static func codePointStart(_ value: [UInt8], at index: Int) -> Int {
        var start = index
        while start > 0 && value[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// The last byte that can grow grows by one; bytes behind it go.
    static func incrementedBytes(_ value: [UInt8]) -> [UInt8]? {
        var result = value
        while let last = result.last {
            if last < 0xFF {
                result[result.count - 1] = last + 1
                return result
            }
            result.removeLast()
        }
        return nil
    }

    /// The last code point that can grow grows by one, past the surrogates; code points behind it go.
    static func incrementedText(_ value: [UInt8]) -> [UInt8]? {
        guard let text = String(validating: value, as: UTF8.self) else { return incrementedBytes(value) }
        var scalars = Array(text.unicodeScalars)
        while let last = scalars.popLast() {
            let next: UInt32 = last.value == 0xD7FF ? 0xE000 : last.value + 1
            if let scalar = Unicode.Scalar(next) {
                var result = String.UnicodeScalarView()
                result.append(contentsOf: scalars)
                result.append(scalar)
                return Array(String(result).utf8)
            }
        }
        return nil
    }
}
