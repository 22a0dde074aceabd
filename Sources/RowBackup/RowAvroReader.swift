import AvroFormat
import Iceberg
package import LakeModel

/// Reads the rows of an Avro file as a table's columns, batch by batch.
///
/// Columns are matched by name, without regard to case. Each column of the table that is required is in the file; the
/// file has no column that would be lost.
package struct RowAvroReader: Sendable {
    /// A column that is wanted.
    package struct Column: Sendable {
        package var name: String
        package var aliases: [String]
        package var type: PrimitiveType
        package var isRequired: Bool

        package init(name: String, aliases: [String] = [], type: PrimitiveType, isRequired: Bool) {
            self.name = name
            self.aliases = aliases
            self.type = type
            self.isRequired = isRequired
        }
    }

    /// What becomes of a field of the file's records.
    private enum Step: Sendable {
        case skip(AvroSchema)
        /// - Parameter nullBranch: of the field's union with null; `nil` for a field that is no union.
        case read(column: Int, nullBranch: Int?)
    }

    /// What the header says it is a backup of; `nil` for an Avro file of another origin.
    package let description: BackupDescription?
    private let columns: [Column]
    private let coding: AvroCodingSchema
    private var steps: [Step] = []
    private var builders: [RowColumnBuilder]
    private let absent: [Int]
    private var source: AvroSourceReader
    private var block: AvroBlock?
    private var blockLeft = 0
    /// Rows that have been read.
    package private(set) var rowCount: Int64 = 0

    /// - Parameter ignoring: names of columns of the file that are computed from others, and so are left out.
    /// - Throws: ``BackupError``; storage errors.
    package init(_ source: any RandomAccessSource, columns: [Column], ignoring: Set<String> = []) throws {
        let reader = try Self.translating { try AvroSourceReader(source) }
        guard let fields = reader.schema.fields else {
            throw BackupError.damaged("the file's values are no records")
        }
        description = try reader.metadata[BackupDescription.headerKey].map { bytes in
            try BackupDescription(try Self.translating { try JSONValue.parse(bytes) })
        }
        self.columns = columns
        self.source = reader
        coding = AvroCodingSchema(reader.schema)
        builders = columns.map { RowColumnBuilder($0.type, .same) }
        var seen: Set<Int> = []
        let ignored = Set(ignoring.map { $0.lowercased() })
        for field in fields {
            let name = RowAvroSchema.columnName(field)
            guard let column = Self.find(name, columns) else {
                guard ignored.contains(name.lowercased()) else {
                    throw BackupError.columnsDiffer("the file has a column that the table has not", column: name)
                }
                steps.append(.skip(field.schema))
                continue
            }
            guard seen.insert(column).inserted else {
                throw BackupError.columnsDiffer("the file has two columns that are one of the table", column: name)
            }
            let (schema, nullBranch) = Self.plain(field.schema)
            guard let form = RowAvroTypes.form(schema, as: columns[column].type) else {
                throw BackupError.columnsDiffer(
                    "the file's column is \(schema.json.serializedText), the table's a \(columns[column].type)",
                    column: name)
            }
            builders[column] = RowColumnBuilder(columns[column].type, form)
            steps.append(.read(column: column, nullBranch: nullBranch))
        }
        absent = columns.indices.filter { !seen.contains($0) }
        for column in absent where columns[column].isRequired {
            throw BackupError.columnsDiffer(
                "the file lacks a column that the table needs", column: columns[column].name)
        }
    }

    private static func find(_ name: String, _ columns: [Column]) -> Int? {
        let wanted = name.lowercased()
        return columns.firstIndex { ([$0.name] + $0.aliases).contains { $0.lowercased() == wanted } }
    }

    /// The schema of a field's values that are not null.
    private static func plain(_ schema: AvroSchema) -> (AvroSchema, nullBranch: Int?) {
        guard case .union(let branches) = schema.kind, branches.count == 2,
            let null = branches.firstIndex(where: { $0.kind == .null })
        else { return (schema, nil) }
        return (branches[1 - null], null)
    }

    /// Errors of the file as errors of the backup; the lake's own files throw Avro's, too.
    private static func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as AvroError {
            throw BackupError.damaged("the Avro file can't be read: \(error.message)", cause: error)
        }
    }

    /// Bytes of the file that have been read.
    package var byteOffset: Int { source.offset }

    /// The next rows, the columns in the order asked for; `nil` at the end.
    /// - Parameters:
    ///   - rowsMax: rows of a batch.
    ///   - bytesMax: bytes after which a batch ends.
    /// - Throws: ``BackupError`` `backup-damaged`, `backup-row-invalid`; storage errors. The rows that came before may
    ///   be fewer than the file's.
    package mutating func next(rowsMax: Int, bytesMax: Int) throws -> ColumnBatch? {
        var count = 0
        var isFull = false
        while count < rowsMax, !isFull, try nextBlock() {
            while blockLeft > 0, count < rowsMax {
                try readRow()
                blockLeft -= 1
                count += 1
            }
            isFull = builders.reduce(0) { $0 + $1.byteCount } >= bytesMax
        }
        rowCount += Int64(count)
        if count == 0 {
            try checkEnd()
            return nil
        }
        for column in absent { for _ in 0..<count { builders[column].appendNull() } }
        var taken: [ColumnVector] = []
        for index in builders.indices { taken.append(builders[index].take()) }
        return ColumnBatch(columns: taken, rowCount: count)
    }

    /// Makes sure that there is a block with rows left.
    private mutating func nextBlock() throws -> Bool {
        while blockLeft == 0 {
            if let block { try Self.translating { try block.checkEnd() } }
            var source = source
            block = try Self.translating { try source.nextBlock() }
            self.source = source
            guard let block else { return false }
            blockLeft = block.itemCount
        }
        return true
    }

    private mutating func readRow() throws {
        guard var cursor = block?.cursor else { preconditionFailure("a row is read from a block") }
        do {
            for step in steps {
                switch step {
                case .skip(let schema): try coding.skip(schema, &cursor)
                case .read(let column, let nullBranch):
                    if let nullBranch, try cursor.readBranch(of: 2) == nullBranch {
                        guard !columns[column].isRequired else { throw missing(columns[column]) }
                        builders[column].appendNull()
                    } else {
                        try builders[column].append(&cursor)
                    }
                }
            }
        } catch let error as AvroError {
            throw BackupError.damaged("a row can't be read: \(error.message)", cause: error)
        }
        block?.cursor = cursor
    }

    private func missing(_ column: Column) -> BackupError {
        BackupError(
            code: "backup-row-invalid", message: "a row has no value in the column \(column.name), which needs one",
            remedy: "declare the column as not required, or mend the file", place: Place(column: column.name))
    }

    /// A file that was cut between two blocks looks whole but for the count in its header.
    private func checkEnd() throws {
        guard let wanted = description?.rowCount, wanted != rowCount else { return }
        throw BackupError.damaged("the file has \(rowCount) rows, its header says \(wanted)")
    }
}

