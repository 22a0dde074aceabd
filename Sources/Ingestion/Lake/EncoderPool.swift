import LakeModel
import ParquetFormat
internal import Synchronization

/// Row group encoders with their buffers, one in use a thread at most, kept for the next row group.
final class EncoderPool: Sendable {
    private let schema: Schema
    private let options: ParquetWriterOptions
    private let idle = Mutex<[Box]>([])

    /// `@unchecked Sendable`: taken from the pool by one task at a time.
    private final class Box: @unchecked Sendable {
        var encoder: RowGroupEncoder
        init(_ encoder: consuming RowGroupEncoder) { self.encoder = encoder }
    }

    init(schema: Schema, options: ParquetWriterOptions) {
        self.schema = schema
        self.options = options
    }

    func encode(_ batches: [ColumnBatch]) throws -> EncodedRowGroup {
        let box = try idle.withLock { $0.popLast() } ?? Box(RowGroupEncoder(schema: schema, options: options))
        let group = try box.encoder.encode(batches)
        idle.withLock { $0.append(box) }
        return group
    }
}
