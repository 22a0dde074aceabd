import ArgumentParser
import Foundation
import LakeModel

/// Which database keeps the catalog and which the operational rows: the data folder's own files, or PostgreSQL.
struct StoreChoice: Sendable, Equatable {
    /// Where commands that open a data folder find the connection strings that the server was started with.
    static let catalogVariable = "DIPPER_CATALOG"
    static let operationalVariable = "DIPPER_OPERATIONAL"

    static let embedded = StoreChoice()

    /// Connection strings; `nil`: the data folder's own file.
    var catalog: String?
    var operational: String?

    init() {}

    /// Options win over the environment.
    /// - Throws: `store-address-invalid`.
    init(
        catalog: String?, operational: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        self.catalog = try Self.address(catalog ?? environment[Self.catalogVariable])
        self.operational = try Self.address(operational ?? environment[Self.operationalVariable])
    }

    /// A connection string, or `@FILE` for the first line of a file, which keeps a password out of the list of processes.
    private static func address(_ text: String?) throws -> String? {
        guard var text, !text.isEmpty else { return nil }
        if text.hasPrefix("@") {
            let content = try String(contentsOfFile: String(text.dropFirst()), encoding: .utf8)
            text = content.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        }
        text = text.trimmingCharacters(in: .whitespaces)
        guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") else {
            throw ClientError(
                code: "store-address-invalid", message: "the address of a store is no connection string of PostgreSQL",
                remedy: "write it as postgresql://USER@HOST:PORT/DATABASE, or as @FILE with that as its first line")
        }
        return text
    }
}

/// Remembers in a data folder that its catalog lies elsewhere, so that a command that was not told so does not make an
/// empty one beside it.
struct CatalogMark {
    private let path: String
    private let isElsewhere: Bool

    /// - Throws: `catalog-elsewhere` and `catalog-embedded` when the folder's catalog is not the chosen one.
    init(folder: String, choice: StoreChoice) throws {
        path = "\(folder)/catalog.elsewhere"
        isElsewhere = choice.catalog != nil
        let isMarked = FileManager.default.fileExists(atPath: path)
        if isMarked, !isElsewhere {
            throw ClientError(
                code: "catalog-elsewhere", message: "the catalog of \(folder) lies in PostgreSQL",
                remedy: "give its connection string with --catalog or in \(StoreChoice.catalogVariable)")
        }
        if isElsewhere, !isMarked, FileManager.default.fileExists(atPath: "\(folder)/catalog.db") {
            throw ClientError(
                code: "catalog-embedded", message: "\(folder) has a catalog of its own",
                remedy: "start without --catalog, or load the data into a new folder")
        }
    }

    /// Leaves the mark, once the catalog is open.
    func leave() throws {
        if isElsewhere { try "postgresql\n".write(toFile: path, atomically: true, encoding: .utf8) }
    }
}
