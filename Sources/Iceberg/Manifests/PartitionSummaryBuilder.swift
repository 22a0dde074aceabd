import LakeModel

/// Gathers what a manifest's files have in each partition field.
struct PartitionSummaryBuilder {
    private struct Field {
        let type: PrimitiveType
        var containsNull = false
        var containsNaN = false
        var lower: Datum?
        var upper: Datum?
    }

    private var fields: [Field]

    init(types: [PrimitiveType]) { fields = types.map { Field(type: $0) } }

    mutating func add(_ partition: [Datum?]) {
        for (index, value) in partition.enumerated() {
            guard let value else {
                fields[index].containsNull = true
                continue
            }
            if value.isNaN {
                fields[index].containsNaN = true
                continue
            }
            if fields[index].lower.flatMap({ value.precedes($0) }) ?? true { fields[index].lower = value }
            if fields[index].upper.flatMap({ $0.precedes(value) }) ?? true { fields[index].upper = value }
        }
    }

    var summaries: [PartitionFieldSummary] {
        fields.map { field in
            PartitionFieldSummary(
                containsNull: field.containsNull, containsNaN: field.containsNaN,
                lowerBound: field.lower.map { BoundsCodec.encode($0, field.type) },
                upperBound: field.upper.map { BoundsCodec.encode($0, field.type) })
        }
    }
}
