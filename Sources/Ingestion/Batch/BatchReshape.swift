import CSVFormat
import LakeModel

/// Brings the rows of a batch that was logged under another declaration of its table into the columns of today's.
struct BatchReshape {
    private let table: TableDeclaration
    private let columns: [(name: String, vector: ColumnVector)]
    /// For each declared column the logged one, if there is one.
    private let sources: [Int?]

    init(_ table: TableDeclaration, _ columns: [(name: String, vector: ColumnVector)]) {
        self.table = table
        self.columns = columns
        sources = table.columns.map { declaration in columns.firstIndex { $0.name == declaration.name } }
    }

    func reshaped(_ rows: BatchRows) throws -> BatchRows {
        var result = rows
        result.origins = []
        let rules = try table.columns.map {
            try FieldRule($0, isRequired: $0.required || table.key.contains($0.name))
        }
        var builders = table.columns.map { BatchColumn(type: $0.type, rowCapacity: rows.accepted.rowCount) }
        var taken = 0
        for row in 0..<rows.accepted.rowCount {
            let origin = origin(rows, row)
            var verdict: RowVerdict?
            for column in table.columns.indices where verdict == nil {
                let declaration = table.columns[column]
                let stored = sources[column].map { columns[$0].vector }
                do throws(FieldRule.Refusal) {
                    let value = stored?.datum(row)
                    if let stored, let value, stored.type == declaration.type {
                        builders[column].append(value)
                    } else {
                        let text = Array(
                            value.map { ValueFormatter.text($0, type: stored?.type ?? .string) }?.utf8 ?? "".utf8)
                        let isNull = value == nil && !declaration.required && !table.key.contains(declaration.name)
                        builders[column].append(isNull ? nil : try rules[column].value(of: text.span))
                    }
                } catch {
                    verdict = RowVerdict(
                        index: origin.place.index, column: declaration.name, code: error.code,
                        message: error.message)
                }
            }
            if let verdict {
                for column in builders.indices { builders[column].truncate(to: taken) }
                result.refused.append(BatchRows.Refused(verdict: verdict, place: origin.place, raw: origin.raw))
            } else {
                taken += 1
                if table.mayRefuseLater { result.origins.append(origin) }
            }
        }
        result.accepted = ColumnBatch(columns: builders.map { $0.finish() }, rowCount: taken)
        result.refused.sort { $0.place.index < $1.place.index }
        return result
    }

    /// Where a row stood; when that was not kept, its number among the accepted ones and its values as JSON.
    private func origin(_ rows: BatchRows, _ row: Int) -> BatchRows.Origin {
        if row < rows.origins.count { return rows.origins[row] }
        var text = "{"
        for (name, vector) in columns {
            guard let value = vector.datum(row) else { continue }
            if text.count > 1 { text += ", " }
            text += "\(name.debugDescription): \(ValueFormatter.text(value, type: vector.type).debugDescription)"
        }
        return BatchRows.Origin(
            place: BatchRows.Place(index: row, byteOffset: row, line: row + 1), raw: Array((text + "}").utf8))
    }
}
