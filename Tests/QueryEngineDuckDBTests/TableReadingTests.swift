import Foundation
import LakeModel
import QueryEngine
import QueryEngineDuckDB
import Testing

extension DuckDBTests {
    @Suite struct TableReadingTests {
        private let fields: [(Int, String, PrimitiveType)] = [(1, "id", .long), (2, "name", .string)]

        private func people(_ ids: Range<Int64>) -> [TinyParquet.Column] {
            [.init("id", 1, .long(ids.map { $0 })), .init("name", 2, .text(ids.map { "n\($0)" }))]
        }

        private func deletes(_ entries: [(String, Int64)]) -> [TinyParquet.Column] {
            [
                .init("file_path", 2_147_483_546, .text(entries.map(\.0))),
                .init("pos", 2_147_483_545, .long(entries.map(\.1))),
            ]
        }

        private func ids(_ table: QueryTable, in lab: Lab) async throws -> [Int64] {
            try await lab.rows("SELECT id FROM silver.\(table.name) ORDER BY id", tables: [table]).map { row in
                if case .integer(let id) = row[0] { id } else { -1 }
            }
        }

        @Test func `position deletes take exactly their rows`() async throws {
            try await Lab.run { lab in
                let first = try lab.write("a.parquet", people(0..<5000))
                let second = try lab.write("b.parquet", people(5000..<5010))
                let plain = try lab.write("c.parquet", people(6000..<6003))
                // The same position in another file, a file that is not part of the table, a repeat, and the last row.
                let one = try lab.write("d1.parquet", deletes([("file://\(first)", 0), ("file://\(first)", 2100)]))
                let two = try lab.write(
                    "d2.parquet",
                    deletes([
                        ("file://\(second)", 3), ("file://\(first)", 4999), ("file://\(first)", 2100),
                        ("file://\(plain)-other", 1),
                    ]))
                let table = QueryTable(
                    "people", fields, files: [plain], deletedFrom: [first, second], deletes: [one, two])
                let expected =
                    Array(Int64(0)..<5010).filter { ![0, 2100, 4999, 5003].contains($0) } + [6000, 6001, 6002]
                #expect(try await ids(table, in: lab) == expected)
                let filtered = try await lab.rows(
                    "SELECT count(*) FROM silver.people WHERE id BETWEEN 2099 AND 2101", tables: [table])
                #expect(filtered == [[.integer(2)]])
            }
        }

        @Test func `locations in either form of file and in plain paths are the same file`() async throws {
            try await Lab.run { lab in
                let file = try lab.write("a.parquet", people(0..<10))
                let list = try lab.write(
                    "d.parquet",
                    deletes([("file://\(file)", 1), ("file:\(file)", 3), (file, 5), ("s3://lake\(file)", 7)]))
                var table = QueryTable("people", fields, files: [], deletedFrom: [file], deletes: [list])
                #expect(try await ids(table, in: lab) == [0, 2, 4, 6, 7, 8, 9])
                table.locationScheme = "s3://lake"
                table.version = "other"
                #expect(try await ids(table, in: lab) == [0, 2, 4, 6, 8, 9])
            }
        }

        @Test func `columns named like the engine's own do not disturb deletes`() async throws {
            try await Lab.run { lab in
                let file = try lab.write(
                    "a.parquet",
                    [
                        .init("filename", 1, .text(["x", "y", "z"])), .init("file_row_number", 2, .long([7, 7, 7])),
                        .init("c1", 3, .long([1, 2, 3])),
                    ])
                let list = try lab.write("d.parquet", deletes([("file://\(file)", 1)]))
                let fields: [(Int, String, PrimitiveType)] = [
                    (1, "filename", .string), (2, "file_row_number", .long), (3, "c1", .long),
                ]
                let table = QueryTable("odd", fields, files: [], deletedFrom: [file], deletes: [list])
                let rows = try await lab.rows("SELECT * FROM silver.odd ORDER BY c1", tables: [table])
                #expect(rows == [[.text("x"), .integer(7), .integer(1)], [.text("z"), .integer(7), .integer(3)]])
            }
        }

        @Test func `columns are found by field id through renames, promotions and additions`() async throws {
            try await Lab.run { lab in
                let old = try lab.write(
                    "a.parquet", [.init("number", 1, .int([1])), .init("name", 3, .text(["dropped"]))])
                let new = try lab.write(
                    "b.parquet", [.init("id", 1, .long([1 << 40])), .init("name", 2, .text(["kept"]))])
                let table = QueryTable("people", fields, files: [old, new])
                let rows = try await lab.rows("SELECT * FROM silver.people ORDER BY id", tables: [table])
                #expect(rows == [[.integer(1), .null], [.integer(1 << 40), .text("kept")]])
            }
        }

        @Test func `files without field ids are read by name beside others`() async throws {
            try await Lab.run { lab in
                let unnamed = try lab.write("a.parquet", [.init("ID", nil, .int([1, 2]))])
                let named = try lab.write("b.parquet", people(3..<5))
                let deleted = try lab.write(
                    "c.parquet", [.init("id", nil, .long([8, 9])), .init("name", nil, .text(["a", "b"]))])
                let list = try lab.write("d.parquet", deletes([("file://\(deleted)", 0)]))
                let table = QueryTable(
                    "people", fields, files: [unnamed, named], deletedFrom: [deleted], deletes: [list])
                let rows = try await lab.rows("SELECT * FROM silver.people ORDER BY id", tables: [table])
                #expect(
                    rows == [
                        [.integer(1), .null], [.integer(2), .null], [.integer(3), .text("n3")],
                        [.integer(4), .text("n4")], [.integer(9), .text("b")],
                    ])
            }
        }

