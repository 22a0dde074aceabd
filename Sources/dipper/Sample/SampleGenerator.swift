import Foundation
import LakeModel

/// Writes a hiring data set: `departments.csv`, `jobs.csv` and `hired_employees.csv`.
///
/// The rows look like those of a real export: ids ascend, hires spread over eight quarters, names repeat as people's
/// names do, some carry accents, apostrophes and hyphens, and ``SampleMissingRate`` tells how many fields are missing.
/// Equal options give equal bytes.
///
/// - Complexity: time linear in the rows (some 100 ns each); memory is constant.
package struct SampleGenerator {
    /// Counts the changes of the bytes that a seed gives.
    package static let version = 1

    private let options: SampleOptions

    /// - Throws: ``SampleError`` `sample-option-invalid`.
    package init(options: SampleOptions) throws {
        try options.validate()
        self.options = options
    }

    /// Writes the three files into `directory`, which is created when missing. Files of these names are replaced.
    /// - Throws: ``SampleError`` `sample-file-unwritable`.
    package func write(to directory: String) throws -> SampleSummary {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw SampleError(
                code: "sample-file-unwritable", message: "cannot create the folder \(directory)",
                remedy: "name a folder that this user may write to", place: Place(source: directory), cause: error)
        }
        var summary = SampleSummary()
        try writeLookup("departments", "department", SampleVocabulary.departments, directory, &summary)
        try writeLookup("jobs", "job", SampleVocabulary.jobs, directory, &summary)
        try writeHires(directory, &summary)
        return summary
    }

    private func writeLookup(
        _ table: String, _ column: String, _ values: [String], _ directory: String, _ summary: inout SampleSummary
    ) throws {
        var file = try SampleFile(path: directory + "/" + table + ".csv")
        var block = SampleBytes()
        if options.header { block.append(Array("id,\(column)\n".utf8)) }
        for (index, value) in values.enumerated() {
            block.append(Array("\(index + 1),\(value)\n".utf8))
        }
        try file.write(block)
        let path = file.path
        summary.files.append(.init(table: table, path: path, rows: values.count, bytes: try file.finish()))
    }

    private func writeHires(_ directory: String, _ summary: inout SampleSummary) throws {
        var file = try SampleFile(path: directory + "/hired_employees.csv")
        var block = SampleBytes()
        var writer = HireWriter(options: options)
        if options.header { block.append(Array("id,name,datetime,department_id,job_id\n".utf8)) }
        for position in 0..<options.rows {
            writer.writeRow(at: position, to: &block)
            if block.isFull {
                try file.write(block)
                block.clear()
            }
        }
        try file.write(block)
        writer.count(into: &summary)
        let path = file.path
        summary.files.append(
            .init(table: "hired_employees", path: path, rows: options.rows, bytes: try file.finish()))
    }
}
