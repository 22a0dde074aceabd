/// What is known about the values of a chunk (`Statistics`), bounds in plain encoding without a length.
struct Statistics: Hashable, Sendable {
    var nullCount: Int?
    var minimum: [UInt8]?
    var maximum: [UInt8]?
    var isMinimumExact: Bool?
    var isMaximumExact: Bool?

    /// The deprecated `min` and `max` (fields 1 and 2) are never written: their order is undefined.
    func write(to writer: inout CompactWriter) {
        if let nullCount { writer.int64(3, nullCount) }
        if let maximum { writer.binary(5, maximum) }
        if let minimum { writer.binary(6, minimum) }
        if let isMaximumExact { writer.bool(7, isMaximumExact) }
        if let isMinimumExact { writer.bool(8, isMinimumExact) }
    }

    init() {}

    init(from reader: inout CompactReader) throws {
        var statistics = Statistics()
        try reader.structure { reader, id, type in
            switch id {
            case 3: statistics.nullCount = try reader.int64(type)
            case 5: statistics.maximum = try reader.binary(type)
            case 6: statistics.minimum = try reader.binary(type)
            case 7: statistics.isMaximumExact = try reader.bool(type)
            case 8: statistics.isMinimumExact = try reader.bool(type)
            default: try reader.skip(type)
            }
        }
        self = statistics
    }
}
