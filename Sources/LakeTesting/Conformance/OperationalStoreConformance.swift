package import LakeModel
package import OperationalStore

/// What every ``OperationalStore`` promises.
package enum OperationalStoreConformance {
    package static let checks: [ConformanceCheck<any OperationalStore>] = rows + watermarks + schemas

    private static let people = OperationalTable(
        name: "people",
        columns: [
            SchemaField(id: 1, name: "id", type: PrimitiveType.long, required: true),
            SchemaField(id: 2, name: "full name", type: PrimitiveType.string, required: true),
            SchemaField(id: 3, name: "age", type: PrimitiveType.int, required: false),
        ], keyColumns: [0])

    /// A column of each type under a two-column key, one of them text.
    private static let wide = OperationalTable(
        name: "every \"type\"",
        columns: zip(1..., types).map { SchemaField(id: $0, name: "c\($0)", type: $1, required: false) },
        keyColumns: [10, 1])

    private static let types: [PrimitiveType] = [
        .boolean, .int, .long, .float, .double, .decimal(precision: 20, scale: 3), .date, .time, .timestamp,
        .timestamptz,
        .string, .uuid, .fixed(length: 3), .binary,
    ]

    /// Rows of `people`: id, name, age.
    package static func batch(_ values: [(Int64, String, Int32?)]) -> ColumnBatch {
        var names = ByteVector()
        for value in values { names.append(value.1.utf8) }
        var validity = Bitmap()
        for value in values { validity.append(value.2 != nil) }
        return ColumnBatch(
            columns: [
                ColumnVector(type: .long, storage: .int64(values.map(\.0))),
                ColumnVector(type: .string, storage: .bytes(names)),
                ColumnVector(type: .int, storage: .int32(values.map { $0.2 ?? 0 }), validity: validity),
            ], rowCount: values.count)
    }

    private static func change(
        _ offset: Int64, rows: Int64 = 0, incarnation: String = "one", _ upserts: [ColumnBatch],
        _ adjust: (inout OperationalChange) -> Void = { _ in }
    ) -> OperationalChange {
        var change = OperationalChange(
            table: "people", topic: "people", partition: 0,
            watermark: OperationalWatermark(incarnation: incarnation, nextOffset: offset, rowsDone: rows),
            upserts: upserts)
        adjust(&change)
        return change
    }

    private static let rows: [ConformanceCheck<any OperationalStore>] = [
        .init("rows are read by key, and the last write of a key wins") { store in
            try await store.prepare([people])
            try await store.apply(change(1, [batch([(1, "Ann", 30), (2, "", nil)]), batch([(1, "Anna", nil)])]))
            try await store.apply(change(2, [batch([(2, "Bob \u{1F600} \"x\"", 41), (-3, "Eve", 1)])]))
            try checkEqual(
                try await store.row(table: "people", key: [.long(1)]), [.long(1), .string("Anna"), nil])
            try checkEqual(
                try await store.row(table: "people", key: [.long(2)]),
                [.long(2), .string("Bob \u{1F600} \"x\""), .int(41)])
            try checkEqual(try await store.row(table: "people", key: [.long(9)]), nil)
            try checkEqual(try await store.rowCount(table: "people"), 3)
        },
        .init("ignore keeps the first row of a key") { store in
            try await store.prepare([people])
            try await store.apply(change(1, [batch([(1, "Ann", 1), (1, "Bob", 2)])]) { $0.conflict = .ignore })
            try checkEqual(
                try await store.row(table: "people", key: [.long(1)]), [.long(1), .string("Ann"), .int(1)])
        },
        .init("deletes and truncation come before the upserts of their change") { store in
            try await store.prepare([people])
            try await store.apply(change(1, [batch([(1, "a", 1), (2, "b", 2), (3, "c", 3)])]))
            try await store.apply(
                change(2, [batch([(1, "d", 4)])]) { $0.deletes = [[.long(1)], [.long(3)], [.long(8)]] })
            try checkEqual(try await store.rowCount(table: "people"), 2)
            try checkEqual(try await store.row(table: "people", key: [.long(1)])?[1], .string("d"))
            try await store.apply(change(3, [batch([(7, "e", nil)])]) { $0.truncate = true })
            try checkEqual(try await store.rowCount(table: "people"), 1)
        },
        .init("every type comes back exactly, nulls too, under a key of several columns") { store in
            try await store.prepare([wide])
            let rows = wideRows()
            try await store.apply(
                OperationalChange(
                    table: wide.name, topic: "w", partition: 0,
                    watermark: OperationalWatermark(incarnation: "one", nextOffset: 1), upserts: [wideBatch(rows)]))
            for row in rows {
                guard let text = row[10], let number = row[1] else { continue }
                let found = try await store.row(table: wide.name, key: [text, number])
                // NaN is not equal to itself: the texts are compared.
                try checkEqual("\(found ?? [])", "\(row)")
            }
        },
        .init("a table without a key takes every row") { store in
            var heap = people
            heap.keyColumns = []
            try await store.prepare([heap])
            try await store.apply(change(1, [batch([(1, "a", 1), (1, "a", 1)])]))
            try checkEqual(try await store.rowCount(table: "people"), 2)
            try await checkThrows("key-shape-mismatch") { _ = try await store.row(table: "people", key: [.long(1)]) }
        },
    ]

    private static let watermarks: [ConformanceCheck<any OperationalStore>] = [
        .init("a change at or behind the watermark does nothing") { store in
            try await store.prepare([people])
            try checkEqual(try await store.watermark(topic: "people", partition: 0), nil)
            try checkEqual(try await store.apply(change(3, rows: 10, [batch([(1, "a", 1)])])), true)
            for (offset, rows) in [(3, 10), (3, 9), (2, 99)] as [(Int64, Int64)] {
                try checkEqual(try await store.apply(change(offset, rows: rows, [batch([(1, "x", 1)])])), false)
            }
            try checkEqual(try await store.row(table: "people", key: [.long(1)])?[1], .string("a"))
            try checkEqual(try await store.apply(change(3, rows: 11, [])), true)
            try checkEqual(try await store.apply(change(4, [])), true)
            try checkEqual(
                try await store.watermark(topic: "people", partition: 0),
                OperationalWatermark(incarnation: "one", nextOffset: 4))
        },
        .init("another incarnation starts anew and retires the former for good") { store in
            try await store.prepare([people])
            try await store.apply(change(100, []))
            try checkEqual(try await store.apply(change(1, incarnation: "two", [batch([(1, "a", 1)])])), true)
            try checkEqual(try await store.apply(change(101, incarnation: "one", [batch([(1, "x", 1)])])), false)
            try checkEqual(try await store.row(table: "people", key: [.long(1)])?[1], .string("a"))
            try checkEqual(try await store.watermark(topic: "people", partition: 0)?.incarnation, "two")
        },
        .init("a change that fails leaves rows and watermark as they were") { store in
            try await store.prepare([people])
            try await store.apply(change(1, [batch([(1, "a", 1)])]))
            let wrong = ColumnBatch(
                columns: [ColumnVector(type: .long, storage: .int64([5]))], rowCount: 1)
            try await checkThrows("row-shape-mismatch") {
                try await store.apply(change(2, [batch([(2, "b", 1)]), wrong]) { $0.truncate = true })
            }
            try checkEqual(try await store.rowCount(table: "people"), 1)
            try checkEqual(try await store.watermark(topic: "people", partition: 0)?.nextOffset, 1)
            try await checkThrows("table-missing") { try await store.apply(change(2, []) { $0.table = "none" }) }
        },
    ]

    private static let schemas: [ConformanceCheck<any OperationalStore>] = [
        .init("a table is widened by columns and types, its rows kept") { store in
            try await store.prepare([people])
            try await store.apply(change(1, [batch([(1, "a", 1)])]))
            var wider = people
            wider.columns.insert(SchemaField(id: 4, name: "city", type: PrimitiveType.string, required: false), at: 1)
            wider.columns[3].type = .primitive(.long)
            try await store.prepare([wider])
            try await store.prepare([wider])
            try checkEqual(
                try await store.row(table: "people", key: [.long(1)]), [.long(1), nil, .string("a"), .long(1)])
        },
        .init("a change that would lose data is refused") { store in
            try await store.prepare([people])
            var fewer = people
            fewer.columns.removeLast()
            var narrower = people
            narrower.columns[0].type = .primitive(.int)
            var otherKey = people
            otherKey.keyColumns = [1]
            for table in [fewer, narrower, otherKey] {
                try await checkThrows("schema-change-refused") { try await store.prepare([table]) }
            }
            try await store.prepare([people])
        },
    ]

    private static func wideRows() -> [[Datum?]] {
        let full: [Datum?] = [
            .boolean(true), .int(-7), .long(.min), .float(1.5), .double(-1e300), .decimal(-5), .int(-1),
            .long(86_399_999_999),
            .long(-1), .long(.max), .string("k"), .bytes([UInt8](0..<16)), .bytes([0, 255, 0]), .bytes([]),
        ]
        var nulls = [Datum?](repeating: nil, count: types.count)
        nulls[10] = .string("")
        nulls[1] = .int(0)
        var odd = full
        odd[3] = .float(.nan)
        odd[4] = .double(.infinity)
        odd[5] = .decimal(99_999_999_999_999_999_999)
        odd[10] = .string("k'")
        odd[0] = .boolean(false)
        return [full, nulls, odd]
    }

    private static func wideBatch(_ rows: [[Datum?]]) -> ColumnBatch {
        ColumnBatch(
            columns: types.indices.map { column in vector(types[column], rows.map { $0[column] }) },
            rowCount: rows.count)
    }

    /// A column of these values.
    package static func vector(_ type: PrimitiveType, _ values: [Datum?]) -> ColumnVector {
        var validity = Bitmap()
        for value in values { validity.append(value != nil) }
        let storage: ColumnStorage =
            switch type.physical {
            case .boolean: .boolean(values.map { if case .boolean(let value) = $0 { value } else { false } })
            case .int32: .int32(values.map { if case .int(let value) = $0 { value } else { 0 } })
            case .int64: .int64(values.map { if case .long(let value) = $0 { value } else { 0 } })
            case .float: .float(values.map { if case .float(let value) = $0 { value } else { 0 } })
            case .double: .double(values.map { if case .double(let value) = $0 { value } else { 0 } })
            case .int128: .int128(values.map { if case .decimal(let value) = $0 { value } else { 0 } })
            case .bytes: .bytes(values.reduce(into: ByteVector()) { $0.append(bytes($1)) })
            case .fixed(let width):
                .fixed(
                    FixedVector(
                        width: width,
                        bytes: values.flatMap { $0 == nil ? [UInt8](repeating: 0, count: width) : bytes($0) }))
            }
        return ColumnVector(type: type, storage: storage, validity: validity)
    }

    private static func bytes(_ value: Datum?) -> [UInt8] {
        switch value {
        case .string(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        default: []
        }
    }
}
