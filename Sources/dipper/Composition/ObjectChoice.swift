import ArgumentParser
import Foundation
import LakeModel
import Logging
import ObjectStorage
import ObjectStorageS3

/// Where bronze and warehouse lie: in the data folder, or in a bucket of an S3-compatible store.
struct ObjectChoice: Sendable, Equatable {
    /// Where commands that open a data folder find what the server was started with.
    static let locationVariable = "DIPPER_OBJECTS"
    static let endpointVariable = "DIPPER_S3_STORE_ENDPOINT"
    static let regionVariable = "DIPPER_S3_STORE_REGION"
    static let pathStyleVariable = "DIPPER_S3_STORE_PATH_STYLE"
    static let credentialsVariable = "DIPPER_S3_STORE_CREDENTIALS"

    static let regionDefault = "us-east-1"

    /// Nothing is chosen: the data folder's own disk, or what the folder remembers.
    static let none = ObjectChoice()

    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    var location: String?
    var endpoint: String?
    var region: String?
    var usesPathStyle: Bool?
    /// A file of keys; `nil`: where the AWS tools look.
    var credentialsFile: String?

    init() {}

    /// What the environment says.
    init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        location = value(Self.locationVariable)
        endpoint = value(Self.endpointVariable)
        region = value(Self.regionVariable) ?? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION")
        usesPathStyle = value(Self.pathStyleVariable).map { ["true", "1", "yes"].contains($0.lowercased()) }
        credentialsFile = value(Self.credentialsVariable)
    }

    /// With what `other` says where this says nothing.
    func filled(from other: ObjectChoice) -> ObjectChoice {
        var filled = self
        filled.location = location ?? other.location
        filled.endpoint = endpoint ?? other.endpoint
        filled.region = region ?? other.region
        filled.usesPathStyle = usesPathStyle ?? other.usesPathStyle
        filled.credentialsFile = credentialsFile ?? other.credentialsFile
        return filled
    }

    /// The store's settings; `nil` for the data folder's own disk.
    func configuration(scratchFolder: String) throws -> S3StoreConfiguration? {
        guard let location else { return nil }
        return try S3StoreConfiguration(
            location: location, endpoint: endpoint, region: region ?? Self.regionDefault, usesPathStyle: usesPathStyle,
            scratchFolder: scratchFolder)
    }
}

/// The options of the object store.
struct ObjectStoreOptions: ParsableArguments {
    @Option(help: "Keep files and tables in a bucket, s3://BUCKET or s3://BUCKET/PREFIX (default: in the data folder).")
    var objects: String?

    @Option(help: "The bucket's store, http://HOST:PORT or https://HOST (default: Amazon's of the region).")
    var s3StoreEndpoint: String?

    @Option(help: "The bucket's region (default: AWS_REGION, or us-east-1).")
    var s3StoreRegion: String?

    @Flag(inversion: .prefixedNo, help: "Whether the bucket stands in the path (default: with --s3-store-endpoint).")
    var s3StorePathStyle: Bool?

    @Option(help: "A file of keys as the AWS tools keep it (default: where those look).")
    var s3StoreCredentials: String?

    @Option(help: "A file of keys that clients of the catalog are given, if they have every right (default: none are).")
    var s3StoreClientCredentials: String?

    @Option(help: "The store's address as clients are told it (default: as the server reaches it).")
    var s3StoreClientEndpoint: String?

    @Option(help: "Bytes of the data folder that queries may keep files of the bucket in.")
    var queryCacheBytes = DataFolder.queryCacheBytesDefault

    var choice: ObjectChoice {
        var choice = ObjectChoice()
        choice.location = objects
        choice.endpoint = s3StoreEndpoint
        choice.region = s3StoreRegion
        choice.usesPathStyle = s3StorePathStyle
        choice.credentialsFile = s3StoreCredentials
        return choice.filled(from: ObjectChoice(environment: ProcessInfo.processInfo.environment))
    }
}

/// Remembers in a data folder that its objects lie in a bucket, and how that is reached, so that no command ever makes an empty
/// lake beside it. Keys are never written here.
struct ObjectMark {
    static let fileName = "lake-objects"

    private let path: String
    /// What holds: the choice, with what the folder remembers where it says nothing.
    let choice: ObjectChoice
    /// The id of the lake in the bucket; `nil` for a folder that has none yet.
    let lake: String?

    /// - Parameter isNew: whether the folder has no log yet.
    /// - Throws: `objects-fixed` when the lake lies elsewhere than is chosen.
    init(folder: String, choice: ObjectChoice, isNew: Bool) throws {
        path = "\(folder)/\(Self.fileName)"
        guard FileManager.default.fileExists(atPath: path) else {
            guard choice.location == nil || isNew else {
                throw Self.fixed("on this machine's disk, in \(folder)", remedy: "leave --objects out")
            }
            self.choice = choice
            lake = nil
            return
        }
        let remembered: ObjectChoice
        (remembered, lake) = try Self.parse(String(contentsOfFile: path, encoding: .utf8), path)
        if let wanted = choice.location, let location = remembered.location,
            Self.trimmed(wanted) != Self.trimmed(location)
        {
            throw Self.fixed(location, remedy: "leave --objects out")
        }
        var settled = choice.filled(from: remembered)
        settled.location = remembered.location
        self.choice = settled
    }

    private static func trimmed(_ location: String) -> Substring {
        var location = location[...]
        while location.hasSuffix("/") { location = location.dropLast() }
        return location
    }

    private static func fixed(_ place: String, remedy: String) -> ClientError {
        ClientError(
            code: "objects-fixed", message: "the lake of this folder lies \(place)",
            remedy: "\(remedy), or create another lake in a new data folder")
    }

    /// Writes down what holds, once the store has been reached, and before the first object is in it.
    /// - Parameter lake: the id of the lake in the bucket.
    func leave(lake: String) throws {
        guard let location = choice.location else { return }
        var text = "objects: \(location)\n"
        if let endpoint = choice.endpoint { text += "endpoint: \(endpoint)\n" }
        text += "region: \(choice.region ?? ObjectChoice.regionDefault)\n"
        if let usesPathStyle = choice.usesPathStyle { text += "path-style: \(usesPathStyle)\n" }
        text += "lake: \(lake)\n"
        if FileManager.default.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) }) == text { return }
        let draft = path + ".new"
        try Data(text.utf8).write(to: URL(fileURLWithPath: draft))
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: draft))
        try handle.synchronize()
        try handle.close()
        guard unsafe rename(draft, path) == 0 else {
            throw ClientError(
                code: "objects-unwritable", message: "\(path) cannot be written",
                remedy: "check the rights on the data folder")
        }
    }

    private static func parse(_ text: String, _ path: String) throws -> (ObjectChoice, lake: String?) {
        var entries: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            entries[line[..<colon].trimmingCharacters(in: .whitespaces)] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        var choice = ObjectChoice()
        choice.location = entries["objects"]
        choice.endpoint = entries["endpoint"]
        choice.region = entries["region"]
        choice.usesPathStyle = entries["path-style"].map { $0 == "true" }
        guard choice.location != nil else {
            throw ClientError(
                code: "objects-unreadable", message: "\(path) does not say where the lake's objects lie",
                remedy: "write `objects: s3://BUCKET` into it, as it was")
        }
        return (choice, entries["lake"])
    }
}
