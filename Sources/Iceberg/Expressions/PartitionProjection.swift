package import LakeModel

/// A predicate on the partitions of one spec: every row that matches the row predicate lies in a partition that
/// matches this one (an inclusive projection).
///
/// Source: Iceberg specification, "Scan Planning".
package struct PartitionProjection: Sendable {
    /// Columns are the positions of the spec's fields.
    private let predicate: BoundPredicate
    private let types: [PrimitiveType?]

    package init(_ predicate: BoundPredicate, spec: PartitionSpec, metadata: TableMetadata) {
        types = spec.partitionTypes(metadata)
        let types = types
        self.predicate = predicate.mapTests { column, test in
            // A column may be partitioned by several fields, all of which must match.
            var projected = BoundPredicate.always
            for (index, field) in spec.fields.enumerated() where field.sourceID == column.id {
                guard let type = types[index],
                    let partitionTest = field.transform.project(test, source: column.type)
                else { continue }
                let leaf = BoundPredicate.test(BoundColumn(id: index, name: field.name, type: type), partitionTest)
                projected = projected == .always ? leaf : .both(projected, leaf)
            }
            return projected
        }
    }

    /// Whether the projection can leave out anything.
    package var isAlways: Bool { predicate == .always }

    /// Whether a file of this partition may hold matching rows.
    package func mayMatch(partition: [Datum?]) -> Bool {
        predicate.mayHold { column, test in
            guard partition.indices.contains(column.id) else { return true }
            return ValueRange(type: column.type, value: partition[column.id]).mayPassExactly(test)
        }
    }

    /// Whether a manifest with these summaries may hold a file with matching rows.
    package func mayMatch(summaries: [PartitionFieldSummary]?) -> Bool {
        guard let summaries, summaries.count == types.count else { return true }
        return predicate.mayHold { column, test in
            let summary = summaries[column.id]
            var range = ValueRange(type: column.type)
            range.mayHaveNull = summary.containsNull
            let isFloat = column.type == .float || column.type == .double
            range.mayHaveNaN = isFloat && (summary.containsNaN ?? true)
            range.lower = summary.lowerBound.flatMap { BoundsCodec.decode($0, column.type) }
            range.upper = summary.upperBound.flatMap { BoundsCodec.decode($0, column.type) }
            // Both bounds missing: all values are null or NaN.
            range.mayHaveNumber = summary.lowerBound != nil || summary.upperBound != nil
            range.mayHaveValue = range.mayHaveNumber || range.mayHaveNaN
            return range.mayPass(test)
        }
    }
}

extension ValueRange {
    /// As ``mayPass(_:)`` where the one value is exact, so that text can prove inequality too.
    fileprivate func mayPassExactly(_ test: BoundTest) -> Bool {
        switch test {
        case .notEqual(let value): mayHaveValue && lower?.unsignedZero != value.unsignedZero
        case .notIn(let values):
            mayHaveValue && !values.contains { lower?.unsignedZero == $0.unsignedZero }
        default: mayPass(test)
        }
    }
}

extension Transform {
    /// The test that a partition value passes whenever a row in that partition passes `test`; `nil` when there is none.
    func project(_ test: BoundTest, source: PrimitiveType) -> BoundTest? {
        switch (self, test) {
        case (.void, _), (.unknown, _): return nil
        case (.identity, _): return test
        case (_, .isNull): return .isNull
        case (_, .notNull): return .notNull
        case (.bucket, .equal(let value)): return apply(value, source).map { .equal($0) }
        case (.bucket, .isIn(let values)):
            let buckets = values.compactMap { apply($0, source) }
            return buckets.count == values.count ? .isIn(buckets) : nil
        case (.bucket, _): return nil
        case (.truncate(let width), .startsWith(let prefix)):
            let length = prefix.unicodeScalars.count
            if length < width { return .startsWith(prefix) }
            return apply(.string(prefix), source).map { .equal($0) }
        default: return projectOrdered(test, source: source)
        }
    }

    /// Truncation and the time transforms keep the order of values: `a <= b` gives `t(a) <= t(b)`.
    private func projectOrdered(_ test: BoundTest, source: PrimitiveType) -> BoundTest? {
        func projected(_ value: Datum) -> Datum? { apply(value, source) }
        switch test {
        case .equal(let value):
            guard let exact = projected(value) else { return nil }
            return widened(exact).map { .isIn([exact, $0]) } ?? .equal(exact)
        case .isIn(let values):
            let exact = values.compactMap(projected)
            return exact.count == values.count ? .isIn(exact + exact.compactMap(widened)) : nil
        case .less(let value), .lessOrEqual(let value):
            return projected(value).map { .lessOrEqual(widened($0) ?? $0) }
        case .greater(let value), .greaterOrEqual(let value): return projected(value).map { .greaterOrEqual($0) }
        default: return nil
        }
    }

    /// Early Java writers rounded times before 1970 towards zero: their rows of ordinal n lie under n + 1.
    private func widened(_ ordinal: Datum) -> Datum? {
        switch self {
        case .year, .month, .day, .hour:
            if case .int(let value) = ordinal, value < 0 { return .int(value + 1) }
            return nil
        default: return nil
        }
    }
}
