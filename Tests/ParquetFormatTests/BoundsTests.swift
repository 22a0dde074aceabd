import BlockCompression
import LakeModel
import LakeTesting
import Testing

@testable import ParquetFormat

@Suite struct BoundsTests {
    static func chunk(_ type: PrimitiveType, _ values: [Datum?]) throws -> EncodedColumnChunk {
        try WriterLayoutTests.encode(type, values)
    }

    @Test func `NaN silences statistics and the column index but not the summary`() throws {
        let chunk = try Self.chunk(.double, [.double(2), .double(.nan), .double(-1), nil])
        #expect(chunk.statistics.minimum == nil && chunk.statistics.maximum == nil)
        #expect(chunk.columnIndex == nil)
        #expect(chunk.summary.nanCount == 1)
        #expect(chunk.summary.lower == .double(-1) && chunk.summary.upper == .double(2))
        let only = try Self.chunk(.float, [.float(.nan)])
        #expect(only.summary.lower == nil && only.summary.upper == nil && only.summary.nanCount == 1)
    }

    @Test func `zero bounds cover both zeros`() throws {
        for zero in [0.0, -0.0] {
            let chunk = try Self.chunk(.double, [.double(zero)])
            #expect(chunk.statistics.minimum == [0, 0, 0, 0, 0, 0, 0, 0x80])
            #expect(chunk.statistics.maximum == [0, 0, 0, 0, 0, 0, 0, 0])
            guard case .double(let lower) = chunk.summary.lower, case .double(let upper) = chunk.summary.upper else {
                Issue.record("no bounds")
                return
            }
            #expect(lower.sign == .minus && upper.sign == .plus)
        }
    }

    @Test func `decimals compare as signed numbers in every physical form`() throws {
        for precision in [9, 18, 20, 38] {
            let type = PrimitiveType.decimal(precision: precision, scale: 2)
            let values: [Int128] = [5, -300, 70_000, -1, 0, 255, 256, -256]
            let chunk = try Self.chunk(type, values.map { .decimal($0) })
            #expect(chunk.summary.lower == .decimal(-300))
            #expect(chunk.summary.upper == .decimal(70_000))
        }
    }

    @Test func `bounds are those of the values in random columns`() throws {
        var random = SeededRandom(purpose: "bounds")
        for type in allTypes {
            for variety in [3, UInt64.max] {
                let values = (0..<700).map { index in
                    index % 13 == 0 ? nil : randomDatum(type, variety: variety, using: &random)
                }
                let chunk = try Self.chunk(type, values)
                let known = values.compactMap { $0 }.filter {
                    switch $0 {
                    case .float(let value): !value.isNaN
                    case .double(let value): !value.isNaN
                    default: true
                    }
                }
                let lower = try #require(chunk.summary.lower)
                let upper = try #require(chunk.summary.upper)
                #expect(known.allSatisfy { !DatumOrder.isLess($0, lower) && !DatumOrder.isLess(upper, $0) }, "\(type)")
                #expect(chunk.summary.nullCount == values.count { $0 == nil })
            }
        }
    }