        @Test func `a folder named like a partition adds and overrides no column`() async throws {
            try await Lab.run { lab in
                let file = try lab.write("id=77/x=1/a.parquet", people(0..<2))
                let table = QueryTable("people", fields, files: [file])
                let rows = try await lab.rows("SELECT * FROM silver.people", tables: [table])
                #expect(rows == [[.integer(0), .text("n0")], [.integer(1), .text("n1")]])
            }
        }

        @Test func `paths with patterns, quotes and spaces are plain names`() async throws {
            try await Lab.run { lab in
                _ = try lab.write("ab.parquet", people(50..<60))
                let names = ["a*.parquet", "a[b].parquet", "a?.parquet", "it's.parquet", "a b/ü\".parquet"]
                var files: [String] = []
                for (index, name) in names.enumerated() {
                    files.append(try lab.write(name, people(Int64(index)..<Int64(index + 1))))
                }
                let list = try lab.write("d.parquet", deletes([("file://\(files[0])", 0)]))
                let table = QueryTable("people", fields, files: files)
                #expect(try await ids(table, in: lab) == [0, 1, 2, 3, 4])
                let deleted = QueryTable("people", fields, files: [], deletedFrom: files, deletes: [list])
                #expect(try await ids(deleted, in: lab) == [1, 2, 3, 4])
            }
        }

        @Test func `a table without files is empty and keeps its types`() async throws {
            try await Lab.run { lab in
                let fields: [(Int, String, PrimitiveType)] = [
                    (1, "a", .boolean), (2, "b", .int), (3, "c", .float), (4, "d", .decimal(precision: 9, scale: 2)),
                    (5, "e", .date), (6, "f", .time), (7, "g", .timestamp), (8, "h", .timestamptz), (9, "i", .uuid),
                    (10, "j", .fixed(length: 3)), (11, "k", .binary), (12, "say \"l\"", .string), (13, "m", .double),
                ]
                let result = try await lab.engine.execute(
                    QueryRequest(
                        sql: "SELECT * FROM silver.none", tables: [QueryTable("none", fields, files: [])]))
                #expect(result.rows == [])
                #expect(result.columns.map(\.name) == fields.map(\.1))
                #expect(
                    result.columns.map(\.type) == [
                        "BOOLEAN", "INTEGER", "FLOAT", "DECIMAL(9,2)", "DATE", "TIME", "TIMESTAMP",
                        "TIMESTAMP WITH TIME ZONE", "UUID", "BLOB", "BLOB", "VARCHAR", "DOUBLE",
                    ])
            }
        }

        @Test func `nested fields are read by name`() async throws {
            try await Lab.run { lab in
                let file = try lab.write("a.parquet", people(0..<1))
                let nested = SchemaField(
                    id: 9, name: "tags",
                    type: .list(elementID: 10, element: .primitive(.string), elementRequired: false),
                    required: false)
                var table = QueryTable("people", fields, files: [file])
                table.fields.append(nested)
                let rows = try await lab.rows("SELECT * FROM silver.people", tables: [table])
                #expect(rows == [[.integer(0), .text("n0"), .null]])
            }
        }

        @Test func `a new version replaces a table, the same one is kept`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let file = try lab.write("a.parquet", people(0..<3))
                let more = try lab.write("b.parquet", people(3..<4))
                #expect(try await ids(QueryTable("t", fields, files: [file], version: "1"), in: lab) == [0, 1, 2])
                #expect(
                    try await ids(QueryTable("t", fields, files: [file, more], version: "2"), in: lab) == [0, 1, 2, 3])
                #expect(try await ids(QueryTable("t", fields, files: [], version: "2"), in: lab) == [0, 1, 2, 3])
                #expect(try await ids(QueryTable("t", fields, files: [], version: "3"), in: lab) == [])
            }
        }

        @Test func `a missing file is data-unreadable, and the table comes back with its file`() async throws {
            try await Lab.run({ $0.workers = 1 }) { lab in
                let file = try lab.write("a.parquet", people(0..<1))
                let table = QueryTable("t", fields, files: [file, lab.dataFolder + "/b.parquet"], version: "1")
                let error = try await lab.error("SELECT * FROM silver.t", tables: [table])
                #expect(error.code == "data-unreadable")
                #expect(error.isRetryable)
                _ = try lab.write("b.parquet", people(1..<2))
                #expect(try await ids(table, in: lab) == [0, 1])
            }
        }

        @Test func `files outside the data folders are not read, links to them neither`() async throws {
            try await Lab.run { lab in
                _ = try lab.write("../outside/a.parquet", people(0..<1))
                let link = lab.dataFolder + "/link"
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: lab.folder + "/outside")
                for path in [
                    lab.folder + "/outside/a.parquet", lab.dataFolder + "/../outside/a.parquet", link + "/a.parquet",
                ] {
                    let error = try await lab.error("SELECT 1", tables: [QueryTable("t", fields, files: [path])])
                    #expect(error.code == "data-unreadable", "\(path): \(error)")
                }
            }
        }

        @Test func `thousands of files are one table`() async throws {
            try await Lab.run { lab in
                let files = try (Int64(0)..<3000).map { try lab.write("many/\($0).parquet", people($0..<($0 + 1))) }
                let list = try lab.write("d.parquet", deletes(files[2000...].map { ("file://\($0)", 0) }))
                let table = QueryTable(
                    "many", fields, files: Array(files[..<1500]), deletedFrom: Array(files[1500...]), deletes: [list])
                let rows = try await lab.rows("SELECT count(*), sum(id)::BIGINT FROM silver.many", tables: [table])
                #expect(rows == [[.integer(2000), .integer(1999 * 2000 / 2)]])
            }
        }
    }
}
