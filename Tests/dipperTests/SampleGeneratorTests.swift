import Foundation
import LakeModel
import Testing

@testable import dipper

@Suite struct SampleGeneratorTests {
    /// Generates into a folder of its own and returns the hires, each row cut at its commas, with the summary.
    private func hires(_ options: SampleOptions) throws -> (rows: [[Substring]], summary: SampleSummary) {
        let directory = FileManager.default.temporaryDirectory.path + "/dipper-sample-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let summary = try SampleGenerator(options: options).write(to: directory)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/hired_employees.csv"))
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return (lines.map { $0.split(separator: ",", omittingEmptySubsequences: false) }, summary)
    }

    private func bytes(_ options: SampleOptions) throws -> Data {
        let directory = FileManager.default.temporaryDirectory.path + "/dipper-sample-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        _ = try SampleGenerator(options: options).write(to: directory)
        return try Data(contentsOf: URL(fileURLWithPath: directory + "/hired_employees.csv"))
    }

    @Test func `the first row of seed one never changes`() throws {
        let row = try hires(SampleOptions(rows: 1, seed: 1)).rows.first?.joined(separator: ",")
        #expect(row == "1,Tranda Riamov,2021-01-24T13:46:42Z,8,1")
    }

    @Test func `equal options give equal bytes and another seed gives others`() throws {
        let first = try bytes(SampleOptions(rows: 5_000, seed: 7))
        #expect(try bytes(SampleOptions(rows: 5_000, seed: 7)) == first)
        #expect(try bytes(SampleOptions(rows: 5_000, seed: 8)) != first)
    }

    @Test func `ids ascend from one and every row has five fields`() throws {
        let (rows, summary) = try hires(SampleOptions(rows: 3_000, seed: 1))
        #expect(rows.map { Int($0[0]) } == Array(1...3_000))
        #expect(rows.allSatisfy { $0.count == 5 })
        #expect(summary.files.map(\.table) == ["departments", "jobs", "hired_employees"])
        #expect(summary.files.map(\.rows) == [12, 183, 3_000])
    }

    @Test func `the summary counts the missing fields that are in the file`() throws {
        let (rows, summary) = try hires(SampleOptions(rows: 100_000, seed: 3))
        let missing = (1...4).map { column in rows.count { $0[column].isEmpty } }
        #expect(
            missing == [
                summary.missingNames, summary.missingDatetimes, summary.missingDepartments, summary.missingJobs,
            ])
        let rates = [
            SampleMissingRate.name, SampleMissingRate.datetime, SampleMissingRate.department, SampleMissingRate.job,
        ]
        for (count, rate) in zip(missing, rates) {
            #expect(abs(count - rate / 10) < rate / 50, "expected about \(rate / 10) of 100,000, counted \(count)")
        }
        #expect(rows.allSatisfy { row in row.count { $0.isEmpty } <= 1 })
    }

    @Test func `a clean sample misses nothing and keeps the other values`() throws {
        let plain = try hires(SampleOptions(rows: 2_000, seed: 5)).rows
        var options = SampleOptions(rows: 2_000, seed: 5)
        options.clean = true
        let (rows, summary) = try hires(options)
        #expect(rows.allSatisfy { row in row.allSatisfy { !$0.isEmpty } })
        #expect(summary.missingNames + summary.missingDatetimes == 0)
        for (row, other) in zip(rows, plain) {
            for (value, otherValue) in zip(row, other) where !otherValue.isEmpty { #expect(value == otherValue) }
        }
    }

    @Test func `values lie in the ranges that the lookup tables have`() throws {
        var options = SampleOptions(rows: 20_000, seed: 11)
        options.clean = true
        let rows = try hires(options).rows
        #expect(Set(rows.compactMap { Int($0[3]) }) == Set(1...12))
        #expect(Set(rows.compactMap { Int($0[4]) }) == Set(1...183))
        let times = rows.map { String($0[2]) }
        #expect(times.allSatisfy { $0.count == 20 && $0 >= "2021-01-01T00:00:00Z" && $0 <= "2022-12-31T23:59:59Z" })
        #expect(try times.allSatisfy { try Date($0, strategy: .iso8601).timeIntervalSince1970 > 0 })
        #expect(Set(times.map { $0.prefix(7) }).count == 24, "months of the two years")
    }

    @Test(arguments: [1, 2, 3, 4, 5, 1_000, 4_097])
    func `shuffled ids are a permutation of the ascending ones`(count: Int) throws {
        var options = SampleOptions(rows: count, seed: 9)
        options.shuffleIDs = true
        let ids = try hires(options).rows.compactMap { Int($0[0]) }
        #expect(ids.sorted() == Array(1...count))
        if count >= 1_000 { #expect(ids != ids.sorted()) }
    }

    @Test func `wide ids ascend and pass what a double holds exactly`() throws {
        var options = SampleOptions(rows: 10_000, seed: 9)
        options.wideIDs = true
        let ids = try hires(options).rows.compactMap { Int64($0[0]) }
        #expect(ids.count == 10_000)
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        #expect(ids.allSatisfy { $0 >= 1 << 62 })
        #expect(Set(ids.map { Double($0) }).count < 10_000 || ids.contains { Int64(exactly: Double($0)) != $0 })
    }

    @Test func `string keys carry a prefix`() throws {
        var options = SampleOptions(rows: 3, seed: 1)
        options.stringKeys = true
        #expect(try hires(options).rows.map { $0[0] } == ["E-1", "E-2", "E-3"])
    }

    @Test func `malformed rows stand where they were asked for`() throws {
        var options = SampleOptions(rows: 700, seed: 1)
        options.badEvery = 100
        options.clean = true
        let (rows, summary) = try hires(options)
        #expect(summary.malformed == 7)
        #expect(rows.count { $0.count == 6 } == 1, "one of the kinds has an extra field")
        #expect(rows.count { $0.count > 2 && $0[2] == "yesterday" } == 2)
        #expect(rows.map { String($0[0]) } == (1...700).map(String.init))
    }

    @Test func `a header comes on request`() throws {
        var options = SampleOptions(rows: 2, seed: 1)
        options.header = true
        let rows = try hires(options).rows
        #expect(rows.count == 3)
        #expect(rows[0] == ["id", "name", "datetime", "department_id", "job_id"])
    }

    @Test func `no rows make an empty file`() throws {
        #expect(try bytes(SampleOptions(rows: 0, seed: 1)).isEmpty)
    }

    @Test(arguments: [-1, SampleOptions.rowsMax + 1])
    func `a number of rows out of range is refused`(rows: Int) {
        #expect(throws: SampleError.self) { try SampleGenerator(options: SampleOptions(rows: rows, seed: 1)) }
    }

    @Test func `a folder that cannot be made is an error with a remedy`() throws {
        let generator = try SampleGenerator(options: SampleOptions(rows: 1, seed: 1))
        let error = #expect(throws: SampleError.self) { try generator.write(to: "/proc/no-such-folder") }
        #expect(error?.code == "sample-file-unwritable")
        #expect(error?.remedy != nil)
    }
}
