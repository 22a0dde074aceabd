/// Pools of given and family names as flat bytes, with a draw that prefers the front.
///
/// Distinct full names grow with the rows as they do in a large company's files: nearly all differ among 2,000 rows,
/// and 20 million rows have about 3 million.
struct SampleNames {
    /// Names of one kind, one behind the other.
    struct Pool {
        private(set) var bytes: [UInt8] = []
        /// Where name i starts; one more than there are names.
        private(set) var starts: [Int] = [0]

        var count: Int { starts.count - 1 }

        fileprivate mutating func add(_ name: String) {
            bytes.append(contentsOf: name.utf8)
            starts.append(bytes.count)
        }
    }

    static let firstNameCount = 1_600
    static let lastNameCount = 1_960

    let first: Pool
    let last: Pool

    init() {
        let words = SampleVocabulary.self
        first = Self.pool(words.commonFirstNames, endings: words.firstEndings, count: Self.firstNameCount, salt: 1)
        last = Self.pool(words.commonLastNames, endings: words.lastEndings, count: Self.lastNameCount, salt: 2)
    }

    /// An index into `pool`: uniform three times of four, else the square of a uniform draw, so that the front of the
    /// pool is common and its end is not rare.
    static func draw(_ bits: UInt32, from pool: Pool) -> Int {
        let uniform = SampleRandom.scale(bits, below: pool.count)
        guard bits & 3 == 0 else { return uniform }
        return uniform &* uniform / pool.count
    }

    /// The common names, then syllables put together, each once, in an order that is the same everywhere.
    private static func pool(_ common: [String], endings: [String], count: Int, salt: UInt64) -> Pool {
        var pool = Pool()
        var seen = Set(common)
        common.prefix(count).forEach { pool.add($0) }
        let words = SampleVocabulary.self
        var random = SampleRandom(seed: salt)
        while pool.count < count {
            let parts = [words.onsets, words.vowels, words.middles, endings]
            let name = parts.map {
                $0[SampleRandom.scale(UInt32(truncatingIfNeeded: random.next() >> 32), below: $0.count)]
            }
            .joined()
            if seen.insert(name).inserted { pool.add(name) }
        }
        return pool
    }
}
