import CSVFormat
import Foundation
import Fuzzing
import LakeModel

/// Prints the rows that the reader makes of files, as texts, for scripts that judge them.
///
/// Each line of standard input asks for one file; each line of standard output answers. With `columnCount` the file is
/// read as a table of that many text columns by declared parameters, without it by what the file itself shows.
enum Records {
    private struct Request: Decodable {
        var file: String
        var columnCount: Int?
        var delimiter: String?
        var quote: String?
        var skipRows: Int?
    }

    private struct Answer: Encodable {
        var rows: [[String?]] = []
        /// `LINE: CODE` of each refused row.
        var rejects: [String] = []
        /// Why the file as a whole is not read.
        var error: String?
        var delimiter: String?
        var quote: String?
        var preambleRowCount: Int?
    }

    static func answerAll() {
        let encoder = JSONEncoder()
        while let line = readLine() {
            var answer = Answer()
            do {
                answer = try self.answer(try JSONDecoder().decode(Request.self, from: Data(line.utf8)))
            } catch let error as any LakeError {
                answer.error = "\(error.code): \(error.message)"
            } catch {
                answer.error = "\(error)"
            }
            // Not `print`, which holds back what the asker waits for.
            let text = (try? encoder.encode(answer)) ?? Data(#"{"rows":[],"rejects":[],"error":"no JSON"}"#.utf8)
            FileHandle.standardOutput.write(text + [0x0A])
        }
    }

    private static func answer(_ request: Request) throws -> Answer {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: request.file)))
        let overrides = CSVOverrides(
            delimiter: request.delimiter?.utf8.first, quote: request.quote?.utf8.first,
            header: request.columnCount == nil ? nil : false, skipRows: request.skipRows)
        var answer = Answer()
        let table: CSVTable
        let sniff: CSVSniff
        if let columnCount = request.columnCount {
            table = Self.table(columnCount)
            sniff = try unsafe CSVSniffer.sniff(
                bytes.span.bytes, isWholeFile: true, table: table, overrides: overrides)
        } else {
            let inspection = try CSVInspection(bytes, isWholeFile: true, overrides: overrides)
            table = Self.table(max(inspection.fieldCount, inspection.firstRow.count))
            sniff = CSVSniff(
                dialect: inspection.dialect, dataOffset: inspection.tableOffset, dataLine: inspection.tableLine,
                layout: .positional(columnCount: table.columns.count))
            answer.preambleRowCount = inspection.preambleRowCount
        }
        answer.delimiter = sniff.dialect.delimiterText
        answer.quote = String(UnicodeScalar(sniff.dialect.quote))
        let rows = Cutting().read(bytes, table, sniff)
        answer.rejects = rows.rejects.map { "\($0.place.line): \($0.code)" }
        answer.rows = rows.rows.map { row in
            row.map { value in if case .string(let text)? = value { text } else { nil } }
        }
        return answer
    }

    private static func table(_ columnCount: Int) -> CSVTable {
        CSVTable(
            columns: (0..<max(columnCount, 1)).map { ColumnDeclaration(name: "column \($0)", type: .string) }, key: [],
            undeclared: .ignore)
    }
}
