/// A header value of the form `value; name=token; name="quoted"` (RFC 9110, section 5.6.6): Content-Type and
/// Content-Disposition.
package struct HeaderParameters: Sendable, Hashable {
    /// The value before the first semicolon, in lower case.
    package let value: String
    /// Names in lower case.
    package private(set) var parameters: [String: String] = [:]

    /// `nil` when the text has another form, or a parameter twice.
    package init?(_ text: String) {
        var scanner = Scanner(Array(text.utf8))
        scanner.skipSpace()
        value = scanner.until(";").lowercased()
        guard !value.isEmpty else { return nil }
        while scanner.take(";") {
            scanner.skipSpace()
            if scanner.isAtEnd { break }
            let name = scanner.until("=", ";").lowercased()
            guard !name.isEmpty, scanner.take("=") else { return nil }
            scanner.skipSpace()
            guard let text = scanner.startsQuoted ? scanner.quoted() : scanner.until(";") else { return nil }
            guard parameters.updateValue(text, forKey: name) == nil else { return nil }
            scanner.skipSpace()
            guard scanner.isAtEnd || scanner.isAt(";") else { return nil }
        }
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }
        var startsQuoted: Bool { isAt("\"") }

        func isAt(_ character: Unicode.Scalar) -> Bool {
            position < bytes.count && UInt32(bytes[position]) == character.value
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard isAt(character) else { return false }
            position += 1
            return true
        }

        mutating func skipSpace() {
            while isAt(" ") || isAt("\t") { position += 1 }
        }

        /// The text up to one of the stops or the end, without space at its end.
        mutating func until(_ stops: Unicode.Scalar...) -> String {
            let start = position
            while position < bytes.count, !stops.contains(where: { UInt32(bytes[position]) == $0.value }) {
                position += 1
            }
            var end = position
            while end > start, bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") { end -= 1 }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }

        /// A quoted string. A backslash escapes a quote or a backslash and is itself otherwise: browsers send Windows
        /// paths as they are.
        mutating func quoted() -> String? {
            position += 1
            var content: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), isAt("\"") || isAt("\\") {
                    content.append(bytes[position])
                    position += 1
                } else {
                    content.append(byte)
                }
            }
            return nil
        }
    }
}
