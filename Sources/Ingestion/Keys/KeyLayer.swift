import LakeModel

/// Keys in the form that suits them: integers exactly, as long as they lie close enough, everything else by hash.
enum KeyLayer: Sendable {
    case integers(IntegerKeySet)
    case fingerprints(FingerprintSet)

    static func empty(isInteger: Bool) -> KeyLayer {
        isInteger ? .integers(IntegerKeySet()) : .fingerprints(FingerprintSet())
    }

    var isInteger: Bool { if case .integers = self { true } else { false } }

    var isEmpty: Bool {
        switch self {
        case .integers(let set): set.isEmpty
        case .fingerprints(let set): set.isEmpty
        }
    }

    /// - Complexity: O(containers) for integers.
    var count: Int {
        switch self {
        case .integers(let set): set.count
        case .fingerprints(let set): set.count
        }
    }

    /// The same keys by hash.
    var hashed: FingerprintSet {
        switch self {
        case .integers(let set): set.hashed()
        case .fingerprints(let set): set
        }
    }

    /// Takes in all keys of `other`, which is not to be used afterwards; by hash as soon as one of both is.
    mutating func merge(_ other: KeyLayer) {
        switch (self, other) {
        case (.integers(let mine), .integers(let theirs)): mine.merge(theirs)
        case (.fingerprints(let mine), _) where mine.isEmpty: self = .fingerprints(other.hashed)
        case (.fingerprints(let mine), _): mine.merge(other.hashed)
        case (.integers(let mine), .fingerprints(let theirs)):
            let hashes = mine.hashed()
            if theirs.count > hashes.count {
                theirs.merge(hashes)
                self = .fingerprints(theirs)
            } else {
                hashes.merge(theirs)
                self = .fingerprints(hashes)
            }
        }
    }

    /// Leaves keys out. A hash may stand for several keys, so hashes stay.
    func subtract(_ keys: IntegerKeySet) {
        if case .integers(let set) = self { set.subtract(keys) }
    }
}
