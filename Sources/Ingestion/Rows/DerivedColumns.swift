import LakeModel

/// Computes a table's derived columns, in UTC.
struct DerivedColumns: Sendable {
    private struct Source: Sendable {
        let column: Int
        let part: DerivedColumn.Part
        let isDate: Bool
    }

    private let sources: [Source]
    private static let microsecondsPerDay: Int64 = 86_400_000_000

    init(_ table: TableDeclaration) {
        sources = table.derived.compactMap { derived in
            table.columns.firstIndex { $0.name == derived.source }.map {
                Source(column: $0, part: derived.part, isDate: table.columns[$0].type == .date)
            }
        }
    }

    /// The batch with the derived columns behind its own.
    func appended(to batch: ColumnBatch) -> ColumnBatch {
        if sources.isEmpty { return batch }
        var columns = batch.columns
        for source in sources { columns.append(derive(source, from: batch.columns[source.column])) }
        return ColumnBatch(columns: columns, rowCount: batch.rowCount)
    }

    private func derive(_ source: Source, from column: ColumnVector) -> ColumnVector {
        var values = [Int32](repeating: 0, count: column.count)
        var cache = PartOfDay(part: source.part)
        switch column.storage {
        case .int32(let days):
            for row in values.indices { values[row] = cache.value(Int(days[row])) }
        case .int64(let microseconds):
            for row in values.indices {
                let time = microseconds[row]
                let day = time / Self.microsecondsPerDay - (time % Self.microsecondsPerDay < 0 ? 1 : 0)
                values[row] = cache.value(Int(day))
            }
        default: preconditionFailure("a derived column comes from a date or timestamp")
        }
        return ColumnVector(type: .int, storage: .int32(values), validity: column.validity)
    }
}

/// The part of a day, remembered for the period around the last day asked for.
private struct PartOfDay {
    let part: DerivedColumn.Part
    private var from = 1
    private var to = 0
    private var last: Int32 = 0

    init(part: DerivedColumn.Part) { self.part = part }

    mutating func value(_ day: Int) -> Int32 {
        if day >= from, day < to { return last }
        let date = CivilDate(daysSinceEpoch: day)
        switch part {
        case .year:
            last = Int32(date.year)
            from = CivilDate.days(year: date.year, month: 1, day: 1)
            to = CivilDate.days(year: date.year + 1, month: 1, day: 1)
        case .quarter, .month:
            let months = part == .quarter ? 3 : 1
            let index = (date.month - 1) / months
            last = Int32(index + 1)
            from = CivilDate.days(year: date.year, month: index * months + 1, day: 1)
            let next = index * months + 1 + months
            to =
                next > 12
                ? CivilDate.days(year: date.year + 1, month: 1, day: 1)
                : CivilDate.days(year: date.year, month: next, day: 1)
        case .day:
            last = Int32(date.day)
            from = day
            to = day + 1
        }
        return last
    }
}
