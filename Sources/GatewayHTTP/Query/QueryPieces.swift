import Hummingbird
import NIOCore
import QueryEngine

/// A result on its way out, written piece by piece.
struct QueryPieces: Sendable {
    /// Bytes gathered before they are sent.
    private static let pieceBytes = 64 << 10

    let answer: SQLAnswer
    let page: ArraySlice<[QueryValue]>
    let paging: Paging
    let form: String
    let escapesFormulas: Bool

    init(answer: SQLAnswer, paging: Paging, form: String, escapesFormulas: Bool = true) {
        self.answer = answer
        self.paging = paging
        self.form = form
        self.escapesFormulas = escapesFormulas
        let rows = answer.result.rows
        let start = min(paging.page * paging.size, rows.count)
        page = rows[start..<min(start + paging.size, rows.count)]
    }

    /// All of it at once.
    var bytes: [UInt8] { bytes(within: .max) ?? [] }

    /// All of it at once, unless it is longer than so many bytes.
    func bytes(within bytesMax: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        appendHead(to: &bytes)
        let rows = RowWriter(columns: answer.result.columns.map(\.name))
        for (index, row) in page.enumerated() {
            append(row, rows, isFirst: index == 0, to: &bytes)
            if bytes.count > bytesMax { return nil }
        }
        if form == Answers.json { bytes.append(contentsOf: "]}".utf8) }
        return bytes.count <= bytesMax ? bytes : nil
    }

    var body: ResponseBody {
        let pieces = self
        return ResponseBody { writer in
            var bytes: [UInt8] = []
            pieces.appendHead(to: &bytes)
            let rows = RowWriter(columns: pieces.answer.result.columns.map(\.name))
            var isFirst = true
            for row in pieces.page {
                pieces.append(row, rows, isFirst: isFirst, to: &bytes)
                isFirst = false
                if bytes.count >= Self.pieceBytes {
                    try await writer.write(ByteBuffer(bytes: bytes))
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            if pieces.form == Answers.json { bytes.append(contentsOf: "]}".utf8) }
            if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
            try await writer.finish(nil)
        }
    }

    private func appendHead(to bytes: inout [UInt8]) {
        switch form {
        case CSVText.contentType:
            CSVText(escapesFormulas: escapesFormulas).append(header: answer.result.columns.map(\.name), to: &bytes)
        case QueryRoutes.lines:
            break
        default:
            let head = JSONValue.object([
                "columns": .array(
                    answer.result.columns.map { .object(["name": .string($0.name), "type": .string($0.type)]) }),
                "rowCount": .integer(Int64(page.count)), "totalRows": .integer(Int64(answer.result.rows.count)),
                "page": .integer(Int64(paging.page)), "size": .integer(Int64(paging.size)),
                "truncated": .boolean(answer.result.isTruncated),
                "elapsedMicroseconds": .integer(answer.result.elapsedMicroseconds),
                "filesRead": .integer(Int64(answer.filesRead)), "filesSkipped": .integer(Int64(answer.filesSkipped)),
                "snapshots": SnapshotHeader.json(answer.snapshotIDs),
            ])
            head.append(to: &bytes)
            bytes.removeLast()
            bytes.append(contentsOf: ",\"rows\":[".utf8)
        }
    }

    private func append(_ row: [QueryValue], _ rows: RowWriter, isFirst: Bool, to bytes: inout [UInt8]) {
        switch form {
        case CSVText.contentType:
            CSVText(escapesFormulas: escapesFormulas).append(row, to: &bytes)
        case QueryRoutes.lines:
            rows.appendObject(row, to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        default:
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            rows.appendArray(row, to: &bytes)
        }
    }
}
