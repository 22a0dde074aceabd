import Foundation

/// A Parquet file without rows that makes the engine read a large single file with all its threads.
///
/// Where columns are asked for by field id, the engine (DuckDB 1.5.5) opens no file when it plans, and gives a list of one
/// file one thread, however many row groups that has. A list of two gets them all.
enum EmptyFile {
    /// Rows of a file from which on a second thread is worth while: two of the engine's row groups.
    static let rowsWorthwhile = 245_760.0

    /// Writes the file into a folder of its own.
    /// - Returns: the file and its folder; `nil` when it cannot be written, on a full disk for example: queries then take
    ///   longer, and are right.
    static func write(below temporaryFolder: String, with connection: DuckConnection) -> (path: String, folder: String)?
    {
        let folder = temporaryFolder + "/empty/"
        let path = folder + "rows.parquet"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try connection.execute(
                "COPY (SELECT 1 AS nothing WHERE false) TO \(TableSQL.literal(path)) (FORMAT parquet)")
        } catch {
            return nil
        }
        return (path, folder)
    }
}
