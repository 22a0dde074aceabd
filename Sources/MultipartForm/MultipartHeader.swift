import LakeModel

/// The header of one part: from its first line to its empty one.
struct MultipartHeader {
    let bytes: ArraySlice<UInt8>
    let headersMax: Int

    /// - Throws: ``MultipartError`` `multipart-malformed`, `multipart-limit`.
    func part(byteOffset: Int, headerOffset: Int) throws -> MultipartPart {
        var fields: [String: String] = [:]
        var lineStart = bytes.startIndex
        while lineStart < bytes.endIndex {
            let place = Place(byteOffset: headerOffset + lineStart - bytes.startIndex)
            guard let lineEnd = bytes[lineStart...].firstIndex(of: 0x0A), lineEnd > lineStart,
                bytes[lineEnd - 1] == 0x0D
            else { throw malformed("a header line doesn't end in CR LF", place) }
            let line = bytes[lineStart..<lineEnd - 1]
            lineStart = lineEnd + 1
            if line.isEmpty { continue }
            let (name, value) = try field(line, place)
            guard fields.updateValue(value, forKey: name) == nil else {
                throw malformed("a header stands twice", place)
            }
            guard fields.count <= headersMax else {
                throw MultipartError(.limit, "a part has more than \(headersMax) headers", place: place)
            }
        }
        let place = Place(byteOffset: headerOffset)
        guard let text = fields["content-disposition"] else {
            throw malformed("a part has no Content-Disposition header", place)
        }
        guard let disposition = HeaderParameters(text), disposition.value == "form-data",
            let name = disposition.parameters["name"]
        else { throw malformed("a part's Content-Disposition is not form-data with a name", place) }
        return MultipartPart(
            name: name, fileName: disposition.parameters["filename"].map(Self.unescaped),
            contentType: fields["content-type"],
            transferEncoding: fields["content-transfer-encoding"]?.lowercased(), byteOffset: byteOffset)
    }

    private func field(_ line: ArraySlice<UInt8>, _ place: Place) throws -> (name: String, value: String) {
        guard line.first != UInt8(ascii: " "), line.first != UInt8(ascii: "\t") else {
            throw malformed("a header is continued on a second line", place)
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            throw malformed("a header line has no name", place)
        }
        let name = line[line.startIndex..<colon]
        guard name.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw malformed("a header's name is no token", place)
        }
        let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard !value.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }),
            let text = String(validating: value, as: UTF8.self)
        else { throw malformed("a header's value holds control characters or is not UTF-8", place) }
        return (String(decoding: name, as: UTF8.self).lowercased(), text)
    }

    /// Browsers escape a quote and line breaks in a file name as `%22`, `%0D` and `%0A`, and nothing else.
    private static func unescaped(_ name: String) -> String {
        var rest = name[...]
        var result = ""
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            let escape = rest[percent...].prefix(3)
            switch escape.uppercased() {
            case "%22": result += "\""
            case "%0D": result += "\r"
            case "%0A": result += "\n"
            default: result += escape
            }
            rest = rest[escape.endIndex...]
        }
        return result + rest
    }

    private func malformed(_ message: String, _ place: Place) -> MultipartError {
        MultipartError(.malformed, message, remedy: "check the request against RFC 7578", place: place)
    }
}
