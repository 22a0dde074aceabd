import CSVFormat
import LakeModel

/// Reads a JSON array of flat objects into columns, each row accepted or refused for its first fault.
///
/// Pure: the gateway and the pipeline read the same bytes and come to the same verdicts.
struct BatchReader: Sendable {
    /// The rows of a batch. `rowsRead == accepted.rowCount + refused.count`, always.
    struct Result: Sendable {
        /// The declared columns in declared order.
        var accepted: ColumnBatch
        /// Where each accepted row stands.
        var acceptedPlaces: [AcceptedPlace]
        var refused: [RefusedRow]
        var rowsRead: Int
    }

    struct AcceptedPlace: Sendable, Hashable {
        /// 0-based position in the batch.
        var index: Int
        var byteRange: Range<Int>
        /// 1-based line of the body that the object starts on.
        var line: Int
    }

    /// A refused row and where its object lies in the body.
    struct RefusedRow: Sendable, Hashable {
        var verdict: RowVerdict
        var byteRange: Range<Int>
        /// 1-based line of the body that the object starts on.
        var line: Int
    }

    let table: TableDeclaration
    let limits: IngestionLimits

    private var columnNames: String { table.columns.map(\.name).joined(separator: ", ") }

    /// - Throws: ``IngestionError`` `json-syntax`, `batch-empty`, `batch-too-large`: nothing of the body counts.
    func read(_ body: [UInt8]) throws -> Result {
        var scanner = JSONScanner(body, depthMax: limits.jsonDepthMax)
        do {
            return try rows(&scanner)
        } catch let failure as JSONScanner.Failure {
            throw syntaxError(failure, body)
        }
    }

    private func rows(_ scanner: inout JSONScanner) throws -> Result {
        guard scanner.peek() != nil else {
            throw IngestionError(
                code: "batch-empty", message: "the body is empty",
                remedy: "send a JSON array of 1 to \(limits.batchRowsMax) objects")
        }
        try scanner.expect(UInt8(ascii: "["), "a JSON array of objects")
        var builders = table.columns.map { DatumColumnBuilder(type: $0.type) }
        var result = Result(
            accepted: ColumnBatch(columns: [], rowCount: 0), acceptedPlaces: [], refused: [], rowsRead: 0)
        var lines = LineCounter(scanner.bytes)
        if !scanner.take(UInt8(ascii: "]")) {
            repeat {
                if result.rowsRead == limits.batchRowsMax { throw try tooMany(&scanner) }
                scanner.skipSpace()
                let start = scanner.offset
                let outcome = try row(&scanner, index: result.rowsRead)
                switch outcome {
                case .success(let values):
                    for (column, value) in values.enumerated() { builders[column].append(value) }
                    result.acceptedPlaces.append(
                        AcceptedPlace(
                            index: result.rowsRead, byteRange: start..<scanner.offset, line: lines.line(at: start)))
                case .failure(let refusal):
                    result.refused.append(
                        RefusedRow(
                            verdict: refusal.verdict, byteRange: start..<scanner.offset, line: lines.line(at: start)))
                }
                result.rowsRead += 1
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "]"), ", or ]")
        }
        if scanner.peek() != nil { throw scanner.failure("nothing more is expected behind the array") }
        guard result.rowsRead > 0 else {
            throw IngestionError(
                code: "batch-empty", message: "the array is empty", remedy: "send 1 to \(limits.batchRowsMax) objects")
        }
        result.accepted = ColumnBatch(columns: builders.map { $0.finish() }, rowCount: result.acceptedPlaces.count)
        return result
    }

    private struct Refusal: Error { let verdict: RowVerdict }

    /// One object. Its syntax is always read to the end, whatever is wrong with its values.
    private func row(_ scanner: inout JSONScanner, index: Int) throws -> Swift.Result<[Datum?], Refusal> {
        var verdict: RowVerdict?
        func refuse(_ column: String?, _ code: String, _ message: String) {
            if verdict == nil { verdict = RowVerdict(index: index, column: column, code: code, message: message) }
        }
        guard scanner.peek() == UInt8(ascii: "{") else {
            let value = try scanner.value(depth: 1)
            refuse(nil, "row-not-object", "row \(index) is \(value.kind); send an object with \(columnNames)")
            return .failure(
                Refusal(verdict: verdict ?? RowVerdict(index: index, column: nil, code: "row-not-object", message: "")))
        }
        _ = scanner.take(UInt8(ascii: "{"))
        var values = [Datum?](repeating: nil, count: table.columns.count)
        var seen = [Bool](repeating: false, count: table.columns.count)
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                guard scanner.peek() == UInt8(ascii: "\"") else {
                    throw scanner.failure("a field name in quotes is expected")
                }
                let name = String(decoding: try scanner.string(), as: UTF8.self)
                try scanner.expect(UInt8(ascii: ":"), ":")
                let value = try scanner.value(depth: 2)
                guard let column = column(named: name) else {
                    if table.undeclaredColumns == .reject {
                        refuse(name, "field-unknown", "`\(name)` is no column of \(table.name); it has \(columnNames)")
                    }
                    continue
                }
                if seen[column] {
                    refuse(
                        table.columns[column].name, "field-repeated", "`\(name)` stands in the row twice; send it once")
                }
                seen[column] = true
                do {
                    values[column] = try BatchValue.datum(value, for: table.columns[column])
                } catch {
                    refuse(table.columns[column].name, error.code, error.message)
                }
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "}"), ", or }")
        }
        for (column, declaration) in table.columns.enumerated() where values[column] == nil {
            if declaration.required || table.key.contains(declaration.name) {
                refuse(
                    declaration.name, "value-missing", "`\(declaration.name)` is required; send a \(declaration.type)")
            }
        }
        if let verdict { return .failure(Refusal(verdict: verdict)) }
        return .success(values)
    }

    private func column(named name: String) -> Int? {
        table.columns.firstIndex { $0.name == name }
            ?? table.columns.firstIndex {
                $0.name.lowercased() == name.lowercased()
                    || $0.aliases.contains { $0.lowercased() == name.lowercased() }
            }
    }

    /// Counts the rows that are left, so that the message can say how many there were.
    private func tooMany(_ scanner: inout JSONScanner) throws -> IngestionError {
        var count = limits.batchRowsMax
        repeat {
            _ = try scanner.value(depth: 1)
            count += 1
        } while scanner.take(UInt8(ascii: ","))
        return IngestionError(
            code: "batch-too-large",
            message: "the batch has at least \(count) rows, \(limits.batchRowsMax) are allowed",
            remedy: "send it in batches of at most \(limits.batchRowsMax) rows, or as a CSV upload")
    }

    private func syntaxError(_ failure: JSONScanner.Failure, _ body: [UInt8]) -> IngestionError {
        var lines = LineCounter(body)
        return IngestionError(
            code: "json-syntax", message: "the body is no JSON: \(failure.message)",
            remedy: "send a JSON array of objects with the fields \(columnNames)",
            place: Place(source: "body", line: lines.line(at: failure.byteOffset), byteOffset: failure.byteOffset))
    }
}

/// Line numbers of rising offsets.
struct LineCounter {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter target: not before any asked for earlier.
    mutating func line(at target: Int) -> Int {
        while offset < min(target, bytes.count) {
            if bytes[offset] == 0x0A { line += 1 }
            offset += 1
        }
        return line
    }
}
