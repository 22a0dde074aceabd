/// Maps items in order, at most `limit` at once.
/// - Throws: the first error; tasks that still run are cancelled.
package func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], limit: Int, _ transform: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    if items.count <= 1 || limit <= 1 {
        var results: [Result] = []
        for item in items { results.append(try await transform(item)) }
        return results
    }
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        var next = 0
        while next < min(limit, items.count) {
            let (index, item) = (next, items[next])
            group.addTask { (index, try await transform(item)) }
            next += 1
        }
        while let (index, result) = try await group.next() {
            results[index] = result
            if next < items.count {
                let (index, item) = (next, items[next])
                group.addTask { (index, try await transform(item)) }
                next += 1
            }
        }
        return results.compactMap { $0 }
    }
}
