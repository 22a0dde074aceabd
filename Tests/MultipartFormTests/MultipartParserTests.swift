import LakeModel
import Testing

@testable import MultipartForm

/// A parsed part with its content put together.
private struct Parsed: Equatable {
    var name: String
    var fileName: String?
    var content: [UInt8]
}

private func parse(
    _ body: [UInt8], boundary: String = "b", chunk: Int = .max, limits: MultipartLimits = MultipartLimits()
) throws -> [Parsed] {
    var parser = try MultipartParser(boundary: boundary, limits: limits)
    var parts: [Parsed] = []
    var isOpen = false
    var start = 0
    while start < body.count {
        let end = chunk > body.count - start ? body.count : start + chunk
        parser.push(Array(body[start..<end]))
        start = end
        while let event = try parser.next() {
            switch event {
            case .partBegan(let part):
                #expect(!isOpen)
                isOpen = true
                parts.append(Parsed(name: part.name, fileName: part.fileName, content: []))
            case .content(let bytes):
                #expect(isOpen && !bytes.isEmpty)
                parts[parts.count - 1].content += bytes
            case .partEnded:
                #expect(isOpen)
                isOpen = false
            }
        }
    }
    try parser.finish()
    return parts
}

private func part(_ name: String, _ content: String, fileName: String? = nil) -> String {
    "Content-Disposition: form-data; name=\"\(name)\"" + (fileName.map { "; filename=\"\($0)\"" } ?? "")
        + "\r\nContent-Type: text/csv\r\n\r\n" + content
}

private func error(_ body: String, limits: MultipartLimits = MultipartLimits(), chunk: Int = .max) -> MultipartError? {
    do {
        _ = try parse(Array(body.utf8), chunk: chunk, limits: limits)
        return nil
    } catch {
        return error as? MultipartError
    }
}

struct MultipartParserTests {
    /// Content made of what looks like delimiters and is none.
    static let contents = [
        "", "x", "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\r\n--", "-", "--", "a\r\n--\r\n-b\r\n--", "\r\n\r\n",
        "id,name\r\n1,\"--b\"\r\n2,x\r\n", "\r\n--c--\r\n", String(repeating: "\r\n", count: 40),
        String(repeating: "\r", count: 17) + "\n-",
    ]

