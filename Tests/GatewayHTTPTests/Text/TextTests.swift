import QueryEngine
import Testing

@testable import GatewayHTTP

struct NegotiationTests {
    @Test(
        arguments: [
            (nil, "application/json"), ("", "application/json"), ("*/*", "application/json"), ("text/*", "text/csv"),
            ("text/csv", "text/csv"), ("application/json;q=0.1, text/csv;q=0.2", "text/csv"),
            ("text/html, */*;q=0.1", "application/json"), ("application/json;q=0, */*", "text/csv"), ("image/png", nil),
            ("text/csv;q=0", nil), ("TEXT/CSV", "text/csv"), (";;;", nil),
        ] as [(String?, String?)])
    func `the best offer wins`(accept: String?, best: String?) {
        #expect(Negotiation.best(of: ["application/json", "text/csv"], accept: accept) == best)
    }
}

struct PercentCodingTests {
    @Test func `what is encoded decodes`() {
        for text in ["", "a b", "ä/€?", "100%", "\u{1F600}"] {
            #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
        }
        #expect(PercentCoding.decode("a+b", plusIsSpace: true) == "a b")
        for broken in ["%", "%2", "%zz", "%FF", "%00", "%C3"] { #expect(PercentCoding.decode(broken) == nil) }
    }
}

struct CSVTextTests {
    @Test func `fields are quoted when they must be`() {
        var bytes: [UInt8] = []
        CSVText().append(
            [
                .text("a,b"), .text("a\"b"), .text("a\nb"), .text(""), .null, .text(" x"), .boolean(true),
                .double(1e300),
            ], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "\"a,b\",\"a\"\"b\",\"a\nb\",\"\",,\" x\",true,1e+300\n")
    }

    @Test func `formulas are escaped and numbers are not`() {
        for formula in ["=1", "@x", "+x", "-x", "\tx", "\rx", "-", "+1+1"] {
            #expect(CSVText.looksLikeFormula(Array(formula.utf8)), "\(formula)")
        }
        for plain in ["-1", "+1.5", "1e5", "a=b", "", "-1e-5"] { #expect(!CSVText.looksLikeFormula(Array(plain.utf8))) }
    }
}

struct RejectCSVTests {
    @Test func `rows are taken apart at their own delimiter`() {
        func fields(_ text: String, _ delimiter: UInt8 = UInt8(ascii: ",")) -> [String]? {
            RejectCSV.fields(Array(text.utf8), delimiter: delimiter)?.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(fields("a,b") == ["a", "b"])
        #expect(fields("") == [""])
        #expect(fields("a,") == ["a", ""])
        #expect(fields("\"a,\"\"b\",c") == ["a,\"b", "c"])
        #expect(fields("a;\"b;c\"", UInt8(ascii: ";")) == ["a", "b;c"])
        #expect(fields("\"\"") == [""])
        for broken in ["\"a", "a\"b", "\"a\"b,c", "\""] { #expect(fields(broken) == nil) }
    }

    @Test func `fields go under the columns of their file`() {
        let record = RejectRecord(
            fileSHA256: nil, line: nil, byteOffset: nil, column: nil, code: "c", message: "m", raw: Array("S,1,x".utf8),
            fileColumns: ["name", "id", nil])
        var bytes: [UInt8] = []
        RejectCSV(header: ["id", "name", "other"], text: CSVText()).append(record, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "1,S,,c: m,\n")
    }
}

struct RowWriterTests {
    @Test func `repeated column names stay apart`() {
        var bytes: [UInt8] = []
        RowWriter(columns: ["a", "a", "a\"", "a_2"]).appendObject(
            [.integer(1), .integer(2), .null, .integer(4)], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":1,"a_2":2,"a\"":null,"a_2_2":4}"#)
    }

    @Test func `doubles read back the same`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        for _ in 0..<10_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            var bytes: [UInt8] = []
            RowWriter.append(.double(value), to: &bytes)
            #expect(Double(String(decoding: bytes, as: UTF8.self)) == value, "seed \(seed)")
        }
    }
}