    @Test func `long text is cut between code points and rounded up past the surrogates`() throws {
        func upper(_ text: String, _ count: Int) -> String? {
            BoundTruncation.upper(Array(text.utf8), byteCount: count, isText: true)
                .map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(upper("abc", 3) == "abc")
        #expect(upper("abcd", 3) == "abd")
        #expect(upper("aé", 2) == "b")
        #expect(upper("a\u{D7FF}x", 4) == "a\u{E000}")
        #expect(upper("a\u{10FFFF}x", 5) == "b")
        #expect(upper("\u{10FFFF}x", 4) == nil)
        #expect(upper("a\u{7F}x", 2) == "a\u{80}")
        let lower = BoundTruncation.lower(Array("aéb".utf8), byteCount: 2, isText: true)
        #expect(lower.bytes == Array("a".utf8) && !lower.isExact)
    }

    @Test func `random cuts stay bounds`() throws {
        var random = SeededRandom(purpose: "cuts")
        let scalars: [Unicode.Scalar] = ["a", "z", "\u{7F}", "é", "\u{7FF}", "\u{D7FF}", "\u{FFFF}", "\u{10FFFF}", "😀"]
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
            }
            let value = Array(text.utf8)
            for isText in [true, false] {
                let count = Int.random(in: 4...20, using: &random)
                let lower = BoundTruncation.lower(value, byteCount: count, isText: isText)
                #expect(lower.bytes.count <= count && !value.lexicographicallyPrecedes(lower.bytes))
                #expect(lower.isExact == (lower.bytes == value))
                if let upper = BoundTruncation.upper(value, byteCount: count, isText: isText) {
                    #expect(!upper.bytes.lexicographicallyPrecedes(value))
                    #expect(!isText || String(validating: upper.bytes, as: UTF8.self) != nil)
                } else {
                    #expect(!text.isEmpty)
                }
            }
        }
    }

    @Test func `statistics tell whether a bound is the value itself`() throws {
        let short = try Self.chunk(.string, [.string("b"), .string("a")])
        #expect(short.statistics.isMinimumExact == true && short.statistics.isMaximumExact == true)
        let long = try Self.chunk(.string, [.string(String(repeating: "q", count: 65))])
        #expect(long.statistics.isMinimumExact == false && long.statistics.isMaximumExact == false)
        #expect(long.statistics.minimum == [UInt8](repeating: 113, count: 64))
        #expect(long.statistics.maximum == [UInt8](repeating: 113, count: 63) + [114])
        let most = try Self.chunk(.binary, [.bytes([UInt8](repeating: 255, count: 65))])
        #expect(most.statistics.maximum == nil && most.statistics.isMaximumExact == nil)
        #expect(most.summary.upper == nil && most.summary.lower == .bytes([UInt8](repeating: 255, count: 16)))
        #expect(most.columnIndex == nil)
    }

    @Test func `metrics keep sixteen code points of a string`() throws {
        let chunk = try Self.chunk(.string, [.string(String(repeating: "ü", count: 20))])
        #expect(chunk.summary.lower == .string(String(repeating: "ü", count: 16)))
        #expect(chunk.summary.upper == .string(String(repeating: "ü", count: 15) + "ý"))
    }

    @Test func `a file's bounds are those of all its row groups`() throws {
        let file = ForeignReaderFiles.falling()
        let (_, summary) = try write(file.schema, file.batches, options: file.options)
        #expect(summary.columns[0].lower == .long(-2499) && summary.columns[0].upper == .long(2500))
        #expect(summary.columns[2].lower == .decimal(-2499 * 1_000_000_000_000))
        #expect(summary.columns.map(\.valueCount) == [5000, 5000, 5000])
    }

    @Test func `a missing upper bound of one row group stays missing`() throws {
        let schema = Schema(id: 0, fields: [SchemaField(id: 1, name: "b", type: .binary, required: false)])
        let values: [Datum?] = [.bytes([UInt8](repeating: 255, count: 40)), .bytes([1]), nil]
        let (_, summary) = try write(
            schema, [batch([vector(.binary, values)])], options: ParquetWriterOptions(rowGroupRowsMax: 1))
        #expect(summary.columns[0].lower == .bytes([1]))
        #expect(summary.columns[0].upper == nil)
        #expect(summary.columns[0].nullCount == 1)
    }

    @Test func `pages of nulls are marked and bounds keep their order over them`() throws {
        var options = ParquetWriterOptions(compression: .none)
        options.pageRowsMax = 2
        let chunk = try WriterLayoutTests.encode(
            .int, [.int(1), .int(2), nil, nil, .int(2), nil], options: options)
        let index = try #require(chunk.columnIndex)
        #expect(index.nullPages == [false, true, false])
        #expect(index.nullCounts == [0, 2, 1])
        #expect(index.boundaryOrder == .ascending)
        #expect(index.minimums == [[1, 0, 0, 0], [], [2, 0, 0, 0]])
    }
}