    @Test func `content comes out as it went in at every chunk size`() throws {
        for content in Self.contents {
            for tail in ["--", "--\r\n", "--\r\nepilogue --b\r\n--b\r\n"] {
                let body = Array(("--b\r\n" + part("file", content, fileName: "a.csv") + "\r\n--b" + tail).utf8)
                let whole = [Parsed(name: "file", fileName: "a.csv", content: Array(content.utf8))]
                for chunk in 1...body.count {
                    #expect(
                        try parse(body, chunk: chunk) == whole, "content \(content.debugDescription), chunk \(chunk)")
                }
            }
        }
    }

    @Test func `two pieces at every place give the same parts`() throws {
        let text = "preamble\r\n--b \t\r\n" + part("a", "1") + "\r\n--b\r\n" + part("b", "") + "\r\n--b--"
        let body = Array(text.utf8)
        let whole = try parse(body)
        #expect(whole.map(\.name) == ["a", "b"])
        for place in 1..<body.count {
            var parser = try MultipartParser(boundary: "b")
            var content: [UInt8] = []
            for piece in [body[..<place], body[place...]] {
                parser.push(Array(piece))
                while let event = try parser.next() { if case .content(let bytes) = event { content += bytes } }
            }
            try parser.finish()
            #expect(content == [UInt8(ascii: "1")], "cut at \(place)")
        }
    }

    @Test func `random bytes survive random chunks`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        // Few different bytes, so that beginnings of the delimiter are frequent.
        let alphabet = Array("\r\n-bX".utf8)
        for _ in 0..<200 {
            var content: [UInt8] = []
            for _ in 0..<Int(next() % 300) { content.append(alphabet[Int(next() % 5)]) }
            let text = String(decoding: content, as: UTF8.self)
            // No part of it may be a delimiter: that would be another body.
            guard !("\r\n" + text).utf8.elementsEqual([]), !text.contains("\r\n--b"), !text.hasPrefix("--b") else {
                continue
            }
            let body = Array(("--b\r\n" + part("file", "")).utf8) + content + Array("\r\n--b--\r\n".utf8)
            let chunk = Int(next() % 40) + 1
            #expect(try parse(body, chunk: chunk).first?.content == content, "seed \(seed), chunk \(chunk)")
        }
    }

    @Test func `an empty part may end right behind its header`() throws {
        for chunk in 1...60 {
            let body = "--b\r\nContent-Disposition: form-data; name=file\r\n\r\n--b--"
            #expect(try parse(Array(body.utf8), chunk: chunk) == [Parsed(name: "file", fileName: nil, content: [])])
        }
    }

    @Test func `a truncated body is refused with the place at every length`() throws {
        let whole = "--b\r\n" + part("file", "id\r\n1\r\n", fileName: "a.csv") + "\r\n--b--"
        for length in 0..<whole.utf8.count {
            let cut = String(decoding: Array(whole.utf8.prefix(length)), as: UTF8.self)
            let error = error(cut)
            #expect(error?.code == "multipart-truncated", "length \(length)")
            #expect(error?.place?.byteOffset == length)
        }
    }

    @Test(arguments: [
        "--bX\r\n\r\n", "--b\n", "--b x\r\n", "--b\rx", "--b\r\nno colon\r\n\r\n", "--b\r\n: x\r\n\r\n",
        "--b\r\nContent-Disposition: attachment; name=file\r\n\r\n", "--b\r\nContent-Disposition: form-data\r\n\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"file\r\n\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\n",
        "--b\r\nContent-Type: text/csv\r\n\r\n", "--b\r\n\r\n",
        "--b\r\nContent-Disposition: form-data;\r\n name=file\r\n\r\n",
        "--b\r\nContent-Disposition: form-data; name=file\r\nContent-Disposition: form-data; name=file\r\n\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"\u{1}\"\r\n\r\n",
        "--b\r\nCon tent-Disposition: form-data; name=file\r\n\r\n",
        "--b\r\nA: 1\nContent-Disposition: form-data; name=file\r\n\r\n",
    ])
    func `malformed bodies are refused`(body: String) {
        #expect(error(body)?.code == "multipart-malformed")
        #expect(error(body, chunk: 1)?.code == "multipart-malformed")
    }

    @Test func `limits hold whatever the chunks are`() {
        var limits = MultipartLimits()
        limits.headerBytesMax = 200
        limits.headersMax = 3
        limits.partsMax = 4
        limits.preambleBytesMax = 100
        let many = (0..<5).map { "--b\r\n" + part("p\($0)", "x") + "\r\n" }.joined() + "--b--"
        let headers = "--b\r\n" + (0..<4).map { "H\($0): x\r\n" }.joined() + part("file", "")
        for chunk in [1, 7, 64, 10_000] {
            #expect(error(many, limits: limits, chunk: chunk)?.code == "multipart-limit")
            #expect(error(headers, limits: limits, chunk: chunk)?.code == "multipart-limit")
            let long = "--b\r\nA: " + String(repeating: "x", count: 300)
            #expect(error(long, limits: limits, chunk: chunk)?.code == "multipart-limit")
            #expect(error(long + "\r\n\r\n", limits: limits, chunk: chunk)?.code == "multipart-limit")
            let spaces = "--b" + String(repeating: " ", count: 300)
            #expect(error(spaces, limits: limits, chunk: chunk)?.code == "multipart-limit")
            let preamble = String(repeating: "p", count: 300)
            #expect(error(preamble, limits: limits, chunk: chunk)?.code == "multipart-limit")
            #expect(error(preamble + "\r\n--b--", limits: limits, chunk: chunk)?.code == "multipart-limit")
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 71), "a b ", "a\"b", "a\r\nb", "é", "a;b"])
    func `a boundary that is not allowed is refused`(boundary: String) {
        #expect(throws: MultipartError.self) { try MultipartParser(boundary: boundary) }
    }

    @Test func `the longest boundary works`() throws {
        let boundary = String(repeating: "-", count: 69) + "x"
        let body = "--\(boundary)\r\n" + part("file", "\r\n---") + "\r\n--\(boundary)--"
        for chunk in [1, 70, 71, 72, 73, 1_000] {
            #expect(
                try parse(Array(body.utf8), boundary: boundary, chunk: chunk).first?.content == Array("\r\n---".utf8))
        }
    }

    @Test func `file names keep quotes, backslashes and umlauts`() throws {
        for (sent, shown) in [
            ("a.csv", "a.csv"), ("a\\\"b.csv", "a\"b.csv"), ("a%22b.csv", "a\"b.csv"),
            ("C:\\dir\\a.csv", "C:\\dir\\a.csv"),
            ("Gehälter €.csv", "Gehälter €.csv"), ("100%.csv", "100%.csv"), ("", ""), ("a;b=c.csv", "a;b=c.csv"),
        ] {
            let body = "--b\r\n" + part("file", "x", fileName: sent) + "\r\n--b--"
            #expect(try parse(Array(body.utf8)).first?.fileName == shown)
        }
    }
}
