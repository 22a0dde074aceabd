import CFileAttributes

/// The entity tags of local objects, kept in an extended attribute of the file. An object's file is never changed in place, so
/// that the tag goes with the content. Where a file system has no such attributes, and for objects that were written without a
/// tag, time and size stand in: other than a kept tag that one changes when the same content is written again.
enum EntityTag {
    private static let attribute = "user.dipper.etag"
    /// Bytes of a tag at most.
    private static let bytesMax = 128

    static func set(_ tag: String, on descriptor: Int32) {
        let bytes = Array(tag.utf8.prefix(bytesMax))
        // A file system that refuses is served by the tag made of time and size.
        _ = unsafe bytes.withUnsafeBytes { unsafe fsetxattr(descriptor, attribute, $0.baseAddress, $0.count, 0) }
    }

    static func of(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe fgetxattr(descriptor, attribute, $0.baseAddress, $0.count)
        }
        return text(bytes, count)
    }

    static func of(path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe lgetxattr(path, attribute, $0.baseAddress, $0.count)
        }
        return text(bytes, count)
    }

    static func made(byteCount: Int, modifiedMicroseconds: Int64) -> String {
        let time = String(UInt64(bitPattern: modifiedMicroseconds), radix: 16)
        return "\(String(repeating: "0", count: max(0, 32 - time.count)))\(time)-\(byteCount)"
    }

    private static func text(_ bytes: [UInt8], _ count: Int) -> String? {
        guard count > 0, bytes.prefix(count).allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") })
        else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
