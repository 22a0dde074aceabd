package import BlockCompression
package import LakeModel

/// Chooses the zstd level of each column by trying them on some rows.
///
/// Columns of numbers often shrink as well at a low level as at a higher one that takes several times as long; names and
/// texts rarely do. Sizes alone decide, so that the choice is the same on every machine and at every load.
package enum CompressionSampling {
    /// Tried against the options' level.
    package static let fastLevel = 1
    /// Rows that are tried at most: some pages of every column.
    package static let sampleRowsMax = 65_536
    /// How much larger a column may get for the fast level, in percent.
    package static let growthPercentMaxDefault = 10

    /// The codecs to set as ``ParquetWriterOptions/columnCompression``: a fast one for each column that grows by no
    /// more than `growthPercentMax` with it. Columns with a codec of their own keep it.
    /// - Parameter sample: rows like those to come; the first ``sampleRowsMax`` are taken.
    /// - Throws: as ``RowGroupEncoder/encode(_:)``.
    /// - Complexity: two encodings of the sample.
    package static func columnCompression(
        schema: Schema, options: ParquetWriterOptions, sample: ColumnBatch,
        growthPercentMax: Int = growthPercentMaxDefault
    ) throws -> [Int: CompressionCodec] {
        var codecs = options.columnCompression
        guard case .zstd(let level) = options.compression, level > fastLevel, sample.rowCount > 0 else { return codecs }
        let rows = 0..<min(sample.rowCount, sampleRowsMax)
        let slices = [RowSlice(batch: sample, rows: rows)]
        var chosenEncoder = try RowGroupEncoder(schema: schema, options: options)
        let chosen = try chosenEncoder.encode(slices).columns
        var fastOptions = options
        fastOptions.compression = .zstd(level: fastLevel)
        var fastEncoder = try RowGroupEncoder(schema: schema, options: fastOptions)
        let fast = try fastEncoder.encode(slices).columns
        for (slow, quick) in zip(chosen, fast) where codecs[slow.fieldID] == nil {
            if quick.compressedByteCount * 100 <= slow.compressedByteCount * (100 + growthPercentMax) {
                codecs[slow.fieldID] = .zstd(level: fastLevel)
            }
        }
        return codecs
    }
}
