import LakeModel

/// Splits batches by the values of their partition columns.
struct PartitionScatter: Sendable {
    /// Rows of one partition.
    struct Part: Sendable {
        let values: [Datum?]
        let batch: ColumnBatch
    }

    /// Indexes into the silver columns.
    let columns: [Int]

    init(_ table: TableDeclaration) {
        let names = table.silverSchema.fields.map(\.name)
        columns = table.partition.compactMap { name in names.firstIndex(of: name) }
    }

    /// - Parameter batch: with the derived columns.
    func split(_ batch: ColumnBatch) -> [Part] {
        if batch.rowCount == 0 { return [] }
        if columns.isEmpty { return [Part(values: [], batch: batch)] }
        var groups: [[Datum?]: Int] = [:]
        var values: [[Datum?]] = []
        var rows: [[Int32]] = []
        var codes = [Int](repeating: 0, count: batch.rowCount)
        assignCodes(batch, &codes)
        var groupOfCode: [Int: Int] = [:]
        var lastCode = -1
        var group = 0
        for row in 0..<batch.rowCount {
            if codes[row] != lastCode {
                lastCode = codes[row]
                if let known = groupOfCode[lastCode] {
                    group = known
                } else {
                    let tuple = columns.map { batch.columns[$0].datum(row) }
                    group = groups[tuple] ?? values.count
                    if group == values.count {
                        groups[tuple] = group
                        values.append(tuple)
                        rows.append([])
                    }
                    groupOfCode[lastCode] = group
                }
            }
            rows[group].append(Int32(row))
        }
        return values.indices.map { index in
            Part(
                values: values[index],
                batch: values.count == 1 ? batch : batch.gather(rows[index]))
        }
    }

    /// A number a row that is the same only for rows of the same partition.
    private func assignCodes(_ batch: ColumnBatch, _ codes: inout [Int]) {
        for column in columns {
            let vector = batch.columns[column]
            var numbers: [Int64: Int] = [:]
            var other: [Datum?: Int] = [:]
            var columnCodes = codes
            var distinct = 0
            var lastNumber: Int64 = 0
            var lastCode = -1
            for row in 0..<batch.rowCount {
                let code: Int
                if let number = vector.partitionNumber(row) {
                    if lastCode >= 0, number == lastNumber {
                        code = lastCode
                    } else if let known = numbers[number] {
                        code = known
                    } else {
                        code = distinct
                        numbers[number] = distinct
                        distinct += 1
                    }
                    lastNumber = number
                    lastCode = code
                } else {
                    let value = vector.datum(row)
                    code = other[value] ?? distinct
                    if code == distinct {
                        other[value] = distinct
                        distinct += 1
                    }
                }
                columnCodes[row] = code
            }
            combine(&codes, columnCodes)
        }
    }

    /// Gives each pair of codes a code of its own, counted from 0.
    private func combine(_ codes: inout [Int], _ more: [Int]) {
        var known: [Int: Int] = [:]
        var lastPair = -1
        var lastCode = 0
        for row in codes.indices {
            let pair = codes[row] << 32 | more[row]
            if pair != lastPair {
                lastPair = pair
                lastCode = known[pair] ?? known.count
                known[pair] = lastCode
            }
            codes[row] = lastCode
        }
    }
}

extension ColumnVector {
    /// The value as a number for integers, `nil` for nulls and everything else.
    fileprivate func partitionNumber(_ row: Int) -> Int64? {
        switch storage {
        case .int32(let values): isNull(row) ? nil : Int64(values[row])
        case .int64(let values): isNull(row) ? nil : values[row]
        default: nil
        }
    }
}
