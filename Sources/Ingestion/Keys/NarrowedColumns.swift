import LakeModel
import ParquetFormat

/// Reads columns of stored files in the types that a table was declared with, although another engine has widened the
/// table and written files of the wider type: an `int` column became `long`, a `float` one `double`, a decimal got more
/// digits.
///
/// Values that the declared type has no room for come as null, and their rows are told.
struct NarrowedColumns: Sendable {
    let batch: ColumnBatch
    /// Rows with a value that does not fit; `nil` when there are none.
    let unfit: Bitmap?

    /// - Throws: ``ParquetError``, also `parquet-type-mismatch` for types that were never the same; the source's errors.
    init(
        _ reader: ParquetFileReader, rowGroup: Int, fields: [SchemaField],
        resolution: ParquetColumnResolution = .fieldID
    ) throws {
        let wider = fields.map { Self.wider($0, reader.column(for: $0, resolution)?.type) }
        let read = try reader.read(
            rowGroup: rowGroup,
            fields: zip(fields, wider).map { field, type in
                var field = field
                if let type { field.type = .primitive(type) }
                return field
            }, resolution: resolution)
        guard wider.contains(where: { $0 != nil }) else {
            batch = read
            unfit = nil
            return
        }
        var unfit = Bitmap(repeating: false, count: read.rowCount)
        var columns = read.columns
        for (index, field) in fields.enumerated() where wider[index] != nil {
            guard let type = field.type.primitive else { continue }
            columns[index] = Self.narrowed(read.columns[index], to: type, &unfit)
        }
        batch = ColumnBatch(columns: columns, rowCount: read.rowCount)
        self.unfit = unfit.setCount > 0 ? unfit : nil
    }

    /// The type of a file's column when it is a wider one than the field's.
    private static func wider(_ field: SchemaField, _ found: PrimitiveType?) -> PrimitiveType? {
        switch (field.type.primitive, found) {
        case (.int, .long), (.float, .double): return found
        case (.decimal(let precision, let scale), .decimal(let digits, let sameScale)):
            return scale == sameScale && digits > precision ? found : nil
        default: return nil
        }
    }

    private static func narrowed(_ column: ColumnVector, to type: PrimitiveType, _ unfit: inout Bitmap) -> ColumnVector
    {
        var misfits: [Int] = []
        let storage: ColumnStorage
        switch (column.storage, type) {
        case (.int64(let values), .int):
            storage = .int32(
                values.enumerated().map { row, value in
                    if let narrow = Int32(exactly: value) { return narrow }
                    misfits.append(row)
                    return 0
                })
        case (.double(let values), .float):
            storage = .float(
                values.enumerated().map { row, value in
                    if value.isNaN { return .nan }
                    if let narrow = Float(exactly: value) { return narrow }
                    misfits.append(row)
                    return 0
                })
        case (.int128(let values), .decimal(let precision, _)):
            let end = (0..<precision).reduce(UInt128(1)) { power, _ in power * 10 }
            for (row, value) in values.enumerated() where value.magnitude >= end { misfits.append(row) }
            storage = column.storage
        default: return column
        }
        var validity = column.validity
        for row in misfits where !column.isNull(row) {
            if validity == nil { validity = Bitmap(repeating: true, count: column.count) }
            validity?.set(row, to: false)
            unfit.set(row, to: true)
        }
        return ColumnVector(type: type, storage: storage, validity: validity)
    }
}
