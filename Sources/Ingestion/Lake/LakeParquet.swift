import BlockCompression
import Iceberg
import LakeModel
import ParquetFormat

/// How the lake's Parquet files are written.
enum LakeParquet {
    /// 65,536 rows: names shrink by some percent more than in pages of 20,000, and there are fewer pages to compress.
    static let pageRowsMax = 1 << 16
    /// How much larger a column of numbers may get for the codec that is made for them, in percent.
    static let numbersGrowthPercentMax = 15
    /// How much larger a column of texts may get for the next lower zstd level, in percent: names grow by 6 and take a
    /// quarter less time.
    static let textGrowthPercentMax = 7
    static let textFastLevel = 2

    /// The codecs of single columns, tried on rows of the load.
    static func columnCompression(
        _ schema: Schema, _ options: ParquetWriterOptions, sample: ColumnBatch
    ) throws -> [Int: CompressionCodec] {
        try CompressionSampling.columnCompression(schema: schema, options: options, sample: sample) { type in
            switch type {
            case .string, .binary:
                [.init(.zstd(level: textFastLevel), growthPercentMax: textGrowthPercentMax)]
            default: [.init(.zstdNumbers, growthPercentMax: numbersGrowthPercentMax)]
            }
        }
    }

    /// Rejects are written at the fastest level: they must not make a load slow, and few are ever looked at.
    static func quarantineOptions(_ metadata: TableMetadata) -> ParquetWriterOptions {
        var options = options(metadata)
        options.compression = .zstd(level: 1)
        return options
    }

    static func options(_ metadata: TableMetadata) -> ParquetWriterOptions {
        var options = ParquetWriterOptions()
        options.pageRowsMax = pageRowsMax
        options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(metadata.schema)]
        return options
    }
}