/// Which Avro types are which of Iceberg's.
enum RowAvroTypes {
    /// How values of `schema` become those of a column; `nil` when they can't without loss.
    static func form(_ schema: AvroSchema, as type: PrimitiveType) -> RowColumnBuilder.Form? {
        let logical = schema.logicalType
        switch (type, schema.kind) {
        case (.boolean, .boolean), (.float, .float), (.double, .double), (.string, .string): return .same
        case (.int, .int), (.long, .long): return logical == nil ? .same : nil
        case (.long, .int): return logical == nil ? .widened : nil
        case (.double, .float): return .widened
        case (.binary, .bytes): return logical == nil ? .same : nil
        case (.date, .int): return logical == "date" ? .same : nil
        case (.time, .long): return logical == "time-micros" ? .same : nil
        case (.timestamptz, .long):
            return logical == "timestamp-micros" && schema.attributes["adjust-to-utc"]?.bool != false ? .same : nil
        case (.timestamp, .long):
            let isLocal = logical == "timestamp-micros" && schema.attributes["adjust-to-utc"]?.bool == false
            return isLocal || logical == "local-timestamp-micros" ? .same : nil
        case (.uuid, .fixed(_, 16)): return logical == "uuid" ? .same : nil
        case (.fixed(let length), .fixed(_, let size)): return logical == nil && length == size ? .same : nil
        case (.decimal, .fixed(_, let size)): return fits(schema, type) ? .decimal(byteCount: size) : nil
        case (.decimal, .bytes): return fits(schema, type) ? .decimal(byteCount: nil) : nil
        default: return nil
        }
    }

    /// Of the same scale and no more digits.
    private static func fits(_ schema: AvroSchema, _ type: PrimitiveType) -> Bool {
        guard case .decimal(let precision, let scale) = type, schema.logicalType == "decimal",
            let digits = schema.attributes["precision"]?.integer
        else { return false }
        return digits <= Int64(precision) && schema.attributes["scale"]?.integer ?? 0 == Int64(scale)
    }
}
