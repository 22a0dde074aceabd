package import LakeModel

/// Why rows can't be written as Avro, or Avro files not be taken as rows.
///
/// Codes: `backup-unsupported`, `backup-columns-differ`, `backup-damaged`, `backup-row-invalid`, `forbidden`.
package struct BackupError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
    }

    /// A table whose rows can't be read here.
    package static func unsupported(_ message: String) -> BackupError {
        BackupError(
            code: "backup-unsupported", message: message,
            remedy: "rewrite the table with the engine that wrote it, or back it up with that engine")
    }

    /// A file that is no whole Avro file, or not what its own header says.
    package static func damaged(_ message: String, cause: (any Error)? = nil) -> BackupError {
        BackupError(
            code: "backup-damaged", message: message,
            remedy: "make the backup again, or fetch the file from where it is whole; nothing was changed",
            place: (cause as? any LakeError)?.place, cause: cause)
    }

    /// A file of other columns than the table has.
    static func columnsDiffer(_ message: String, column: String) -> BackupError {
        BackupError(
            code: "backup-columns-differ", message: "`\(column)`: \(message)",
            remedy: "declare the table with the columns of the backup, under another name if need be",
            place: Place(column: column))
    }
}
