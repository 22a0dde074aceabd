import CSVFormat
import LakeModel

/// The form that a batch's rows have in the log (record kind `batch/2`): accepted rows in columns, so that the pipeline
/// copies them, and the refused ones as they came.
///
/// Counts; each column with name, type, validity and values; each refused row with its verdict; each accepted row's origin,
/// if the table may refuse it later. Integers are little-endian, texts stand behind their length.
enum BatchCoding {
    static func encode(_ rows: BatchRows, bodyBytes: Int, table: TableDeclaration) -> [UInt8] {
        var writer = BatchByteWriter(capacity: rows.accepted.byteCount + 64 * (table.columns.count + 1))
        writer.integer(UInt64(bodyBytes))
        for count in [rows.rowsRead, rows.blankRows, rows.accepted.rowCount, table.columns.count] {
            writer.integer(UInt32(count))
        }
        for (declaration, column) in zip(table.columns, rows.accepted.columns) {
            writer.sized(declaration.name)
            writer.sized(column.type.description)
            encode(column, &writer)
        }
        writer.integer(UInt32(rows.refused.count))
        for row in rows.refused {
            encode(row.place, &writer)
            writer.sized(row.verdict.column)
            writer.sized(row.verdict.code)
            writer.sized(row.verdict.message)
            writer.sized(row.raw)
            writer.integer(UInt8(row.isRawTruncated ? 1 : 0))
        }
        writer.integer(UInt32(rows.origins.count))
        for row in rows.origins {
            encode(row.place, &writer)
            writer.sized(row.raw)
        }
        return writer.bytes
    }

    private static func encode(_ place: BatchRows.Place, _ writer: inout BatchByteWriter) {
        writer.integer(UInt32(place.index))
        writer.integer(UInt64(place.byteOffset))
        writer.integer(UInt32(place.line))
    }

    private static func encode(_ column: ColumnVector, _ writer: inout BatchByteWriter) {
        writer.integer(UInt8(column.validity == nil ? 0 : 1))
        if let validity = column.validity { writer.values(validity.words) }
        switch column.storage {
        case .boolean(let values): writer.values(values.map { UInt8($0 ? 1 : 0) })
        case .int32(let values): writer.values(values)
        case .int64(let values): writer.values(values)
        case .float(let values): writer.values(values)
        case .double(let values): writer.values(values)
        case .int128(let values): writer.values(values)
        case .bytes(let values):
            writer.integer(UInt32(values.bytes.count))
            writer.values(values.offsets)
            writer.values(values.bytes)
        case .fixed(let values): writer.values(values.bytes)
        }
    }

    /// Bytes of the body that brought a batch; 0 when the record does not tell.
    static func bodyBytes(_ bytes: [UInt8]) -> Int {
        guard bytes.count >= 8 else { return 0 }
        return bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The rows in the columns that `table` declares now, and the bytes of the body that brought them.
    ///
    /// A column that was declared since is null, one that is gone is left out, one of another type is read from its text.
    /// A row that the declaration of today does not take is refused.
    /// - Throws: ``IngestionError`` `log-record-corrupt`.
    static func decode(_ bytes: [UInt8], table: TableDeclaration) throws -> (rows: BatchRows, bodyBytes: Int) {
        var reader = BatchByteReader(bytes)
        let bodyBytes = Int(try reader.integer(UInt64.self))
        let rowsRead = try reader.count()
        let blankRows = try reader.count()
        let rowCount = try reader.count()
        var columns: [(name: String, vector: ColumnVector)] = []
        for _ in 0..<(try reader.count()) {
            guard let name = try reader.text(), let type = PrimitiveType(try reader.text() ?? "") else {
                throw BatchByteReader.corrupt
            }
            columns.append((name, try column(type, rowCount, &reader)))
        }
        var rows = BatchRows(accepted: ColumnBatch(columns: columns.map(\.vector), rowCount: rowCount))
        rows.rowsRead = rowsRead
        rows.blankRows = blankRows
        for _ in 0..<(try reader.count()) {
            let place = try place(&reader)
            let column = try reader.text()
            guard let code = try reader.text(), let message = try reader.text() else { throw BatchByteReader.corrupt }
            let raw = try reader.sized()
            rows.refused.append(
                BatchRows.Refused(
                    verdict: RowVerdict(index: place.index, column: column, code: code, message: message),
                    place: place, raw: raw, isRawTruncated: try reader.integer(UInt8.self) == 1))
        }
        for _ in 0..<(try reader.count()) {
            rows.origins.append(BatchRows.Origin(place: try place(&reader), raw: try reader.sized()))
        }
        guard reader.isAtEnd else { throw BatchByteReader.corrupt }
        let isAsDeclared =
            columns.count == table.columns.count
            && zip(columns, table.columns).allSatisfy { $0.name == $1.name && $0.vector.type == $1.type }
            && (!table.mayRefuseLater || rows.origins.count == rowCount)
        return (isAsDeclared ? rows : try BatchReshape(table, columns).reshaped(rows), bodyBytes)
    }

    /// The rows in `deletes` whose keys are to go.
    static func encode(deletes: ColumnBatch, table: TableDeclaration) -> [UInt8] {
        encode(BatchRows(accepted: deletes, rowsRead: deletes.rowCount), bodyBytes: 0, table: table)
    }

    /// - Throws: ``IngestionError`` `log-record-corrupt`.
    static func decodeDeletes(_ bytes: [UInt8], table: TableDeclaration) throws -> (rows: BatchRows, bodyBytes: Int) {
        var relaxed = table
        for column in relaxed.columns.indices { relaxed.columns[column].required = false }
        relaxed.conflict = .replace
        relaxed.references = []
        var (rows, bodyBytes) = try decode(bytes, table: relaxed)
        rows.deletes = rows.accepted
        rows.accepted = ColumnBatch(
            columns: table.columns.map { BatchColumn(type: $0.type, rowCapacity: 0).finish() }, rowCount: 0)
        return (rows, bodyBytes)
    }

    private static func place(_ reader: inout BatchByteReader) throws -> BatchRows.Place {
        BatchRows.Place(
            index: try reader.count(), byteOffset: Int(try reader.integer(UInt64.self)), line: try reader.count())
    }

    private static func column(
        _ type: PrimitiveType, _ count: Int, _ reader: inout BatchByteReader
    ) throws -> ColumnVector {
        var validity: Bitmap?
        if try reader.integer(UInt8.self) == 1 {
            validity = Bitmap(words: try reader.values(UInt64.self, (count + 63) / 64), count: count)
        }
        let storage: ColumnStorage
        switch type.physical {
        case .boolean: storage = .boolean(try reader.values(UInt8.self, count).map { $0 == 1 })
        case .int32: storage = .int32(try reader.values(Int32.self, count))
        case .int64: storage = .int64(try reader.values(Int64.self, count))
        case .float: storage = .float(try reader.values(Float.self, count))
        case .double: storage = .double(try reader.values(Double.self, count))
        case .int128: storage = .int128(try reader.values(Int128.self, count))
        case .bytes:
            let length = try reader.count()
            let offsets = try reader.values(UInt32.self, count + 1)
            guard offsets.first == 0, Int(offsets[count]) == length, zip(offsets, offsets.dropFirst()).allSatisfy(<=)
            else { throw BatchByteReader.corrupt }
            storage = .bytes(ByteVector(offsets: offsets, bytes: try reader.values(UInt8.self, length)))
        case .fixed(let width):
            storage = .fixed(FixedVector(width: width, bytes: try reader.values(UInt8.self, count * width)))
        }
        return ColumnVector(type: type, storage: storage, validity: validity)
    }
}
