import LakeModel
import LakeTesting
import Testing

@testable import Ingestion

struct RowPairsTests {
    /// Every type's columns of random values that differ, and are null, here and there.
    @Test(arguments: 0..<40) func `stretches compare as their rows do`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let name = "seed \(seed)"
        for type in [
            PrimitiveType.boolean, .int, .long, .float, .double, .decimal(precision: 30, scale: 2), .string, .uuid,
        ] {
            let count = Int.random(in: 1...300, using: &random)
            let base = (0..<count).map { _ in Int.random(in: 0...3, using: &random) }
            let rarity = [2, 50, 1_000][seed % 3]
            let changed = base.map { Int.random(in: 0..<rarity, using: &random) == 0 ? $0 + 1 : $0 }
            let shift = Int.random(in: 0...70, using: &random)
            let mine = Self.column(type, base, nullEvery: seed % 2 == 0 ? nil : 7)
            let theirs = Self.column(
                type, [Int](repeating: 9, count: shift) + changed, nullEvery: seed % 4 < 2 ? nil : 11)
            let split = count / 3
            let pairs = [
                RowPairs(row: 0, other: Int32(shift), count: Int32(split), flag: 0),
                RowPairs(
                    row: Int32(split), other: Int32(shift + split), count: Int32(count - split), flag: Int32(split)),
            ]
            var flags = [UInt8](repeating: 1, count: count)
            mine.compare(pairs, with: theirs, into: &flags)
            let expected = (0..<count).map { mine.isValue($0, equalTo: $0 + shift, of: theirs) ? UInt8(1) : 0 }
            #expect(flags == expected, "\(type) \(name)")
        }
    }

    @Test func `floats compare by their bits`() {
        let nan = Double.nan
        let other = Double(nan: 5, signaling: false)
        let mine = ColumnVector(type: .double, storage: .double([nan, 0, nan, 1]))
        let theirs = ColumnVector(type: .double, storage: .double([nan, -0.0, other, 1]))
        var flags: [UInt8] = [1, 1, 1, 1]
        mine.compare([RowPairs(row: 0, other: 0, count: 4, flag: 0)], with: theirs, into: &flags)
        #expect(flags == [1, 0, 0, 1])
        flags = [1, 1, 1, 1]
        let singles = (0..<4).map { RowPairs(row: $0, other: $0, count: 1, flag: $0) }
        mine.compare(singles, with: theirs, into: &flags)
        #expect(flags == [1, 0, 0, 1])
    }

    private static func column(_ type: PrimitiveType, _ values: [Int], nullEvery: Int?) -> ColumnVector {
        let storage: ColumnStorage
        switch type {
        case .boolean: storage = .boolean(values.map { $0 % 2 == 0 })
        case .int: storage = .int32(values.map { Int32($0) })
        case .long: storage = .int64(values.map { Int64($0) << 40 })
        case .float: storage = .float(values.map { $0 == 0 ? -0.0 : Float($0 - 1) })
        case .double: storage = .double(values.map { $0 == 2 ? .nan : Double($0 - 1) })
        case .decimal: storage = .int128(values.map { Int128($0) << 70 })
        case .string:
            var bytes = ByteVector()
            for value in values { bytes.append(String(repeating: "ab", count: value).utf8) }
            storage = .bytes(bytes)
        default:
            storage = .fixed(FixedVector(width: 16, bytes: values.flatMap { [UInt8](repeating: UInt8($0), count: 16) }))
        }
        guard let nullEvery else { return ColumnVector(type: type, storage: storage) }
        return ColumnVector(
            type: type, storage: storage,
            validity: values.indices.reduce(into: Bitmap()) { $0.append($1 % nullEvery != 3) })
    }
}
