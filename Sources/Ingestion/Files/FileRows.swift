import CSVFormat
import LakeModel
import ObjectStorage

/// Chunks of a file in order, ready for key resolution, whatever its format.
protocol PreparedChunks: Sendable {
    /// The next chunk; `nil` at the end of the file.
    func next() async throws -> FileChunks<PreparedChunk>.Element?
    /// Waits for what is under way, so that nothing of this file runs on.
    func cancel() async
}

extension FileChunks: PreparedChunks where Prepared == PreparedChunk {}

/// The accepted rows of a file once more, for the operational store.
enum FileRows: Sendable {
    case csv(FileChunks<ColumnBatch>)
    case avro(AvroRows)

    /// - Parameter refused: rows that only the lake refused.
    init(
        _ file: FileLanded, of table: TableDeclaration, objects: any ObjectStore, crew: ThreadExecutor,
        limits: IngestionLimits, without refused: RefusedRows.Offsets
    ) async throws {
        let source = try await objects.open(file.objectKey)
        if file.format == .avro {
            self = .avro(try AvroRows(source, table: table, crew: crew))
            return
        }
        self = .csv(
            try FileChunks(
                reader: try BronzeReader(source, limits: limits), table: table,
                overrides: CSVOverrides(delimiter: file.delimiter, header: file.header), crew: crew, parallelism: 1,
                chunkBytes: limits.chunkBytes
            ) { result, _ in
                if refused.isEmpty { return result.batch }
                let rows = (0..<result.batch.rowCount).filter {
                    refused.contains(result.positions.byteOffset($0))
                }
                return result.batch.removing(rows.map { Int32($0) })
            })
    }

    func next() async throws -> ColumnBatch? {
        switch self {
        case .csv(let chunks): try await chunks.next()?.prepared
        case .avro(let rows): try await rows.next()
        }
    }

    func cancel() async {
        if case .csv(let chunks) = self { await chunks.cancel() }
    }
}
