package import BlockCompression
package import LakeModel

/// Chooses the codec of each column by trying them on some rows.
///
/// Columns of numbers often shrink as well with a fast search as at a level that takes several times as long; texts give
/// some bytes for much time. Sizes alone decide, so that the choice is the same on every machine and at every load.
package enum CompressionSampling {
    /// Rows that are tried at most: some pages of every column.
    package static let sampleRowsMax = 65_536

    /// A codec that takes less time than that of the options.
    package struct Candidate: Sendable, Hashable {
        package var codec: CompressionCodec
        /// How much larger a column may get for it, in percent.
        package var growthPercentMax: Int

        package init(_ codec: CompressionCodec, growthPercentMax: Int) {
            self.codec = codec
            self.growthPercentMax = growthPercentMax
        }
    }

    /// The codecs to set as ``ParquetWriterOptions/columnCompression``: the first of a column's candidates that lets it grow
    /// by no more than it may. Columns with a codec of their own keep it.
    /// - Parameters:
    ///   - sample: rows like those to come; the first ``sampleRowsMax`` are taken.
    ///   - candidates: for the type of a column, in the order in which they are preferred.
    /// - Throws: as ``RowGroupEncoder/encode(_:)``.
    /// - Complexity: an encoding of the sample for the options and one more for the longest list of candidates each.
    package static func columnCompression(
        schema: Schema, options: ParquetWriterOptions, sample: ColumnBatch,
        candidates: (PrimitiveType) -> [Candidate]
    ) throws -> [Int: CompressionCodec] {
        var codecs = options.columnCompression
        if sample.rowCount == 0 { return codecs }
        let slices = [RowSlice(batch: sample, rows: 0..<min(sample.rowCount, sampleRowsMax))]
        var open: [Int: [Candidate]] = [:]
        for field in schema.fields where codecs[field.id] == nil {
            if let type = field.type.primitive { open[field.id] = candidates(type) }
        }
        if open.values.allSatisfy(\.isEmpty) { return codecs }
        let sizes = try byteCounts(schema, options, slices)
        var round = 0
        while open.values.contains(where: { $0.count > round }) {
            var tried = options
            for (field, list) in open where round < list.count { tried.columnCompression[field] = list[round].codec }
            for (field, size) in try byteCounts(schema, tried, slices) {
                guard let list = open[field], round < list.count, let before = sizes[field] else { continue }
                if size * 100 <= before * (100 + list[round].growthPercentMax) {
                    codecs[field] = list[round].codec
                    open[field] = nil
                }
            }
            round += 1
        }
        return codecs
    }

    private static func byteCounts(
        _ schema: Schema, _ options: ParquetWriterOptions, _ slices: [RowSlice]
    ) throws -> [Int: Int] {
        var encoder = try RowGroupEncoder(schema: schema, options: options)
        return Dictionary(
            uniqueKeysWithValues: try encoder.encode(slices).columns.map { ($0.fieldID, $0.compressedByteCount) })
    }
}
