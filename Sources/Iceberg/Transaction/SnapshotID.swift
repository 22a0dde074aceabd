import LakeModel

/// Ids of snapshots and names of files.
package enum SnapshotID {
    /// A random positive id that is not in `taken`.
    package static func random(
        using generator: inout some RandomNumberGenerator, avoiding taken: some Sequence<Int64> = [Int64]()
    ) -> Int64 {
        let taken = Set(taken)
        while true {
            let id = Int64.random(in: 1...Int64.max, using: &generator)
            if !taken.contains(id) { return id }
        }
    }

    /// A random id that no snapshot of `metadata` has.
    package static func random(avoiding metadata: TableMetadata) -> Int64 {
        var generator = SurroundingRandom()
        return random(using: &generator, avoiding: metadata.snapshots.lazy.map(\.id))
    }
}

/// Random (version 4) UUIDs as text.
package enum RandomUUID {
    /// For example `f79c3e09-677c-4bbd-a479-3f349cb785e7`.
    package static func text(using generator: inout some RandomNumberGenerator) -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func text() -> String {
        var generator = SurroundingRandom()
        return text(using: &generator)
    }
}
