import Foundation
import LakeModel

/// What the locations in the lake's metadata begin with. It is fixed when the lake is created: every file of the tables names
/// others by it.
///
/// A file `lake-location` in the data folder holds `s3://BUCKET`; without it locations are paths of this machine.
struct LakeLocation: Sendable, Hashable {
    static let fileName = "lake-location"
    /// The bucket of a lake whose locations are paths.
    static let defaultBucket = "lake"

    /// `nil` for paths of this machine.
    var bucket: String?

    var prefix: String? { bucket.map { "s3://\($0)" } }

    /// `file` or `s3://BUCKET`.
    /// - Throws: ``ClientError`` `location-invalid`.
    init(_ text: String) throws {
        if text == "file" { return }
        let name = text.hasPrefix("s3://") ? text.dropFirst(5) : ""
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isPlain, (3...63).contains(name.utf8.count), !name.hasPrefix("-"), !name.hasSuffix("-") else {
            throw ClientError(
                code: "location-invalid", message: "`\(text.prefix(128))` is no location for a lake",
                remedy: "give `file` or s3://BUCKET, with 3 to 63 small letters, digits and hyphens for the bucket")
        }
        bucket = String(name)
    }

    private init() {}

    /// The location of the lake in a data folder, which a new one gets from `wanted`.
    /// - Parameter isNew: whether the folder has no log yet.
    /// - Throws: ``ClientError`` `location-fixed` when the lake has another one.
    static func settle(in root: String, wanted: String?, isNew: Bool) throws -> LakeLocation {
        let file = root + "/" + fileName
        let wanted = try wanted.map { try LakeLocation($0) }
        var found = LakeLocation()
        if FileManager.default.fileExists(atPath: file) {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            found = try LakeLocation(text.trimmingCharacters(in: .whitespacesAndNewlines))
        } else if isNew, let wanted {
            if let prefix = wanted.prefix { try write(prefix + "\n", to: file, in: root) }
            return wanted
        }
        guard wanted == nil || wanted == found else {
            throw ClientError(
                code: "location-fixed",
                message: "the lake was created with the location \(found.prefix ?? "file"), which its files name",
                remedy: "leave --location out, or create another lake in a new data folder")
        }
        return found
    }

    /// The file must be there before the first table is: it is synced with its folder.
    private static func write(_ text: String, to file: String, in root: String) throws {
        let draft = file + ".new"
        try Data(text.utf8).write(to: URL(fileURLWithPath: draft))
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: draft))
        try handle.synchronize()
        try handle.close()
        try FileManager.default.moveItem(atPath: draft, toPath: file)
        let folder = try FileHandle(forReadingFrom: URL(fileURLWithPath: root))
        try folder.synchronize()
        try folder.close()
    }
}
