/// The rules for object keys, the same for every store, so that a lake moves from a directory to a bucket as it is.
package enum ObjectKey {
    /// S3's limit, in bytes of UTF-8.
    package static let keyBytesMax = 1024
    /// The limit of a file name on Linux file systems, in bytes of UTF-8.
    package static let partBytesMax = 255
    /// The first part under which stores keep what is not finished yet; no key may start with it.
    package static let reservedPart = ".tmp"

    /// Refuses what is not a `/`-separated relative path of plain parts.
    /// - Throws: `key-invalid` with the reason.
    package static func validate(_ key: String) throws {
        let bytes = Array(key.utf8)
        guard !bytes.isEmpty else { throw ObjectStoreError.invalidKey(key, "it is empty") }
        guard bytes.count <= keyBytesMax else {
            throw ObjectStoreError.invalidKey(key, "it has \(bytes.count) bytes, the limit is \(keyBytesMax)")
        }
        if let control = bytes.first(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ObjectStoreError.invalidKey(key, "it has the control character \(control)")
        }
        for (index, part) in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).enumerated() {
            if part.isEmpty { throw ObjectStoreError.invalidKey(key, "it has an empty part") }
            if part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) {
                throw ObjectStoreError.invalidKey(key, "it has a part that is '.' or '..'")
            }
            if part.count > partBytesMax {
                throw ObjectStoreError.invalidKey(
                    key, "a part of it has \(part.count) bytes, the limit is \(partBytesMax)")
            }
            if index == 0, part.elementsEqual(reservedPart.utf8) {
                throw ObjectStoreError.invalidKey(key, "'\(reservedPart)' is kept for unfinished objects")
            }
        }
    }

    /// The key as an error message shows it: cut, control characters escaped.
    static func shown(_ key: String) -> String {
        let cut = key.unicodeScalars.prefix(80).map { $0.escaped(asASCII: false) }.joined()
        return cut.isEmpty ? "the empty text" : "'\(cut)'\(key.unicodeScalars.count > 80 ? "…" : "")"
    }

    /// Whether `a` comes before `b` in the order of stores: by bytes, not by Unicode's canonical forms.
    package static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
