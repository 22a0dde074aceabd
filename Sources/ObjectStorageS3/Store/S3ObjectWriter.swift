import Foundation
import LakeModel
import Logging
import ObjectStorage
import Synchronization

/// An object on its way into the bucket. Bytes gather in parts; a full part is sent while the next one fills.
///
/// An object of one part is put whole when it is finished, under its own name. A larger one becomes an upload in parts, of its
/// own key or, when its name comes at the end, of a draft that is copied inside the store.
package final class S3ObjectWriter: ObjectWriter {
    private struct State: ~Copyable {
        var part: SpilledBytes
        /// Parts that were handed over to be sent.
        var partCount = 0
        var waiting = 0
        var sent: [S3ObjectStore.SentPart] = []
        var byteCount = 0
        var failure: (any Error)?
        var isClosed = false
        /// Who waits for fewer parts to be waiting.
        var suspended: [CheckedContinuation<Void, Never>] = []
    }

    private let store: S3ObjectStore
    private let key: String
    private let fullKey: String
    private let draftKey: String?
    private let state: Mutex<State>
    /// Signalled when a part has been sent or has failed.
    private let progress = NSCondition()
    /// The upload, begun by the first part that is sent; other parts wait for it.
    private let upload = Mutex<S3ObjectStore.Upload?>(nil)

    init(store: S3ObjectStore, key: String, draftKey: String?, fullKey: String) {
        self.store = store
        self.key = key
        self.draftKey = draftKey
        self.fullKey = fullKey
        state = Mutex(State(part: SpilledBytes(folder: store.configuration.scratchFolder)))
    }

    deinit {
        // Parts that are being sent keep the writer, so there are none of them now.
        let isClosed = state.withLock { $0.isClosed }
        if !isClosed, let upload = upload.withLock({ $0 }) {
            store.sending.start { [store] in store.endUpload(upload.id, upload.key) }
        }
    }

    /// The size of a part: the first thousand are of the least size, and each further thousand has parts twice as large, so that
    /// the largest object that S3 takes has fewer parts than it takes.
    static func partBytes(number: Int, first: Int) -> Int { first << min((number - 1) / 1_000, 9) }

    private var waitingMax: Int { store.configuration.limits.waitingPartsMax }

    // MARK: Bytes in

    package func write(_ bytes: RawSpan) throws {
        var offset = 0
        while offset < bytes.byteCount {
            let full = try state.withLock { state -> PartInHand? in
                if let failure = state.failure { throw failure }
                guard !state.isClosed else { throw closed() }
                let size = Self.partBytes(
                    number: state.partCount + 1, first: store.configuration.limits.partBytes)
                let count = min(bytes.byteCount - offset, size - state.part.count)
                do {
                    try state.part.append(bytes.extracting(offset..<offset + count))
                } catch {
                    state.failure = error
                    throw error
                }
                offset += count
                state.byteCount += count
                return state.part.count == size ? hand(over: &state) : nil
            }
            if let full {
                send(full)
                waitForRoom()
            }
        }
    }

    package func ready() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.waiting < waitingMax || state.failure != nil || state.isClosed { return true }
                state.suspended.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// One part that is full.
    ///
    /// `@unchecked Sendable`: it goes to the one thread that sends it.
    private final class PartInHand: @unchecked Sendable {
        let number: Int
        private let bytes: SpilledBytes

        init(_ number: Int, _ bytes: consuming SpilledBytes) {
            self.number = number
            self.bytes = bytes
        }

        func read() throws -> [UInt8] { try bytes.read() }
    }

    private func hand(over state: inout State) -> PartInHand {
        var part = SpilledBytes(folder: store.configuration.scratchFolder)
        swap(&part, &state.part)
        state.partCount += 1
        state.waiting += 1
        return PartInHand(state.partCount, part)
    }

    private func send(_ part: PartInHand) {
        store.sending.start { [self] in
            let outcome = Result { () throws -> S3ObjectStore.SentPart? in
                guard state.withLock({ $0.failure == nil && !$0.isClosed }) else { return nil }
                let upload = try begun()
                return try store.sendPart(upload, part.number, try part.read(), shownAs: key)
            }
            let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.waiting -= 1
                switch outcome {
                case .success(let sent?): state.sent.append(sent)
                case .success(nil): break
                case .failure(let error): state.failure = state.failure ?? error
                }
                guard state.waiting < waitingMax || state.failure != nil else { return [] }
                defer { state.suspended = [] }
                return state.suspended
            }
            for continuation in resumed { continuation.resume() }
            progress.lock()
            progress.broadcast()
            progress.unlock()
        }
    }

    private func begun() throws -> S3ObjectStore.Upload {
        try upload.withLock { upload in
            if let upload { return upload }
            let new = try store.beginUpload(draftKey ?? fullKey, shownAs: key)
            upload = new
            return new
        }
    }

    /// Blocks while too many parts wait.
    private func waitForRoom() { wait { $0 <= waitingMax } }

    /// - Parameter isEnough: of the number of parts that wait.
    private func wait(_ isEnough: (Int) -> Bool) {
        progress.lock()
        defer { progress.unlock() }
        while !state.withLock({ isEnough($0.waiting) }) { progress.wait() }
    }

    // MARK: The end

    @discardableResult package func finish(as name: String?, ifAbsent: Bool) async throws -> Bool {
        let target = try name.map { try store.checked($0) } ?? fullKey
        return try await store.pool.run { [self] in try finishNow(target, shownAs: name ?? key, ifAbsent: ifAbsent) }
    }

    private func finishNow(_ target: String, shownAs name: String, ifAbsent: Bool) throws -> Bool {
        let last = try state.withLock { state -> PartInHand? in
            guard !state.isClosed else { throw closed() }
            if state.failure != nil || state.partCount == 0 || state.part.count == 0 { return nil }
            return hand(over: &state)
        }
        if let last { send(last) }
        wait { $0 == 0 }
        let (failure, isSmall, byteCount, parts) = state.withLock { state in
            state.isClosed = true
            return (state.failure, state.partCount == 0, state.byteCount, state.sent)
        }
        if let failure {
            drop()
            throw failure
        }
        if isSmall {
            let bytes = try state.withLock { try $0.part.read() }
            return try store.putNow(target, bytes, ifAbsent ? .absent : .any, shownAs: name)
        }
        guard let upload = upload.withLock({ $0 }) else { preconditionFailure("parts were sent without an upload") }
        do {
            if upload.key == target {
                return try store.completeUpload(upload, parts, ifAbsent: ifAbsent, shownAs: name)
            }
            _ = try store.completeUpload(upload, parts, ifAbsent: false, shownAs: name)
        } catch {
            drop()
            throw error
        }
        defer { removeDraft(upload.key) }
        return try store.copy(upload.key, byteCount: byteCount, to: target, ifAbsent: ifAbsent, shownAs: name)
    }

    /// A draft that stays is removed by a later ``S3ObjectStore/sweep()``.
    private func removeDraft(_ draft: String) {
        do {
            try store.deleteNow(draft, shownAs: key)
        } catch {
            store.logger.info("a draft could not be removed now", metadata: ["key": "\(draft)", "cause": "\(error)"])
        }
    }

    package func abort() async {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard wasOpen else { return }
        // Nobody waits for it: a store that does not answer would hold up the answer that says so.
        store.pool.start { [self] in
            wait { $0 == 0 }
            drop()
        }
    }

    private func drop() {
        if let upload = upload.withLock({ $0 }) { store.endUpload(upload.id, upload.key) }
    }

    private func closed() -> ObjectStoreError {
        ObjectStoreError(
            code: "writer-closed", message: "the writer is finished, aborted or has failed before",
            remedy: "start the object anew", place: Place(source: key))
    }
}
