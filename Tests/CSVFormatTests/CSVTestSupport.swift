import ByteKernels
import CSVFormat
import LakeModel

/// A file read as a product would read it: sniffed, cut into chunks, parsed, put together again.
struct ReadFile: Hashable {
    var rows: [[Datum?]] = []
    var places: [RowPlace] = []
    var rejects: [CSVReject] = []
    var rowsRead = 0
    var blankRows = 0
    var lineCount = 0

    struct RowPlace: Hashable {
        var byteOffset: Int
        var byteCount: Int
        var line: Int
    }
}

enum CSVFixture {
    static let employees = CSVTable(
        columns: [
            ColumnDeclaration(name: "id", type: .long, required: true),
            ColumnDeclaration(name: "name", type: .string, required: true),
            ColumnDeclaration(
                name: "hire_datetime", aliases: ["datetime", "hire_date"], type: .timestamptz, required: true),
            ColumnDeclaration(name: "department_id", type: .int),
            ColumnDeclaration(name: "job_id", type: .int),
        ], key: ["id"], undeclared: .reject)

    static func table(_ columns: [(String, PrimitiveType)], undeclared: UndeclaredColumns = .reject) -> CSVTable {
        CSVTable(
            columns: columns.map { ColumnDeclaration(name: $0.0, type: $0.1) }, key: [], undeclared: undeclared)
    }

    static func sniff(
        _ bytes: [UInt8], _ table: CSVTable, _ overrides: CSVOverrides = CSVOverrides()
    ) throws -> CSVSniff {
        try unsafe CSVSniffer.sniff(bytes.span.bytes, isWholeFile: true, table: table, overrides: overrides)
    }

    static func sniff(
        _ text: String, _ table: CSVTable, _ overrides: CSVOverrides = CSVOverrides()
    ) throws -> CSVSniff { try sniff(Array(text.utf8), table, overrides) }

    static func chunks(
        _ bytes: [UInt8], _ sniff: CSVSniff, blockBytes: Int, limits: CSVLimits, level: CSVScanLevel = .best
    ) -> [CSVChunk] {
        var chunker = CSVChunker(
            dialect: sniff.dialect, dataOffset: sniff.dataOffset, dataLine: sniff.dataLine, limits: limits, level: level
        )
        var chunks: [CSVChunk] = []
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + blockBytes)
            chunker.push(Array(bytes[at..<end]))
            while let chunk = chunker.next() { chunks.append(chunk) }
            at = end
        }
        chunker.finish()
        while let chunk = chunker.next() { chunks.append(chunk) }
        return chunks
    }

    static func read(
        _ bytes: [UInt8], _ table: CSVTable, sniff: CSVSniff? = nil, blockBytes: Int = 1 << 20,
        limits: CSVLimits = CSVLimits(), level: CSVScanLevel = .best
    ) throws -> ReadFile {
        let sniff = try sniff ?? Self.sniff(bytes, table)
        var parser = CSVChunkParser(sniff: sniff, table: table, limits: limits, level: level)
        var file = ReadFile()
        for chunk in chunks(bytes, sniff, blockBytes: blockBytes, limits: limits, level: level) {
            let result = parser.parse(chunk)
            for row in 0..<result.batch.rowCount {
                file.rows.append(result.batch.columns.map { $0.datum(row) })
                file.places.append(
                    .init(
                        byteOffset: result.positions.byteOffset(row), byteCount: result.positions.byteCount(row),
                        line: result.positions.line(row)))
            }
            file.rejects += result.rejects
            file.rowsRead += result.rowsRead
            file.blankRows += result.blankRows
            file.lineCount += result.lineCount
        }
        return file
    }

    static func read(_ text: String, _ table: CSVTable) throws -> ReadFile { try read(Array(text.utf8), table) }
}
