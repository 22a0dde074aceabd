/// What the sample generator writes.
///
/// Equal options give the same bytes, on every machine and in every release that keeps ``SampleGenerator/version``.
package struct SampleOptions: Sendable, Hashable {
    /// The most rows that one data set may have; the name pool and the 63-bit keys are laid out for it.
    package static let rowsMax = 1_000_000_000

    /// Rows of `hired_employees.csv`.
    package var rows: Int
    package var seed: UInt64
    /// Whether the files open with a row of column names.
    package var header = false
    /// Ids of employees in a pseudorandom order instead of an ascending one. Each still occurs once.
    package var shuffleIDs = false
    /// Employee ids between 2^62 and 2^63 - 1 instead of 1, 2, 3 …: more than a double holds exactly.
    package var wideIDs = false
    /// Employee ids as text (`E-1`), for tables that are keyed by a string.
    package var stringKeys = false
    /// No missing fields.
    package var clean = false
    /// Every row whose 1-based position is a multiple of this is malformed; `nil`: none.
    package var badEvery: Int?

    package init(rows: Int, seed: UInt64) {
        self.rows = rows
        self.seed = seed
    }

    /// - Throws: ``SampleError`` `sample-option-invalid`.
    func validate() throws {
        guard (0...Self.rowsMax).contains(rows) else {
            throw SampleError(
                code: "sample-option-invalid", message: "\(rows) rows were asked for",
                remedy: "ask for 0 to \(Self.rowsMax) rows")
        }
        if let badEvery, badEvery < 1 {
            throw SampleError(
                code: "sample-option-invalid", message: "every \(badEvery)th row was to be malformed",
                remedy: "give a whole number from 1")
        }
    }
}

/// How often a field is missing, in rows per million. At most one field of a row is.
///
/// Taken from a published data set of 1,999 hires: 19 rows without a name, 14 without a date, 21 without a department
/// and 16 without a job, 3.5 % together. Names and dates are required by the hiring model, so 1.65 % of the rows of a
/// sample are refused, and the other 1.85 % are stored with an empty reference.
package enum SampleMissingRate {
    package static let name = 9_500
    package static let datetime = 7_000
    package static let department = 10_500
    package static let job = 8_000
}
