/// A small map from field id to a value, in id order: column metrics of a data file.
///
/// One array, no hashing: a manifest of 100,000 files holds over half a million of these.
package struct FieldMap<Value: Sendable & Hashable>: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let id: Int
        package let value: Value

        @inlinable package init(id: Int, value: Value) {
            self.id = id
            self.value = value
        }
    }

    /// In ascending order of `id`, each id once.
    package private(set) var entries: [Entry]

    package init() { entries = [] }

    /// - Parameter entries: in any order; of a repeated id the last entry stands.
    package init(_ entries: [Entry]) {
        self.entries = entries
        for index in entries.indices.dropFirst() where entries[index - 1].id >= entries[index].id {
            normalise()
            return
        }
    }

    private mutating func normalise() {
        var latest: [Int: Value] = [:]
        for entry in entries { latest[entry.id] = entry.value }
        entries = latest.map { Entry(id: $0.key, value: $0.value) }.sorted { $0.id < $1.id }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// - Complexity: O(number of entries).
    package subscript(id: Int) -> Value? {
        get {
            for entry in entries where entry.id == id { return entry.value }
            return nil
        }
        set {
            entries.removeAll { $0.id == id }
            guard let newValue else { return }
            let index = entries.firstIndex { $0.id > id } ?? entries.count
            entries.insert(Entry(id: id, value: newValue), at: index)
        }
    }
}

extension FieldMap: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (Int, Value)...) {
        self.init(elements.map { Entry(id: $0.0, value: $0.1) })
    }
}
