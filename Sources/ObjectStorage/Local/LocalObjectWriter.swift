#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import LakeModel
import Synchronization

/// A large object on its way into a local store: buffered writes to a temporary file.
///
/// After a failed write the temporary file is gone and every further call fails with `writer-closed`.
package final class LocalObjectWriter: ObjectWriter {
    /// Bytes gathered before they go to the file; larger pieces go straight.
    static let bufferBytes = 1 << 20

    private struct State {
        /// `nil` once finished, aborted or failed.
        var descriptor: Int32?
        var buffer: [UInt8] = []
        var byteCount = 0
        var entityTag: String?
    }

    private let store: LocalObjectStore
    private let key: String
    private let temporary: String
    private let state: Mutex<State>

    init(store: LocalObjectStore, key: String) throws {
        self.store = store
        self.key = key
        temporary = store.scratch.freshPath()
        state = Mutex(State(descriptor: try store.disk.createFile(temporary)))
    }

    deinit {
        state.withLock { drop(&$0) }
    }

    /// What is to identify the object's content from then on (``LocalObjectSource/entityTag``).
    package func setEntityTag(_ tag: String) { state.withLock { $0.entityTag = tag } }

    package func write(_ bytes: RawSpan) throws {
        try state.withLock { state in
            guard let descriptor = state.descriptor else { throw closed() }
            do {
                if state.buffer.count + bytes.byteCount <= Self.bufferBytes {
                    if state.buffer.isEmpty { state.buffer.reserveCapacity(Self.bufferBytes) }
                    unsafe bytes.withUnsafeBytes { unsafe state.buffer.append(contentsOf: $0) }
                } else {
                    try flush(&state, descriptor)
                    if bytes.byteCount >= Self.bufferBytes {
                        try store.disk.write(bytes, to: descriptor, at: state.byteCount, place: key)
                        state.byteCount += bytes.byteCount
                    } else {
                        unsafe bytes.withUnsafeBytes { unsafe state.buffer.append(contentsOf: $0) }
                    }
                }
            } catch {
                drop(&state)
                throw error
            }
        }
    }

    @discardableResult package func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        let path = try store.localPath(forKey: name ?? key)
        return try await store.pool.run { [self] in
            try state.withLock { state in
                guard let descriptor = state.descriptor else { throw closed() }
                do {
                    try flush(&state, descriptor)
                    if let tag = state.entityTag { EntityTag.set(tag, on: descriptor) }
                    try store.disk.syncFile(descriptor, place: key)
                    let isOurs = try store.publish(temporary, as: path, ifAbsent: ifAbsent)
                    close(descriptor)
                    state.descriptor = nil
                    return isOurs
                } catch {
                    drop(&state)
                    throw error
                }
            }
        }
    }

    package func abort() async {
        state.withLock { drop(&$0) }
    }

    private func flush(_ state: inout State, _ descriptor: Int32) throws {
        guard !state.buffer.isEmpty else { return }
        try unsafe store.disk.write(state.buffer.span.bytes, to: descriptor, at: state.byteCount, place: key)
        state.byteCount += state.buffer.count
        state.buffer.removeAll(keepingCapacity: true)
    }

    private func drop(_ state: inout State) {
        guard let descriptor = state.descriptor else { return }
        close(descriptor)
        unsafe unlink(temporary)
        state.descriptor = nil
        state.buffer = []
    }

    private func closed() -> ObjectStoreError {
        ObjectStoreError(
            code: "writer-closed", message: "the writer is finished, aborted or has failed before",
            remedy: "start the object anew", place: .init(source: key))
    }
}
