import LakeModel
import ObjectStorage

/// A Parquet writer's way into an object.
struct ObjectSink: ByteSink {
    let writer: any ObjectWriter

    mutating func write(_ bytes: RawSpan) throws { try writer.write(bytes) }
}
