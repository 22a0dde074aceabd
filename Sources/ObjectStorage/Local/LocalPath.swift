#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel

/// Paths of the local store.
enum LocalPath {
    /// Makes `path` absolute and drops `.`, `..` and doubled slashes, without following symbolic links.
    /// - Throws: `root-invalid` for characters that a `file://` location would have to encode.
    static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty else {
            throw ObjectStoreError(code: "root-invalid", message: "the path is empty", remedy: "name a folder")
        }
        var parts: [Substring] = []
        let full = path.hasPrefix("/") ? path : try workingDirectory() + "/" + path
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let result = "/" + parts.joined(separator: "/")
        if let bad = result.unicodeScalars.first(where: { !isPlain($0) }) {
            throw ObjectStoreError(
                code: "root-invalid",
                message:
                    "the path has the character '\(bad.escaped(asASCII: true))', which locations in table metadata "
                    + "would have to encode, and readers disagree on how",
                remedy: "use a path of letters, digits and '- . _ ~ + = @ ,' only", place: Place(source: result))
        }
        guard parts.count > 0 else {
            throw ObjectStoreError(
                code: "root-invalid", message: "the root of the file system is no data folder", remedy: "name a folder")
        }
        return result
    }

    /// The directory that an absolute path lies in.
    static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "/", "-", ".", "_", "~", "+", "=", "@", ",": true
        default: false
        }
    }

    private static func workingDirectory() throws -> String {
        // `getcwd` with no buffer allocates one, which is freed after the copy.
        guard let raw = unsafe getcwd(nil, 0) else {
            throw DiskCalls.failure(errno, doing: "reading the working directory", place: ".")
        }
        defer { unsafe free(raw) }
        return unsafe String(cString: raw)
    }
}
