#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A walk over the directories of a local store in key order.
///
/// Steps: the names of a directory are sorted as the keys sort, so a directory counts as its name with a slash;
/// subtrees that cannot hold a key of the page are not entered; the walk ends when the page is full.
/// - Complexity: O(entries of the visited directories), memory for the names of one directory a level.
struct LocalListing {
    let prefix: [UInt8]
    let after: [UInt8]?
    let limit: Int
    /// Whether a symbolic link stands for what it names; otherwise it is left out.
    var followsLinks = true
    /// Whether what lies in a folder behind the prefix is told as the folder alone (S3's delimiter `/`).
    var groupsFolders = false
    private(set) var entries: [ListedEntry] = []

    var found: [ObjectInfo] {
        entries.compactMap { if case .object(let info) = $0 { info } else { nil } }
    }

    init(prefix: String, after: String?, limit: Int) {
        self.init(prefix: prefix, afterBytes: after.map { Array($0.utf8) }, limit: limit)
    }

    init(prefix: String, afterBytes: [UInt8]?, limit: Int) {
        self.prefix = Array(prefix.utf8)
        after = afterBytes
        self.limit = limit
    }

    mutating func visit(_ directory: String, keyPrefix: String) throws {
        for entry in try Self.entries(of: directory, followsLinks: followsLinks) {
            if entries.count >= limit { return }
            let key = keyPrefix + entry.name
            let sortKey = Array((keyPrefix + entry.sortName).utf8)
            if entry.isDirectory {
                if keyPrefix.isEmpty, entry.name == ObjectKey.reservedPart { continue }
                let common = min(prefix.count, sortKey.count)
                guard prefix.prefix(common).elementsEqual(sortKey.prefix(common)), !isBehind(subtree: sortKey) else {
                    continue
                }
                let folder = directory + "/" + entry.name
                if groupsFolders, sortKey.count > prefix.count {
                    if try hasObject(folder, keyPrefix: key + "/") { entries.append(.folder(key + "/")) }
                } else {
                    try visit(folder, keyPrefix: key + "/")
                }
            } else if sortKey.starts(with: prefix), after.map({ $0.lexicographicallyPrecedes(sortKey) }) ?? true,
                let status = FileStatus(path: directory + "/" + entry.name, followsLinks: followsLinks),
                status.isRegular
            {
                entries.append(
                    .object(
                        ObjectInfo(
                            key: key, byteCount: status.byteCount, modifiedMicroseconds: status.modifiedMicroseconds)))
            }
        }
    }

    /// Whether a folder has an object of the list at all.
    private func hasObject(_ folder: String, keyPrefix: String) throws -> Bool {
        var walk = LocalListing(prefix: keyPrefix, afterBytes: after, limit: 1)
        walk.followsLinks = followsLinks
        try walk.visit(folder, keyPrefix: keyPrefix)
        return !walk.entries.isEmpty
    }

    /// Whether all keys that start with `subtree` come before or at `after`.
    private func isBehind(subtree: [UInt8]) -> Bool {
        guard let after else { return false }
        return subtree.lexicographicallyPrecedes(after) && !after.starts(with: subtree)
    }

    private struct Entry {
        var name: String
        var isDirectory: Bool
        var sortName: String { isDirectory ? name + "/" : name }
    }

    /// The files and directories of one directory in key order; a directory that went away is empty.
    private static func entries(of path: String, followsLinks: Bool) throws -> [Entry] {
        guard let handle = unsafe opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw DiskCalls.failure(errno, doing: "listing a folder", place: path)
        }
        defer { unsafe closedir(handle) }
        var result: [Entry] = []
        while true {
            errno = 0
            guard let raw = unsafe readdir(handle) else {
                if errno != 0 { throw DiskCalls.failure(errno, doing: "listing a folder", place: path) }
                break
            }
            // `d_name` is a fixed array that holds a NUL-terminated name; names that are not UTF-8 are not ours.
            let name = unsafe withUnsafePointer(to: &raw.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
            }
            guard let name, name != ".", name != ".." else { continue }
            let type = unsafe Int32(raw.pointee.d_type)
            let isDirectory =
                type == Int32(DT_DIR)
                || (type != Int32(DT_REG)
                    && FileStatus(path: path + "/" + name, followsLinks: followsLinks)?.isDirectory == true)
            result.append(Entry(name: name, isDirectory: isDirectory))
        }
        return result.sorted { ObjectKey.precedes($0.sortName, $1.sortName) }
    }
}

/// One line of a list of objects.
package enum ListedEntry: Sendable, Hashable {
    case object(ObjectInfo)
    /// A key up to and with the `/` behind the list's prefix, in place of the objects that begin with it.
    case folder(String)
}
