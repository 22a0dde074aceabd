/// How many repeats all requests of a store together may still make: a bucket of tokens.
///
/// A repeat takes tokens, a success gives some back. While a store is down the bucket runs empty, and requests fail at once
/// instead of piling more work onto it; the first successes fill it again.
package struct RetryBudget: Sendable, Hashable {
    package static let tokensMax = 500
    /// Tokens of a repeat after an error of the store, and after one that took its whole time.
    static let errorCost = 5
    static let timeoutCost = 10
    /// Tokens that a success at the first attempt gives back; one after a repeat gives back what the repeat took.
    static let successGain = 1

    package private(set) var tokens: Int

    package init(tokens: Int = tokensMax) { self.tokens = min(max(0, tokens), Self.tokensMax) }

    /// - Returns: whether there were enough.
    mutating func take(_ cost: Int) -> Bool {
        guard tokens >= cost else { return false }
        tokens -= cost
        return true
    }

    mutating func give(_ gain: Int) { tokens = min(Self.tokensMax, tokens + gain) }
}
