/// The XML of requests and answers: elements and text. Documents that declare entities or types are refused, for S3's never do and
/// they are how a small document grows without end.
package struct XMLTree: Sendable {
    /// Elements inside each other, and elements in all.
    package static let depthMax = 8
    package static let elementsMax = 60_000

    package var name: String
    package var text = ""
    package var children: [XMLTree] = []

    package func child(_ name: String) -> XMLTree? { children.first { $0.name == name } }

    package func children(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

    private init(name: String) { self.name = name }

    /// - Throws: ``S3ProtocolError`` `xml-malformed`.
    package init(_ bytes: [UInt8]) throws {
        var parser = Parser(bytes: bytes)
        self = try parser.document()
    }

    private struct Parser {
        let bytes: [UInt8]
        var at = 0
        var elements = 0

        mutating func document() throws -> XMLTree {
            try skipMisc()
            let root = try element(depth: 1)
            try skipMisc()
            guard at == bytes.count else { throw S3ProtocolError.malformedXML }
            return root
        }

        private mutating func skipMisc() throws {
            if at == 0, starts("\u{FEFF}") { at += 3 }
            while true {
                skipSpace()
                if starts("<?") {
                    try skip(to: "?>")
                } else if starts("<!--") {
                    try skip(to: "-->")
                } else {
                    return
                }
            }
        }

        private mutating func element(depth: Int) throws -> XMLTree {
            elements += 1
            guard depth <= depthMax, elements <= elementsMax, starts("<") else { throw S3ProtocolError.malformedXML }
            at += 1
            var tree = XMLTree(name: try name())
            // Attributes mean nothing here; their values are stepped over, for they may hold a `>`.
            while true {
                skipSpace()
                guard at < bytes.count else { throw S3ProtocolError.malformedXML }
                if starts("/>") {
                    at += 2
                    return tree
                }
                if starts(">") {
                    at += 1
                    break
                }
                try skipAttribute()
            }
            var text: [UInt8] = []
            while true {
                guard at < bytes.count else { throw S3ProtocolError.malformedXML }
                if starts("</") {
                    at += 2
                    guard try name() == tree.name else { throw S3ProtocolError.malformedXML }
                    skipSpace()
                    guard starts(">") else { throw S3ProtocolError.malformedXML }
                    at += 1
                    guard let decoded = String(validating: text, as: UTF8.self) else {
                        throw S3ProtocolError.malformedXML
                    }
                    tree.text = decoded
                    return tree
                }
                if starts("<!--") {
                    try skip(to: "-->")
                } else if starts("<![CDATA[") {
                    let start = at + 9
                    try skip(to: "]]>")
                    text += bytes[start..<at - 3]
                } else if starts("<") {
                    tree.children.append(try element(depth: depth + 1))
                } else if starts("&") {
                    text += try reference()
                } else {
                    text.append(bytes[at])
                    at += 1
                }
            }
        }

        /// The local part of a name, whatever its prefix.
        private mutating func name() throws -> String {
            let start = at
            while at < bytes.count, !Self.endsName(bytes[at]) { at += 1 }
            guard at > start, let name = String(validating: bytes[start..<at], as: UTF8.self) else {
                throw S3ProtocolError.malformedXML
            }
            return name.split(separator: ":").last.map(String.init) ?? name
        }

        private static func endsName(_ byte: UInt8) -> Bool {
            byte <= 0x20
                || [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "&")]
                    .contains(byte)
        }

        private mutating func skipAttribute() throws {
            _ = try name()
            skipSpace()
            guard starts("=") else { throw S3ProtocolError.malformedXML }
            at += 1
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'"),
                let end = bytes[(at + 1)...].firstIndex(of: bytes[at])
            else { throw S3ProtocolError.malformedXML }
            at = end + 1
        }

        private mutating func reference() throws -> [UInt8] {
            guard let end = bytes[at...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw S3ProtocolError.malformedXML
            }
            let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
            at = end + 1
            switch name {
            case "amp": return [UInt8(ascii: "&")]
            case "lt": return [UInt8(ascii: "<")]
            case "gt": return [UInt8(ascii: ">")]
            case "quot": return [UInt8(ascii: "\"")]
            case "apos": return [UInt8(ascii: "'")]
            default:
                let isHex = name.hasPrefix("#x")
                guard name.hasPrefix("#"), let value = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10),
                    value > 0, let scalar = Unicode.Scalar(value)
                else { throw S3ProtocolError.malformedXML }
                return Array(String(scalar).utf8)
            }
        }

        private mutating func skipSpace() {
            while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
        }

        private func starts(_ text: StaticString) -> Bool {
            text.withUTF8Buffer { unsafe bytes[at...].starts(with: $0) }
        }

        private mutating func skip(to text: StaticString) throws {
            while at < bytes.count {
                if starts(text) {
                    at += text.utf8CodeUnitCount
                    return
                }
                at += 1
            }
            throw S3ProtocolError.malformedXML
        }
    }
}
