/// What a reader accepts from a file before it gives up: sizes in a file are claims of whoever wrote it.
package struct ParquetReaderLimits: Sendable, Hashable {
    package var footerBytesMax: Int
    /// Elements of the schema, and columns of a row group.
    package var columnsMax: Int
    package var rowGroupsMax: Int
    package var rowGroupRowsMax: Int
    /// Of one page, uncompressed.
    package var pageBytesMax: Int
    /// Of the values of one column in one row group, in memory.
    package var columnBytesMax: Int
    /// Whether pages that carry a checksum are checked against it.
    package var verifiesChecksums: Bool

    /// 256 MiB.
    package static let footerBytesMaxDefault = 256 << 20
    package static let columnsMaxDefault = 65_536
    package static let rowGroupsMaxDefault = 1 << 20
    /// 67,108,864 rows: 64 times what writers put into a row group.
    package static let rowGroupRowsMaxDefault = 1 << 26
    /// 256 MiB.
    package static let pageBytesMaxDefault = 256 << 20
    /// 2 GiB.
    package static let columnBytesMaxDefault = 2 << 30

    package init(
        footerBytesMax: Int = footerBytesMaxDefault, columnsMax: Int = columnsMaxDefault,
        rowGroupsMax: Int = rowGroupsMaxDefault, rowGroupRowsMax: Int = rowGroupRowsMaxDefault,
        pageBytesMax: Int = pageBytesMaxDefault, columnBytesMax: Int = columnBytesMaxDefault,
        verifiesChecksums: Bool = true
    ) {
        self.footerBytesMax = footerBytesMax
        self.columnsMax = columnsMax
        self.rowGroupsMax = rowGroupsMax
        self.rowGroupRowsMax = rowGroupRowsMax
        self.pageBytesMax = pageBytesMax
        self.columnBytesMax = columnBytesMax
        self.verifiesChecksums = verifiesChecksums
    }
}
