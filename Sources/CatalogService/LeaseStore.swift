/// Roles that one process has at a time, for as long as it says so again and again.
///
/// A lease decides who works, not what stands: a process that believes too long that it has one is stopped by the fence
/// (``CatalogStore/acquireFence(role:)``).
package protocol LeaseStore: Sendable {
    /// Takes a lease that is free or has run out, or extends one's own, by the store's clock.
    /// - Parameters:
    ///   - holder: a random name of the process.
    ///   - milliseconds: from now until it runs out.
    /// - Returns: whether `holder` has it now.
    func takeLease(role: String, holder: String, milliseconds: Int) async throws -> Bool

    /// Gives a lease back; one that another has stays.
    func releaseLease(role: String, holder: String) async throws

    /// How many leases are held now whose roles begin with `prefix`. Those that have run out are forgotten.
    func countLeases(prefix: String) async throws -> Int
}
