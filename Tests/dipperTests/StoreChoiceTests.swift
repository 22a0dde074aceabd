import Foundation
import Testing

@testable import dipper

@Suite struct StoreChoiceTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/dipper-stores-" + UUID().uuidString

    private func withFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    @Test func `an option wins over the environment, and a file keeps the address from the command line`() throws {
        try withFolder {
            let file = folder + "/address"
            try "  postgresql://u:p@h/d \nmore\n".write(toFile: file, atomically: true, encoding: .utf8)
            let environment = [
                StoreChoice.catalogVariable: "postgres://a/b", StoreChoice.operationalVariable: "@\(file)",
            ]
            let choice = try StoreChoice(catalog: "postgresql://c/d", operational: nil, environment: environment)
            #expect(choice.catalog == "postgresql://c/d")
            #expect(choice.operational == "postgresql://u:p@h/d")
            #expect(
                try StoreChoice(catalog: nil, operational: nil, environment: environment).catalog == "postgres://a/b")
            #expect(try StoreChoice(catalog: nil, operational: "", environment: [:]) == .embedded)
        }
    }

    @Test(arguments: ["mysql://u:secret@h/d", "host=h password=secret", "secret"])
    func `what is no address is refused without repeating it`(text: String) throws {
        let error = #expect(throws: ClientError.self) {
            _ = try StoreChoice(catalog: text, operational: nil, environment: [:])
        }
        #expect(error?.code == "store-address-invalid")
        #expect(error.map { "\($0)".contains("secret") } == false)
    }

    @Test func `a folder keeps to the kind of catalog that it was made with`() throws {
        try withFolder {
            let postgreSQL = try StoreChoice(catalog: "postgresql://h/d", operational: nil, environment: [:])
            _ = try CatalogMark(folder: folder, choice: .embedded)
            // Without the mark nothing is decided yet: the database may not have been reached.
            _ = try CatalogMark(folder: folder, choice: postgreSQL)
            _ = try CatalogMark(folder: folder, choice: .embedded)
            try CatalogMark(folder: folder, choice: postgreSQL).leave()
            _ = try CatalogMark(folder: folder, choice: postgreSQL)
            let elsewhere = #expect(throws: ClientError.self) {
                _ = try CatalogMark(folder: folder, choice: .embedded)
            }
            #expect(elsewhere?.code == "catalog-elsewhere")
            try FileManager.default.removeItem(atPath: folder + "/catalog.elsewhere")
            try "x".write(toFile: folder + "/catalog.db", atomically: true, encoding: .utf8)
            let embedded = #expect(throws: ClientError.self) {
                _ = try CatalogMark(folder: folder, choice: postgreSQL)
            }
            #expect(embedded?.code == "catalog-embedded")
        }
    }
}
