internal import ByteKernels
import LakeModel

/// The two tables of a simulation, in one shape: a number, a text, a day.
enum SimulatedTables {
    /// `id,name,day` by id, partitioned by the year of the day.
    static let items = TableDeclaration(
        name: "items", silverName: "items_cleaned",
        columns: [
            ColumnDeclaration(name: "id", type: .long), ColumnDeclaration(name: "name", type: .string, required: true),
            ColumnDeclaration(name: "day", type: .date),
        ], key: ["id"], derived: [DerivedColumn(name: "day_year", part: .year, source: "day")],
        partition: ["day_year"])

    /// The same columns without a key and partitions: every row counts.
    static let events = TableDeclaration(
        name: "events", silverName: "events_cleaned",
        columns: [
            ColumnDeclaration(name: "id", type: .long), ColumnDeclaration(name: "name", type: .string, required: true),
            ColumnDeclaration(name: "day", type: .date),
        ])
}

/// A row as clients send it and as tables hold it.
struct SimulatedRow: Sendable, Hashable {
    var id: Int64
    var name: String
    /// Days since 1970; `nil`: none.
    var day: Int32?

    init(id: Int64, name: String, day: Int32?) {
        self.id = id
        self.name = name
        self.day = day
    }

    /// - Parameter row: the declared columns, others behind them.
    init?(_ row: [Datum?]) {
        guard row.count >= 3, case .long(let id) = row[0], case .string(let name) = row[1] else { return nil }
        self.id = id
        self.name = name
        if case .int(let day) = row[2] { self.day = day }
    }

    var data: [Datum?] { [.long(id), .string(name), day.map { .int($0) }] }
}

/// What one upload or batch brings, and where its rows lie in its bytes.
struct SimulatedPayload: Sendable {
    struct Row: Sendable {
        var row: SimulatedRow
        /// Whether it is to be refused: its name is missing.
        var isRefused: Bool
        var byteOffset: Int
    }

    private(set) var rows: [Row] = []
    private(set) var bytes: [UInt8] = []
    private(set) var sha256 = ""

    init(csv rows: [(row: SimulatedRow, isRefused: Bool)]) {
        bytes = Array("id,name,day\n".utf8)
        for (row, isRefused) in rows {
            self.rows.append(Row(row: row, isRefused: isRefused, byteOffset: bytes.count))
            bytes += Array("\(row.id),\(isRefused ? "" : row.name),\(row.day.map(Self.text) ?? "")\n".utf8)
        }
        sha256 = Self.digest(bytes)
    }

    init(json rows: [(row: SimulatedRow, isRefused: Bool)]) {
        bytes = Array("[".utf8)
        for (index, (row, isRefused)) in rows.enumerated() {
            if index > 0 { bytes += Array(",".utf8) }
            self.rows.append(Row(row: row, isRefused: isRefused, byteOffset: bytes.count))
            let name = isRefused ? "null" : "\"\(row.name)\""
            let day = row.day.map { "\"\(Self.text($0))\"" } ?? "null"
            bytes += Array("{\"id\":\(row.id),\"name\":\(name),\"day\":\(day)}".utf8)
        }
        bytes += Array("]".utf8)
        sha256 = Self.digest(bytes)
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        unsafe SHA256Stream.hex(SHA256Stream.digest(bytes.span.bytes))
    }

    private static func text(_ day: Int32) -> String {
        let date = CivilDate(daysSinceEpoch: Int(day))
        func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(pad(date.month))-\(pad(date.day))"
    }
}
