/// Bounds on what a row may be. They keep memory fixed whatever the file holds.
package struct CSVLimits: Sendable, Hashable {
    /// Bytes of a row without its line end; a longer one is rejected as `row-too-long`. 16 MiB.
    package static let rowBytesMaxDefault = 16 << 20
    /// Bytes of a field as it stands in the file, quotes included; a longer one is `field-too-long`. 16 MiB.
    package static let fieldBytesMaxDefault = 16 << 20
    /// Fields of a row; one with more is `too-many-fields` even when the surplus is empty.
    package static let fieldsMaxDefault = 16_384
    /// Bytes of a rejected row that its reject keeps, never more than `rowBytesMax`. 1 MiB.
    package static let rawBytesMaxDefault = 1 << 20
    /// Bytes that a chunk aims at. 4 MiB.
    package static let chunkBytesTargetDefault = 4 << 20
    /// The largest `rowBytesMax` and `chunkBytesTarget`: positions in a chunk have 32 bits. 1 GiB.
    package static let bytesCeiling = 1 << 30

    package var rowBytesMax: Int
    package var fieldBytesMax: Int
    package var fieldsMax: Int
    package var rawBytesMax: Int
    package var chunkBytesTarget: Int

    package init(
        rowBytesMax: Int = Self.rowBytesMaxDefault, fieldBytesMax: Int = Self.fieldBytesMaxDefault,
        fieldsMax: Int = Self.fieldsMaxDefault, rawBytesMax: Int = Self.rawBytesMaxDefault,
        chunkBytesTarget: Int = Self.chunkBytesTargetDefault
    ) {
        precondition((1...Self.bytesCeiling).contains(rowBytesMax), "rowBytesMax is 1 byte to 1 GiB")
        precondition((1...Self.bytesCeiling).contains(chunkBytesTarget), "chunkBytesTarget is 1 byte to 1 GiB")
        precondition(fieldBytesMax > 0 && fieldsMax > 0 && rawBytesMax >= 0)
        self.rowBytesMax = rowBytesMax
        self.fieldBytesMax = fieldBytesMax
        self.fieldsMax = fieldsMax
        self.rawBytesMax = rawBytesMax
        self.chunkBytesTarget = chunkBytesTarget
    }

    /// Bytes of a rejected row that are kept: of a row that is too long no more than a row may have is ever in memory.
    var rawBytesKept: Int { min(rawBytesMax, rowBytesMax) }
}
