package import LakeModel

/// What an operational store refuses or fails with.
///
/// Codes: `table-missing`, `table-name-invalid`, `column-invalid`, `schema-change-refused`, `row-shape-mismatch`,
/// `key-shape-mismatch`, `value-corrupt`.
package struct OperationalError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool { false }

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
    }

    package static func tableMissing(_ name: String) -> Self {
        Self(
            code: "table-missing", message: "the operational store has no table '\(name)'",
            remedy: "declare it in the model with `operational: true` and restart", place: Place(source: name))
    }

    package static func refused(_ table: String, column: String? = nil, _ reason: String) -> Self {
        Self(
            code: "schema-change-refused", message: "the stored table can't follow its declaration: \(reason)",
            remedy: "keep the former declaration, or declare the table under a new name and load it again",
            place: Place(source: table, column: column))
    }

    package static func rowShape(_ table: String, _ reason: String) -> Self {
        Self(
            code: "row-shape-mismatch", message: "rows do not fit the table: \(reason)",
            remedy: "prepare the table with the columns of the rows", place: Place(source: table))
    }
}
