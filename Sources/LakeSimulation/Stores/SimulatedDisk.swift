import LakeTesting

/// A disk that keeps for certain only what was synced: contents by file, names by folder.
///
/// At a power loss each change of a folder since its last sync is kept or lost by itself, and so is what was written to
/// a file since its last sync: whole, not at all, or torn.
struct SimulatedDisk {
    private struct File {
        var bytes: [UInt8]
        /// The contents that are safe; `nil`: none are.
        var synced: [UInt8]?
    }

    private struct Folder {
        /// What a reader sees, and what is safe: file numbers by name.
        var names: [String: Int] = [:]
        var syncedNames: [String: Int] = [:]
        /// Whether the folder's own entry in its parent is safe.
        var isSynced = false
    }

    private var files: [Int: File] = [:]
    private var folders: [String: Folder] = ["": Folder(isSynced: true)]
    private var nextFile = 0
    /// Files that a power loss has torn or emptied, and names that it has taken back.
    private(set) var damageCount = 0

    init() {}

    func hasFolder(_ path: String) -> Bool { folders[path] != nil }

    /// A file without a name in any folder that readers see (unfinished objects are swept away at the next start).
    mutating func createFile() -> Int {
        nextFile += 1
        files[nextFile] = File(bytes: [])
        return nextFile
    }

    mutating func write(_ file: Int, _ bytes: [UInt8]) { files[file]?.bytes += bytes }

    mutating func syncFile(_ file: Int) {
        let bytes = files[file]?.bytes
        files[file]?.synced = bytes
    }

    mutating func createFolder(_ path: String) { if folders[path] == nil { folders[path] = Folder() } }

    /// Makes the entries of a folder safe, those of its subfolders with them.
    mutating func syncFolder(_ path: String) {
        guard let folder = folders[path] else { return }
        folders[path]?.syncedNames = folder.names
        for child in folders.keys where Self.parent(child) == path && child != path { folders[child]?.isSynced = true }
    }

    /// - Returns: `false` when `exclusive` and the name is taken.
    mutating func publish(_ file: Int, as key: String, exclusive: Bool) -> Bool {
        let (folder, name) = Self.split(key)
        if exclusive, folders[folder]?.names[name] != nil { return false }
        folders[folder]?.names[name] = file
        return true
    }

    mutating func remove(_ key: String) {
        let (folder, name) = Self.split(key)
        folders[folder]?.names[name] = nil
    }

    func bytes(_ key: String) -> [UInt8]? {
        let (folder, name) = Self.split(key)
        return folders[folder]?.names[name].flatMap { files[$0]?.bytes }
    }

    var keys: [String] {
        folders.flatMap { path, folder in folder.names.keys.map { path.isEmpty ? $0 : path + "/" + $0 } }.sorted()
    }

    mutating func losePower(_ random: inout SeededRandom) {
        for path in folders.keys.sorted() where folders[path]?.isSynced == false && random.next() % 2 == 0 {
            damageCount += 1
            for inner in folders.keys where inner == path || inner.hasPrefix(path + "/") { folders[inner] = nil }
        }
        for path in folders.keys.sorted() {
            guard let folder = folders[path] else { continue }
            var kept = folder.syncedNames
            for name in Set(folder.names.keys).union(folder.syncedNames.keys).sorted()
            where folder.names[name] != folder.syncedNames[name] {
                // The change of this name has reached the disk, or has not.
                if random.next() % 2 == 0 { kept[name] = folder.names[name] } else { damageCount += 1 }
            }
            folders[path]?.names = kept
            folders[path]?.syncedNames = kept
            folders[path]?.isSynced = true
        }
        let named = Set(folders.values.flatMap(\.names.values))
        for number in files.keys.sorted() {
            guard named.contains(number), let file = files[number] else {
                files[number] = nil
                continue
            }
            let bytes = file.synced == file.bytes ? file.bytes : torn(file.bytes, synced: file.synced, &random)
            files[number] = File(bytes: bytes, synced: bytes)
        }
    }

    private mutating func torn(_ bytes: [UInt8], synced: [UInt8]?, _ random: inout SeededRandom) -> [UInt8] {
        damageCount += 1
        switch random.next() % 4 {
        case 0: return bytes
        case 1: return synced ?? []
        case 2: return Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1))))
        default:
            // The length has reached the disk, a part of the blocks has not.
            let whole = Int(random.next() % UInt64(bytes.count + 1))
            return Array(bytes.prefix(whole)) + [UInt8](repeating: 0, count: bytes.count - whole)
        }
    }

    static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func split(_ key: String) -> (folder: String, name: String) {
        guard let slash = key.lastIndex(of: "/") else { return ("", key) }
        return (String(key[..<slash]), String(key[key.index(after: slash)...]))
    }
}
