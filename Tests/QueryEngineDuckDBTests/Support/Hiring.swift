import Foundation
import LakeModel
import QueryEngine

/// The hiring data as silver holds it, in Parquet files of a test.
enum Hiring {
    static func tables(in lab: Lab) throws -> [QueryTable] {
        let departments = try rows("departments"), jobs = try rows("jobs")
        let hires = try rows("hired_employees").filter { !$0[1].isEmpty && !$0[2].isEmpty }
        let departmentsFile = try lab.write(
            "departments.parquet",
            [
                .init("id", 1, .int(departments.map { Int32($0[0]) })),
                .init("department", 2, .text(departments.map { $0[1] })),
            ])
        let jobsFile = try lab.write(
            "jobs.parquet",
            [.init("id", 1, .int(jobs.map { Int32($0[0]) })), .init("job", 2, .text(jobs.map { $0[1] }))])
        let times = hires.map { Int64((try? Date($0[2], strategy: .iso8601))?.timeIntervalSince1970 ?? 0) }
        let files = try stride(from: 0, to: hires.count, by: 500).map { start in
            let part = start..<min(start + 500, hires.count)
            return try lab.write(
                "hire_year=1/employees-\(start).parquet",
                [
                    .init("id", 1, .long(part.map { Int64(hires[$0][0]) })),
                    .init("name", 2, .text(part.map { hires[$0][1] })),
                    .init("hire_datetime", 3, .timestamptz(part.map { times[$0] * 1_000_000 })),
                    .init("department_id", 4, .int(part.map { Int32(hires[$0][3]) })),
                    .init("job_id", 5, .int(part.map { Int32(hires[$0][4]) })),
                    .init("hire_year", 6, .int(part.map { Int32(hires[$0][2].prefix(4)) })),
                    .init(
                        "hire_quarter", 7,
                        .int(part.map { ((Int32(hires[$0][2].dropFirst(5).prefix(2)) ?? 1) - 1) / 3 + 1 })),
                ])
        }
        return [
            QueryTable("departments_cleaned", [(1, "id", .int), (2, "department", .string)], files: [departmentsFile]),
            QueryTable("jobs_cleaned", [(1, "id", .int), (2, "job", .string)], files: [jobsFile]),
            QueryTable(
                "employees_cleaned",
                [
                    (1, "id", .long), (2, "name", .string), (3, "hire_datetime", .timestamptz),
                    (4, "department_id", .int), (5, "job_id", .int), (6, "hire_year", .int), (7, "hire_quarter", .int),
                ], files: files),
        ]
    }

    /// The fields of a file's lines; the files hold no quotes.
    private static func rows(_ name: String) throws -> [[String]] {
        let folder = ((#filePath as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
        let text = try String(contentsOfFile: "\(folder)/Fixtures/hiring/\(name).csv", encoding: .utf8)
        return text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
