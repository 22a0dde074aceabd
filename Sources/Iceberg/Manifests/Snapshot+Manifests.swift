extension Snapshot {
    /// Reads the snapshot's manifest list; for version 1 snapshots that list manifests in place, what their own
    /// headers say.
    package func manifestFiles(io: any FileIO) async throws -> [ManifestFile] {
        if let manifestList {
            return try ManifestList.read(try await io.read(manifestList), location: manifestList)
        }
        var files: [ManifestFile] = []
        for location in manifests {
            let bytes = try await io.read(location)
            files.append(
                ManifestFile(
                    location: location, byteCount: Int64(bytes.count),
                    specID: try ManifestReader.specID(of: bytes, location: location), content: .data,
                    addedSnapshotID: id))
        }
        return files
    }
}

/// The manifests read at once by scans and commits: enough to hide latency, few enough to bound memory.
package let manifestConcurrencyMax = 8

extension TableMetadata {
    /// The entries of manifests, in the manifests' order.
    func readEntries(_ manifests: [ManifestFile], io: any FileIO) async throws -> [[ManifestEntry]] {
        try await concurrentMap(manifests, limit: manifestConcurrencyMax) { [self] manifest in
            try await ManifestReader.read(manifest, metadata: self, io: io)
        }
    }
}
