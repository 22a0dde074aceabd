import LakeModel
import MultipartForm

/// Forms, whole and damaged, in one piece and in many.
struct MultipartTarget: FuzzTarget {
    static let name = "multipart"

    /// What a body came to, whatever its pieces were.
    private struct Outcome: Equatable {
        struct Part: Equatable {
            var head: MultipartPart
            var content: [UInt8] = []
            var hasEnded = false
        }

        var parts: [Part] = []
        var errorCode: String?
        /// `nil` for a limit too: it is noticed as early as the pieces allow.
        var errorOffset: Int?
    }

    init() {}

    mutating func runOnce(_ random: inout FuzzRandom) throws {
        let form = FormInput(&random)
        var body = form.body
        let isWhole = random.oneIn(4)
        if !isWhole {
            let words = [
                "\r\n", "\r\n\r\n", "--", form.boundary, "\r\n--" + form.boundary, "name=", "\"", ";", ":", "\\",
            ]
            Mutator(words: words.map { Array($0.utf8) }).mutate(&body, other: FormInput(&random).body, using: &random)
        }
        var limits = MultipartLimits()
        if !isWhole, random.oneIn(4) {
            limits.partsMax = random.below(4)
            limits.headersMax = random.below(4)
            limits.headerBytesMax = random.below(200)
            limits.preambleBytesMax = random.below(40)
        }
        let expected = try outcome(body, form.boundary, limits, pieces: [body.count])
        if isWhole { try check(expected, is: form) }
        try check(expected, body, form.boundary, limits)
        for pieces in [[1], [1 + random.below(body.count + 1), 1 + random.below(100)], [2 + random.below(40)]] {
            let other = try outcome(body, form.boundary, limits, pieces: pieces)
            try require(
                other == expected,
                "pieces of \(pieces) bytes gave \(other), one piece \(expected), boundary \(form.boundary)",
                body)
        }
    }

    /// - Parameter pieces: bytes of each piece; the last one goes on to the end.
    private func outcome(
        _ body: [UInt8], _ boundary: String, _ limits: MultipartLimits, pieces: [Int]
    ) throws -> Outcome {
        var outcome = Outcome()
        do {
            var parser = try MultipartParser(boundary: boundary, limits: limits)
            var sizes = pieces[...]
            var size = 1
            var start = 0
            while start < body.count {
                size = max(sizes.popFirst() ?? size, 1)
                let end = min(start + size, body.count)
                parser.push(Array(body[start..<end]))
                start = end
                while let event = try parser.next() { try take(event, &outcome, body) }
                // A header or a delimiter's beginning, and nothing more.
                let keptMax = max(limits.headerBytesMax, MultipartLimits.boundaryBytesMax) + 8
                try require(end - parser.byteOffset <= keptMax, "\(end - parser.byteOffset) bytes are kept", body)
            }
            try parser.finish()
        } catch let error as MultipartError {
            outcome.errorCode = error.code
            if error.kind != .limit { outcome.errorOffset = error.place?.byteOffset }
        }
        return outcome
    }

    private func take(_ event: MultipartParser.Event, _ outcome: inout Outcome, _ body: [UInt8]) throws {
        let isOpen = outcome.parts.last.map { !$0.hasEnded } ?? false
        switch event {
        case .partBegan(let head):
            try require(!isOpen, "a part begins inside another", body)
            outcome.parts.append(Outcome.Part(head: head))
        case .content(let bytes):
            try require(isOpen && !bytes.isEmpty, "content outside a part, or none", body)
            outcome.parts[outcome.parts.count - 1].content += bytes
        case .partEnded:
            try require(isOpen, "a part ends that has not begun", body)
            outcome.parts[outcome.parts.count - 1].hasEnded = true
        }
    }

    /// A valid form comes out as it was made.
    private func check(_ outcome: Outcome, is form: FormInput) throws {
        let parts = outcome.parts.map {
            FormInput.Part(
                name: $0.head.name, fileName: $0.head.fileName, contentType: $0.head.contentType, content: $0.content)
        }
        try require(
            outcome.errorCode == nil && parts == form.parts && outcome.parts.allSatisfy(\.hasEnded),
            "\(form.parts) came out as \(outcome)", form.body)
    }

    /// What holds for every body: content is the body's bytes up to the first delimiter, and limits are kept.
    private func check(_ outcome: Outcome, _ body: [UInt8], _ boundary: String, _ limits: MultipartLimits) throws {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        try require(outcome.parts.count <= limits.partsMax, "too many parts", body)
        for part in outcome.parts {
            let start = part.head.byteOffset
            let end = start + part.content.count
            try require(
                end <= body.count && body[start..<end].elementsEqual(part.content), "the content is not the body's",
                body)
            try require((part.content).firstIndex(of: delimiter) == nil, "a delimiter is taken for content", body)
            guard part.hasEnded else { continue }
            let isEmpty = part.content.isEmpty && body[(start - 2)...].starts(with: delimiter)
            try require(isEmpty || body[end...].starts(with: delimiter), "the content ends at no delimiter", body)
        }
        try require(
            outcome.errorCode != nil || outcome.parts.allSatisfy(\.hasEnded), "the form ends inside a part", body)
    }
}
