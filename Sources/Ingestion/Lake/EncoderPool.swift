import BlockCompression
import LakeModel
import ParquetFormat
internal import Synchronization

/// Row group encoders with their buffers, one in use a thread at most, kept for the next row group.
final class EncoderPool: Sendable {
    private let schema: Schema
    private let options: ParquetWriterOptions
    private let stages: StageClock?
    /// Set once, by the first row group.
    private let codecs = Mutex<[Int: CompressionCodec]?>(nil)
    private let idle = Mutex<[Box]>([])

    /// `@unchecked Sendable`: taken from the pool by one task at a time.
    private final class Box: @unchecked Sendable {
        var encoder: RowGroupEncoder
        init(_ encoder: consuming RowGroupEncoder) { self.encoder = encoder }
    }

    init(schema: Schema, options: ParquetWriterOptions, stages: StageClock?) {
        self.schema = schema
        self.options = options
        self.stages = stages
    }

    /// Chooses the codec of each column by the first rows of a load. Encoders that come later take them.
    func chooseCodecs(by batches: [ColumnBatch]) throws {
        guard let sample = batches.max(by: { $0.rowCount < $1.rowCount }) else { return }
        let chosen = try stages.measure(.compress) {
            try LakeParquet.columnCompression(schema, options, sample: sample)
        }
        codecs.withLock { $0 = chosen }
    }

    private func makeBox() throws -> Box {
        var options = options
        if let codecs = codecs.withLock({ $0 }) { options.columnCompression = codecs }
        return Box(try RowGroupEncoder(schema: schema, options: options))
    }

    func encode(_ batches: [ColumnBatch]) throws -> EncodedRowGroup {
        let box = try idle.withLock { $0.popLast() } ?? makeBox()
        let group = try encode(batches, box)
        idle.withLock { $0.append(box) }
        return group
    }

    private func encode(_ batches: [ColumnBatch], _ box: Box) throws -> EncodedRowGroup {
        guard let stages else { return try box.encoder.encode(batches) }
        box.encoder.measuresTime = true
        let compressedBefore = box.encoder.compressTime
        let start = ContinuousClock.now
        let startCPU = StageClock.threadNanoseconds()
        let group = try box.encoder.encode(batches)
        stages.add(
            StageClock.threadNanoseconds() - startCPU, to: .encode, .compress,
            fraction: (box.encoder.compressTime - compressedBefore) / max(.nanoseconds(1), ContinuousClock.now - start))
        return group
    }
}
