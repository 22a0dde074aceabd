import Iceberg
import LakeModel
import ParquetFormat

/// How the lake's Parquet files are written.
enum LakeParquet {
    static func options(_ metadata: TableMetadata) -> ParquetWriterOptions {
        var options = ParquetWriterOptions()
        options.keyValueMetadata = ["iceberg.schema": SchemaJSON.text(metadata.schema)]
        return options
    }
}
