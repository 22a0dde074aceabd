import LakeTesting
import Testing

@testable import TableMaintenance

struct PositionMapTests {
    @Test(arguments: 0..<50) func `a row is found where it was put`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int64.random(in: 0..<60, using: &random)
        let dropped = (0..<count).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        let kept = (0..<count).filter { !dropped.contains($0) }
        var map = PositionMap(dropped: dropped)
        var places: [Int64: (file: Int, row: Int64)] = [:]
        var file = 0
        var row = Int64.random(in: 0..<5, using: &random)
        var rest = kept[...]
        while !rest.isEmpty {
            let taken = rest.prefix(Int.random(in: 0...7, using: &random))
            map.append(count: taken.count, file: file, firstRow: row)
            for (offset, position) in taken.enumerated() { places[position] = (file, row + Int64(offset)) }
            rest = rest.dropFirst(taken.count)
            row += Int64(taken.count)
            if Bool.random(using: &random) {
                file += 1
                row = 0
            }
        }
        #expect(map.keptCount == Int64(kept.count))
        for position in -1...(count + 1) {
            let found = map.place(of: position)
            #expect(found?.file == places[position]?.file && found?.row == places[position]?.row, "seed \(seed)")
        }
    }
}
