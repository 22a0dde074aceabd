import LakeModel

/// The keys of a table: those of committed rows, and apart from them those that one load brings.
///
/// A load that is not committed only drops its own keys; one that is hands them over and leaves them to be stored as a
/// small piece. Integer keys that lie too far apart for bitmaps go over to hashes once and for all.
///
/// `@unchecked Sendable`: a set belongs to one load at a time, which hands it on only after it has ended.
final class KeySet: @unchecked Sendable {
    /// Rows of a batch that are not certainly new.
    struct Contested {
        var rows: [Int32] = []
        /// Whether some of them repeat a key that the same load has brought.
        var hasRepeats = false
    }

    let shape: KeyShape
    private(set) var kept: KeyLayer
    /// Of the running load.
    private(set) var fresh: KeyLayer
    /// Kept keys that no stored piece has yet: another engine's rows brought them.
    private(set) var unsaved: KeyLayer
    /// Keys whose rows the running load deletes without writing them again.
    private(set) var removed = IntegerKeySet()

    /// Kept keys as bits, made when a load asks for many, and dropped when they change.
    private var keptBits: KeyBits?
    /// Kept keys asked for one by one since they changed.
    private var lookCount = 0

    /// As bits when a load asks for more than this part of the kept keys.
    private static let keysPerLook = 16

    init(shape: KeyShape) {
        self.shape = shape
        kept = .empty(isInteger: shape.isInteger)
        fresh = .empty(isInteger: shape.isInteger)
        unsaved = .empty(isInteger: shape.isInteger)
    }

    /// - Complexity: O(containers) for integers.
    var count: Int { kept.count + fresh.count }

    /// Bytes that the keys take by their hashes; exact ones take far less.
    var hashedByteCount: Int {
        [kept, fresh, unsaved].reduce(0) { total, layer in
            if case .fingerprints(let set) = layer { total + set.byteCount } else { total }
        }
    }

    /// Inserts the keys of a batch and returns the rows whose key was there before, or stands twice in the batch.
    /// - Parameter codes: those of the batch's rows, if they are known (``KeyShape/codes(_:)``).
    /// - Complexity: O(1) a key, much less for consecutive ones.
    func insert(_ batch: ColumnBatch, codes: [UInt64]? = nil) -> Contested {
        if case .integer(let column) = shape, case .integers(let old) = kept, case .integers(let new) = fresh {
            let contested = insert(shape.integers(batch, column), old, new)
            if new.isSpread { turnIntoHashes() }
            return contested
        }
        return insertHashes(codes ?? shape.codes(batch))
    }

    /// The rows of a batch whose key is in the set; nothing is inserted. A key that is put in here and not written would be
    /// in memory and in no stored piece.
    func find(_ batch: ColumnBatch, codes: [UInt64]? = nil) -> Contested {
        var found = Contested()
        func note(_ index: Int, _ isKept: Bool, _ isFresh: Bool) {
            if isKept || isFresh { found.rows.append(Int32(index)) }
            if isFresh { found.hasRepeats = true }
        }
        if case .integer(let column) = shape, case .integers(let old) = kept, case .integers(let new) = fresh {
            for (index, key) in shape.integers(batch, column).enumerated() {
                note(index, old.contains(key), new.contains(key))
            }
            return found
        }
        guard case .fingerprints(let old) = kept, case .fingerprints(let new) = fresh else {
            preconditionFailure("all layers of a key set are of one form")
        }
        for (index, code) in (codes ?? shape.codes(batch)).enumerated() {
            let hash = shape.isInteger ? KeyShape.hash(integer: code) : code
            note(index, old.contains(hash), new.contains(hash))
        }
        return found
    }

    private func insert(_ keys: [Int64], _ old: IntegerKeySet, _ new: IntegerKeySet) -> Contested {
        var contested = Contested()
        if new.insertRising(keys, awayFrom: old) { return contested }
        if old.containsConsecutive(keys) {
            contested.rows = [Int32](0..<Int32(keys.count))
            return contested
        }
        let isFirst = old.isEmpty
        if let bits = bits(of: old, for: keys.count) {
            for index in keys.indices {
                if bits.contains(keys[index]) {
                    contested.rows.append(Int32(index))
                } else if !new.insert(keys[index]) {
                    contested.rows.append(Int32(index))
                    contested.hasRepeats = true
                }
            }
            return contested
        }
        for index in keys.indices {
            if !isFirst, old.contains(keys[index]) {
                contested.rows.append(Int32(index))
            } else if !new.insert(keys[index]) {
                contested.rows.append(Int32(index))
                contested.hasRepeats = true
            }
        }
        return contested
    }

