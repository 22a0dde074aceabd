import Foundation
import QueryEngine

/// A DuckDB library to try, and what must be loaded before it.
struct LibraryCandidate: Codable, Sendable, Hashable {
    /// A path, or a name for the system's search.
    var library: String
    /// For the library inside DuckDB's Python wheel: paths or names of the matching `libpython`, to be tried in order.
    /// Empty for a library that stands alone.
    var pythons: [String]
}

/// Where the DuckDB library may be.
///
/// In order: the path in `DIPPER_LIBDUCKDB`, the configured folder (a `libduckdb.so`, or the unpacked wheel with its
/// `_duckdb.cpython-….so`), the system's `libduckdb.so`. A path in the environment is the only candidate when set: what
/// somebody asked for is not silently replaced.
package enum DuckDBLibrary {
    package static let environmentName = "DIPPER_LIBDUCKDB"
    package static let pythonEnvironmentName = "DIPPER_LIBPYTHON"
    /// A file next to the wheel's library whose first line is the path of the `libpython` to load.
    package static let pythonHintFileName = "libpython.path"
    static let systemName = "libduckdb.so"
    static let remedy =
        "run bin/up, which fetches DuckDB, or set \(environmentName) to the path of libduckdb.so or of the "
        + "_duckdb.….so inside DuckDB's Python wheel"

    /// - Throws: ``QueryError`` `engine-missing` when `DIPPER_LIBDUCKDB` names no file.
    static func candidates(environment: [String: String], folder: String?) throws -> [LibraryCandidate] {
        if let path = environment[environmentName], !path.isEmpty {
            guard FileManager.default.fileExists(atPath: path) else {
                throw QueryError(
                    code: "engine-missing", message: "\(environmentName) names \(path), which does not exist",
                    remedy: remedy)
            }
            return [candidate(path, environment: environment)]
        }
        var found: [LibraryCandidate] = []
        if let folder {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let libraries =
                names.filter { $0 == systemName }
                + names.filter { $0.hasPrefix("_duckdb.") && $0.hasSuffix(".so") }.sorted()
            found = libraries.map { candidate(folder + "/" + $0, environment: environment) }
        }
        return found + [LibraryCandidate(library: systemName, pythons: [])]
    }

    /// Looks for the library's file before anything needs it; the file itself is loaded in child processes alone.
    /// - Parameter folder: where it is installed, if anywhere.
    /// - Throws: ``QueryError`` `engine-missing` when there is none.
    package static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment, folder: String?
    ) throws {
        let found = try candidates(environment: environment, folder: folder)
        if found.contains(where: { $0.library.contains("/") }) { return }
        // The system's own search, about: its usual folders.
        let folders = (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init)
        let system = [
            "/usr/local/lib", "/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
        ]
        if (folders + system).contains(where: { FileManager.default.fileExists(atPath: "\($0)/\(systemName)") }) {
            return
        }
        throw QueryError(code: "engine-missing", message: "DuckDB's library is not installed here", remedy: remedy)
    }

    private static func candidate(_ path: String, environment: [String: String]) -> LibraryCandidate {
        guard let version = pythonVersion(ofLibrary: path) else { return LibraryCandidate(library: path, pythons: []) }
        var pythons: [String] = []
        if let given = environment[pythonEnvironmentName], !given.isEmpty { pythons.append(given) }
        let folder = (path as NSString).deletingLastPathComponent
        if let hint = try? String(contentsOfFile: folder + "/" + pythonHintFileName, encoding: .utf8),
            let line = hint.split(whereSeparator: \.isNewline).first
        {
            pythons.append(String(line))
        }
        let fileName = "libpython\(version).so.1.0"
        // Names without a slash go through the system's own search.
        pythons += [fileName, "libpython\(version).so"]
        pythons += ["/usr/local/lib/", "/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib64/"]
            .map { $0 + fileName }
        if let home = environment["HOME"] {
            let versions = home + "/.pyenv/versions"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
            pythons += names.filter { $0.hasPrefix(version + ".") }.sorted()
                .map { "\(versions)/\($0)/lib/\(fileName)" }
        }
        // A path that does not exist would only make the error longer.
        pythons = pythons.filter { !$0.contains("/") || FileManager.default.fileExists(atPath: $0) }
        return LibraryCandidate(library: path, pythons: pythons)
    }

    /// `3.11` for `…/_duckdb.cpython-311-x86_64-linux-gnu.so`; `nil` for a library that needs no Python.
    static func pythonVersion(ofLibrary path: String) -> String? {
        let name = (path as NSString).lastPathComponent
        guard name.hasPrefix("_duckdb."), let mark = name.range(of: "cpython-") else { return nil }
        let digits = name[mark.upperBound...].prefix { $0.isNumber }
        guard digits.count >= 2, let major = digits.first else { return nil }
        return "\(major).\(digits.dropFirst())"
    }
}
