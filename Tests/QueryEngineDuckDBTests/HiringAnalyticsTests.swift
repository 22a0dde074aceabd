import LakeModel
import QueryEngine
import QueryEngineDuckDB
import Testing

extension DuckDBTests {
    @Suite struct HiringAnalyticsTests {
        private func answer(_ name: String, year: Int64, in lab: Lab) async throws -> QueryResult {
            let analytic = try #require(try HiringModel.declaration().analytics.first { $0.name == name })
            return try await lab.engine.execute(
                QueryRequest(
                    sql: analytic.sql, parameters: .named(["year": .integer(year)]), tables: try Hiring.tables(in: lab))
            )
        }

        private func text(_ value: QueryValue) -> String {
            if case .text(let text) = value { text } else { "" }
        }

        @Test func `quarterly hires of 2021 are complete and ordered`() async throws {
            try await Lab.run { lab in
                let result = try await answer("quarterly-hires", year: 2021, in: lab)
                #expect(result.columns.map(\.name) == ["department", "job", "q1", "q2", "q3", "q4"])
                #expect(result.rows.count == 933)
                let sum = result.rows.flatMap { $0[2...] }.reduce(Int64(0)) { sum, value in
                    if case .integer(let count) = value { sum + count } else { sum }
                }
                #expect(sum == 1643)
                #expect(result.rows.first?[0] == .text("Accounting"))
                let names = result.rows.map { row in row[..<2].map { value in text(value) } }
                for (earlier, later) in zip(names, names.dropFirst()) {
                    #expect(earlier.lexicographicallyPrecedes(later))
                }
                #expect(!result.isTruncated)
            }
        }

        @Test func `departments above the mean of 2021 are those seven`() async throws {
            try await Lab.run { lab in
                let result = try await answer("departments-above-mean", year: 2021, in: lab)
                #expect(result.columns.map(\.name) == ["id", "department", "hired"])
                #expect(
                    result.rows.map { [$0[1], $0[2]] } == [
                        [.text("Support"), .integer(220)], [.text("Engineering"), .integer(206)],
                        [.text("Services"), .integer(202)], [.text("Human Resources"), .integer(201)],
                        [.text("Business Development"), .integer(185)],
                        [.text("Research and Development"), .integer(150)], [.text("Marketing"), .integer(143)],
                    ])
            }
        }

        @Test func `a year without hires has no department above the mean`() async throws {
            try await Lab.run { lab in
                for name in ["departments-above-mean", "quarterly-hires"] {
                    let result = try await answer(name, year: 1990, in: lab)
                    #expect(result.rows == [])
                }
            }
        }
    }
}
