/// Guesses how many distinct values a column chunk has, so that no dictionary is built that will not fit.
///
/// Values are drawn at even distances. From the number of values seen once (f1) and twice (f2) among d distinct ones
/// follows the estimate d + f1 (f1 - 1) / (2 (f2 + 1)) for the population.
///
/// Source: A. Chao, "Nonparametric estimation of the number of classes in a population", 1984, bias-corrected form.
enum DistinctEstimator {
    /// Enough to see doubles among 100,000 distinct values, little against a row group.
    static let samplesMax = 4096

    /// The indexes to draw out of `count` values.
    static func sampleIndexes(count: Int) -> StrideTo<Int> {
        stride(from: 0, to: count, by: max(1, (count + samplesMax - 1) / samplesMax))
    }

    /// - Parameters:
    ///   - samples: hashes or bit patterns of the drawn values; sorted afterwards.
    ///   - population: the number of values drawn from.
    static func estimate(_ samples: inout [UInt64], population: Int) -> Int {
        samples.sort()
        var distinct = 0
        var once = 0
        var twice = 0
        var index = 0
        while index < samples.count {
            var end = index + 1
            while end < samples.count && samples[end] == samples[index] { end += 1 }
            distinct += 1
            if end - index == 1 { once += 1 }
            if end - index == 2 { twice += 1 }
            index = end
        }
        if samples.count >= population { return distinct }
        return min(population, distinct + once * max(0, once - 1) / (2 * (twice + 1)))
    }
}

/// Whether a dictionary is worth its space.
struct DictionaryPolicy {
    /// A dictionary is taken when it and its indexes take less than this share of the plain values, in percent: close
    /// to it the compressor does as well on plain values, and readers are faster with them.
    static let sizePercentMax = 75

    let dictionaryBytesMax: Int

    func isWorthwhile(distinct: Int, entryBytes: Int, values: Int, plainBytes: Int) -> Bool {
        guard distinct * entryBytes <= dictionaryBytesMax else { return false }
        let indexBits = Swift.max(1, 64 - UInt64(Swift.max(1, distinct) - 1).leadingZeroBitCount)
        let dictionaryForm = distinct * entryBytes + values * indexBits / 8
        return dictionaryForm * 100 < plainBytes * Self.sizePercentMax
    }
}
