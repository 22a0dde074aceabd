import Foundation
import LakeModel
import LakeTesting
import Testing

@testable import dipper

@Suite struct ObjectChoiceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func choice(_ location: String? = nil, endpoint: String? = nil, region: String? = nil) -> ObjectChoice {
        var choice = ObjectChoice()
        choice.location = location
        choice.endpoint = endpoint
        choice.region = region
        return choice
    }

    private func mark(_ choice: ObjectChoice, isNew: Bool = true) throws -> ObjectMark {
        try FileManager.default.createDirectory(atPath: folder.file("data"), withIntermediateDirectories: true)
        return try ObjectMark(folder: folder.file("data"), choice: choice, isNew: isNew)
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? any LakeError)?.code
        }
    }

    @Test func `the environment fills in what options leave open`() throws {
        let environment = ObjectChoice(environment: [
            "DIPPER_OBJECTS": "s3://lake/a", "DIPPER_S3_STORE_ENDPOINT": "http://h:1", "AWS_REGION": "eu-west-1",
            "DIPPER_S3_STORE_PATH_STYLE": "false", "DIPPER_S3_STORE_CREDENTIALS": "",
        ])
        let filled = choice(endpoint: "http://other:2").filled(from: environment)
        #expect(filled.location == "s3://lake/a" && filled.endpoint == "http://other:2")
        #expect(filled.region == "eu-west-1" && filled.usesPathStyle == false && filled.credentialsFile == nil)
        let own = ObjectChoice(environment: ["AWS_REGION": "a", "DIPPER_S3_STORE_REGION": "b"])
        #expect(own.region == "b" && own.location == nil)
    }

    @Test func `a folder remembers its bucket and how to reach it, and no keys`() throws {
        var first = choice("s3://lake/a", endpoint: "http://h:1", region: "r")
        first.credentialsFile = "/secret/keys"
        first.usesPathStyle = true
        try mark(first).leave(lake: "id")
        let text = try String(contentsOfFile: folder.file("data/lake-objects"), encoding: .utf8)
        #expect(text == "objects: s3://lake/a\nendpoint: http://h:1\nregion: r\npath-style: true\nlake: id\n")
        #expect(try mark(.none, isNew: false).lake == "id")
        let again = try mark(.none, isNew: false).choice
        #expect(again.location == "s3://lake/a" && again.endpoint == "http://h:1" && again.usesPathStyle == true)
        // The store may move, the bucket may not.
        try mark(choice("s3://lake/a/", endpoint: "http://moved:2"), isNew: false).leave(lake: "id")
        #expect(try mark(.none, isNew: false).choice.endpoint == "http://moved:2")
        #expect(code { _ = try mark(choice("s3://lake/b"), isNew: false) } == "objects-fixed")
    }

    @Test func `a folder with a lake of its own takes no bucket`() throws {
        #expect(code { _ = try mark(choice("s3://lake"), isNew: false) } == "objects-fixed")
        #expect(try mark(.none, isNew: false).choice.location == nil)
        try mark(.none).leave(lake: "id")
        #expect(!FileManager.default.fileExists(atPath: folder.file("data/lake-objects")))
    }

    @Test func `two lakes never share a place, unless they share their catalog`() async throws {
        let store = MemoryObjectStore()
        let first = try await LakeObjects.settle(store, known: nil, sharesCatalog: false)
        #expect(try await LakeObjects.settle(store, known: first, sharesCatalog: false) == first)
        #expect(try await LakeObjects.settle(store, known: nil, sharesCatalog: true) == first)
        for (known, sharesCatalog) in [(nil, false), ("another", false), ("another", true)] as [(String?, Bool)] {
            let error = await #expect(throws: ClientError.self) {
                try await LakeObjects.settle(store, known: known, sharesCatalog: sharesCatalog)
            }
            #expect(error?.code == "bucket-taken")
        }
    }

    @Test func `a mark that says nothing is no reason to make a new lake`() throws {
        try mark(.none).leave(lake: "id")
        try "region: r\n".write(toFile: folder.file("data/lake-objects"), atomically: true, encoding: .utf8)
        #expect(code { _ = try mark(.none, isNew: false) } == "objects-unreadable")
    }
}
