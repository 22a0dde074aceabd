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
    private(set) var found: [ObjectInfo] = []

    init(prefix: String, after: String?, limit: Int) {
        self.prefix = Array(prefix.utf8)
        self.after = after.map { Array($0.utf8) }
        self.limit = limit
    }

    mutating func visit(_ directory: String, keyPrefix: String) throws {
        for entry in try Self.entries(of: directory) {
            if found.count >= limit { return }
            let key = keyPrefix + entry.name
            let sortKey = Array((keyPrefix + entry.sortName).utf8)
            if entry.isDirectory {
                if keyPrefix.isEmpty, entry.name == ObjectKey.reservedPart { continue }
                let common = min(prefix.count, sortKey.count)
                guard prefix.prefix(common).elementsEqual(sortKey.prefix(common)), !isBehind(subtree: sortKey) else {
                    continue
                }
                try visit(directory + "/" + entry.name, keyPrefix: key + "/")
            } else if sortKey.starts(with: prefix), after.map({ $0.lexicographicallyPrecedes(sortKey) }) ?? true,
                let status = FileStatus(path: directory + "/" + entry.name), status.isRegular
            {
                found.append(
                    ObjectInfo(
                        key: key, byteCount: status.byteCount, modifiedMicroseconds: status.modifiedMicroseconds))
            }
        }
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
    private static func entries(of path: String) throws -> [Entry] {
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
                || (type != Int32(DT_REG) && FileStatus(path: path + "/" + name)?.isDirectory == true)
            result.append(Entry(name: name, isDirectory: isDirectory))
        }
        return result.sorted { ObjectKey.precedes($0.sortName, $1.sortName) }
    }
}
