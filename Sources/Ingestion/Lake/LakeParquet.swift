import BlockCompression
import Iceberg
import LakeModel
import ParquetFormat

/// How the lake's Parquet files are written.
enum LakeParquet {
    /// 65,536 rows: names shrink by some percent more than in pages of 20,000, and there are fewer pages to compress.
    static let pageRowsMax = 1 << 16
    /// How much larger a column of numbers may get for the fast zstd level, in percent: timestamps, the worst of them,
    /// grow by a ninth and take a fifth of the time.
    static let numbersGrowthPercentMax = 15

    /// The codecs of single columns, tried on rows of the load.
    ///
    /// Texts keep the level of the table: they are most of a file, and shrink with it.
    static func columnCompression(
        _ schema: Schema, _ options: ParquetWriterOptions, sample: ColumnBatch
    ) throws -> [Int: CompressionCodec] {
        var codecs = try CompressionSampling.columnCompression(
            schema: schema, options: options, sample: sample, growthPercentMax: numbersGrowthPercentMax)
        for field in schema.fields where field.type.primitive == .string || field.type.primitive == .binary {
            codecs[field.id] = options.columnCompression[field.id]
        }
        return codecs
    }

    static func options(_ metadata: TableMetadata) -> ParquetWriterOptions {
        var options = ParquetWriterOptions()
        options.pageRowsMax = pageRowsMax
        options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(metadata.schema)]
        return options
    }
}
