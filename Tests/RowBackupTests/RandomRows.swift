import LakeModel
import LakeTesting

/// Rows of every type, with the values at the edges of each.
enum RandomRows {
    static let types: [PrimitiveType] = [
        .boolean, .int, .long, .float, .double, .decimal(precision: 9, scale: 2), .decimal(precision: 38, scale: 10),
        .date, .time, .timestamp, .timestamptz, .string, .uuid, .fixed(length: 5), .binary,
    ]

    static let schema = Schema(
        id: 3,
        fields: types.indices.map { index in
            SchemaField(
                id: index * 2 + 1, name: index == 11 ? "größe in m²" : "c\(index)", type: types[index],
                required: index % 4 == 0, doc: index == 1 ? "a \"number\"" : nil)
        })

    static func batch(_ rowCount: Int, using random: inout some RandomNumberGenerator) -> ColumnBatch {
        let columns = schema.fields.enumerated().map { index, field in
            var validity = Bitmap()
            for _ in 0..<rowCount { validity.append(field.required || Int.random(in: 0..<4, using: &random) > 0) }
            return ColumnVector(
                type: types[index], storage: storage(types[index], rowCount, using: &random),
                validity: field.required ? nil : validity)
        }
        return ColumnBatch(columns: columns, rowCount: rowCount)
    }

    private static func storage(
        _ type: PrimitiveType, _ count: Int, using random: inout some RandomNumberGenerator
    ) -> ColumnStorage {
        func values<Value>(_ edges: [Value], _ other: (inout SeededRandom) -> Value) -> [Value] {
            var generator = SeededRandom(quietSeed: random.next())
            return (0..<count).map { _ in
                let pick = Int.random(in: 0..<edges.count * 2, using: &generator)
                return pick < edges.count ? edges[pick] : other(&generator)
            }
        }
        switch type.physical {
        case .boolean: return .boolean(values([true, false]) { _ in true })
        case .int32: return .int32(values([0, -1, .min, .max]) { .random(in: .min ... .max, using: &$0) })
        case .int64: return .int64(values([0, -1, .min, .max]) { .random(in: .min ... .max, using: &$0) })
        case .float:
            let edges: [Float] = [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude]
            return .float(values(edges) { .random(in: -1...1, using: &$0) })
        case .double:
            let edges: [Double] = [0, -0.0, .infinity, .leastNonzeroMagnitude]
            return .double(values(edges) { .random(in: -1...1, using: &$0) })
        case .int128:
            guard case .decimal(let precision, _) = type else { preconditionFailure("only decimals lie so") }
            let largest = (0..<precision).reduce(Int128(1)) { power, _ in power * 10 } - 1
            return .int128(values([0, -1, largest, -largest]) { Int128(Int32.random(in: -9_999...9_999, using: &$0)) })
        case .bytes:
            var vector = ByteVector()
            for text in values(["", "a", "ä\u{0}€", "x y\n"], { "n\(Int.random(in: 0..<1_000_000, using: &$0))" }) {
                vector.append(Array(text.utf8))
            }
            return .bytes(vector)
        case .fixed(let width):
            return .fixed(
                FixedVector(
                    width: width, bytes: (0..<width * count).map { _ in UInt8.random(in: 0...255, using: &random) }))
        }
    }
}