    private func bits(of kept: IntegerKeySet, for looks: Int) -> KeyBits? {
        if let keptBits { return keptBits }
        let before = lookCount
        lookCount += looks
        let due = kept.count / Self.keysPerLook
        // Looked at once only: where there are no bits there will be none.
        if lookCount > due, before <= due { keptBits = kept.bits() }
        return keptBits
    }

    private func keptChanged() {
        keptBits = nil
        lookCount = 0
    }

    private func insertHashes(_ codes: [UInt64]) -> Contested {
        guard case .fingerprints(let old) = kept, case .fingerprints(let new) = fresh else {
            preconditionFailure("all layers of a key set are of one form")
        }
        let hashes = shape.isInteger ? codes.map { KeyShape.hash(integer: $0) } : codes
        var contested = Contested()
        let isFirst = old.isEmpty
        let values = hashes.span
        FingerprintSet.walk(values, isFirst ? [new] : [old, new]) { index in
            if !isFirst, old.contains(values[index]) {
                contested.rows.append(Int32(index))
            } else if !new.insert(values[index]) {
                contested.rows.append(Int32(index))
                contested.hasRepeats = true
            }
        }
        return contested
    }

    /// Puts in keys of committed rows that another engine wrote, or of all when the index is read from the table.
    /// - Parameter isSaved: whether they are to be left out of the next piece, because all of the index will be stored.
    func adopt(_ codes: [UInt64], isSaved: Bool) {
        keptChanged()
        let layers = isSaved ? [kept] : [kept, unsaved]
        for layer in layers {
            switch layer {
            case .integers(let set):
                let keys = codes.map { Int64(bitPattern: $0) }
                if !set.insertRising(keys, awayFrom: IntegerKeySet()) { for key in keys { set.insert(key) } }
            case .fingerprints(let set):
                let hashes = shape.isInteger ? codes.map { KeyShape.hash(integer: $0) } : codes
                let values = hashes.span
                FingerprintSet.walk(values, [set]) { set.insert(values[$0]) }
            }
        }
        if case .integers(let set) = kept, set.isSpread { turnIntoHashes() }
    }

    /// Takes note that the row of a key is deleted and not written again by the running load. Only exact sets let go of it.
    func remove(_ key: RowKey) {
        if case .integer(let value) = key { removed.insert(value) }
    }

    /// Takes a stored piece in.
    func apply(_ delta: KeyDelta) {
        keptChanged()
        kept.subtract(delta.removed)
        kept.merge(delta.added)
        if !kept.isInteger { turnIntoHashes() }
    }

    private func turnIntoHashes() {
        keptChanged()
        kept = .fingerprints(kept.hashed)
        fresh = .fingerprints(fresh.hashed)
        unsaved = .fingerprints(unsaved.hashed)
    }

    /// Takes over the keys of a load that was committed. Keys that it brought again stay, whatever it deleted before.
    func commit() {
        keptChanged()
        removed = remaining(removed)
        kept.subtract(removed)
        if kept.isEmpty { kept = fresh } else { kept.merge(fresh) }
        fresh = .empty(isInteger: kept.isInteger)
        removed = IntegerKeySet()
    }

    /// What has been stored needs no further piece.
    func markSaved() { unsaved = .empty(isInteger: kept.isInteger) }

    /// Drops the keys of a load that was not committed.
    func rollback() {
        fresh = .empty(isInteger: kept.isInteger)
        removed = IntegerKeySet()
    }

    private func remaining(_ keys: IntegerKeySet) -> IntegerKeySet {
        if case .integers(let set) = fresh, !keys.isEmpty { keys.subtract(set) }
        return keys
    }
}

/// A change of a set of keys.
struct KeyDelta: Sendable {
    var added: KeyLayer
    /// Keys that were there before and are not any more.
    var removed = IntegerKeySet()

    init(isInteger: Bool) { added = .empty(isInteger: isInteger) }

    mutating func add(_ keys: KeyLayer) {
        if case .integers(let set) = keys { removed.subtract(set) }
        added.merge(keys)
    }

    mutating func remove(_ keys: IntegerKeySet) {
        added.subtract(keys)
        removed.merge(keys)
    }
}
