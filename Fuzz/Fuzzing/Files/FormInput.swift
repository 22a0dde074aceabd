/// A `multipart/form-data` body with what it must mean.
struct FormInput {
    struct Part: Equatable {
        var name: String
        var fileName: String?
        var contentType: String?
        var content: [UInt8]
    }

    var boundary: String
    var parts: [Part]
    var body: [UInt8]

    private static let boundaryBytes = Array("abXY09'()+_,-./:=?".utf8)
    private static let nameCharacters = Array("ab zäß€;=:,.%&\\\"'-/")
    private static let lineBreak: [UInt8] = [0x0D, 0x0A]

    /// A valid form of up to five parts.
    init(_ random: inout FuzzRandom) {
        let boundaryByteCount = random.oneIn(8) ? 70 : 1 + random.below(6)
        let bytes = (0..<boundaryByteCount).map { _ in random.pick(Self.boundaryBytes) }
        boundary = String(decoding: bytes, as: UTF8.self)
        let delimiter = Self.lineBreak + Array("--".utf8) + bytes
        parts = []
        body = random.oneIn(4) ? Self.text(delimiter, &random) : []
        var isFirst = body.isEmpty
        for _ in 0..<random.below(6) {
            let part = Self.part(delimiter, &random)
            body += isFirst ? Array(delimiter.dropFirst(2)) : delimiter
            isFirst = false
            body += Array(random.pick(["", "", " ", " \t "]).utf8) + Self.lineBreak
            body += Self.header(part, &random)
            // RFC 2046 lets the delimiter behind an empty part begin with the header's last line break.
            if !part.content.isEmpty || random.oneIn(2) { body += Self.lineBreak }
            body += part.content
            parts.append(part)
        }
        body += isFirst ? Array(delimiter.dropFirst(2)) : delimiter
        body += Array("--".utf8)
        if random.oneIn(3) { body += Self.lineBreak + random.bytes(random.below(20)) + delimiter }
    }

    private static func part(_ delimiter: [UInt8], _ random: inout FuzzRandom) -> Part {
        Part(
            name: random.oneIn(2) ? "file" : name(&random), fileName: random.oneIn(3) ? nil : name(&random),
            contentType: random.oneIn(2) ? nil : random.pick(["text/csv", "a/b; charset=\"x;y\"", ""]),
            content: text(delimiter, &random))
    }

    private static func name(_ random: inout FuzzRandom) -> String {
        // What a file name escapes as `%22` reads as a quote, so a percent sign stands at the end alone.
        let text = String((0..<random.below(8)).map { _ in random.pick(nameCharacters) })
        return text.replacing("%", with: "") + (random.oneIn(8) ? "%" : "")
    }

    /// The part's header, each line with its end, without the empty line.
    private static func header(_ part: Part, _ random: inout FuzzRandom) -> [UInt8] {
        var disposition = "form-data; name=\(quoted(part.name))"
        if let fileName = part.fileName {
            disposition += random.pick([";", "; ", " ; "]) + "filename=\(quoted(fileName))"
        }
        var lines = [
            random.pick(["Content-Disposition: ", "content-disposition:", "CONTENT-DISPOSITION:\t"]) + disposition
        ]
        if let type = part.contentType { lines.append("Content-Type: \(type)") }
        if random.oneIn(4) { lines.append("X-\(random.below(100)): --b") }
        lines.shuffle(using: &random)
        return Array(lines.map { $0 + "\r\n" }.joined().utf8)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Bytes without the delimiter, full of its beginnings; with the line break before them they have none either.
    private static func text(_ delimiter: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<random.below(12) {
            switch random.below(4) {
            case 0: text += delimiter.prefix(random.below(delimiter.count))
            case 1: text += random.bytes(random.below(20))
            case 2: text += random.pick([lineBreak, [0x0D], [0x0A], Array("--".utf8)])
            default: text += Array("1,\"a\",b\r\n".utf8)
            }
        }
        while let place = (lineBreak + text + lineBreak).firstIndex(of: delimiter) {
            text.remove(at: min(max(place - 2, 0), text.count - 1))
        }
        return text
    }
}

extension [UInt8] {
    /// Where `piece`, which must not be empty, stands first.
    func firstIndex(of piece: [UInt8]) -> Int? {
        guard count >= piece.count else { return nil }
        return (0...count - piece.count).first {
            self[$0] == piece[0] && self[$0..<$0 + piece.count].elementsEqual(piece)
        }
    }
}
