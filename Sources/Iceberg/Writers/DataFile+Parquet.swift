package import LakeModel
package import ParquetFormat

extension DataFile {
    /// A data file as the Parquet writer summed it up.
    /// - Parameters:
    ///   - summary: what the writer returned.
    ///   - partition: a value for each field of `spec`, in its order.
    ///   - schema: the schema that the file was written with; its types say how bounds are serialised.
    ///   - sortOrderID: the table's sort order that the rows follow; `nil` for none.
    package init(
        summary: ParquetFileSummary, location: String, partition: [Datum?], spec: PartitionSpec, schema: Schema,
        sortOrderID: Int? = nil
    ) {
        self.init(
            location: location, specID: spec.id, partition: partition, recordCount: Int64(summary.rowCount),
            byteCount: Int64(summary.byteCount))
        func map<Value>(_ value: (ColumnSummary) -> Value?) -> FieldMap<Value> {
            FieldMap(
                summary.columns.compactMap { column in
                    value(column).map { FieldMap.Entry(id: column.fieldID, value: $0) }
                })
        }
        func bound(_ column: ColumnSummary, _ value: Datum?) -> [UInt8]? {
            guard let value, let type = schema.type(ofID: column.fieldID)?.primitive else { return nil }
            return BoundsCodec.encode(value, type)
        }
        columnSizes = map { Int64($0.compressedByteCount) }
        valueCounts = map { Int64($0.valueCount) }
        nullValueCounts = map { Int64($0.nullCount) }
        let nan = map { $0.nanCount.map { Int64($0) } }
        nanValueCounts = nan.isEmpty ? nil : nan
        lowerBounds = map { bound($0, $0.lower) }
        upperBounds = map { bound($0, $0.upper) }
        splitOffsets = summary.splitOffsets
        self.sortOrderID = sortOrderID
    }

    /// A position delete file as the Parquet writer summed it up: sizes of the summary, bounds of `rows`, whole.
    package static func positionDeletes(
        _ rows: PositionDeletes.Rows, summary: ParquetFileSummary, location: String, specID: Int, partition: [Datum?]
    ) -> DataFile {
        var file = positionDeletes(
            rows, location: location, byteCount: Int64(summary.byteCount), specID: specID, partition: partition,
            splitOffsets: summary.splitOffsets)
        file.columnSizes = FieldMap(
            summary.columns.map { FieldMap.Entry(id: $0.fieldID, value: Int64($0.compressedByteCount)) })
        return file
    }
}
