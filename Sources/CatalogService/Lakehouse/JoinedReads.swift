import Synchronization

/// Joins reads of one thing that are asked for at the same time, as those are who lost a race to one commit.
///
/// Whoever asks while a read is under way waits for the next one, which begins after they asked: nobody is told of a state older
/// than what they have been told before.
final class JoinedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Turn {
        case lead
        case joined(Result<Value, any Error>)
    }

    private typealias Waiter = CheckedContinuation<Turn, Never>

    private struct Flight {
        /// Who gets what is being read.
        var joined: [Waiter] = []
        /// Who gets what is read next.
        var waiting: [Waiter] = []
    }

    private let flights = Mutex<[Key: Flight]>([:])

    func value(of key: Key, _ read: () async throws -> Value) async throws -> Value {
        if case .joined(let result) = await turn(key) { return try result.get() }
        do {
            let value = try await read()
            land(key, .success(value))
            return value
        } catch {
            // One reader's cancellation is not the others': they read for themselves, one after the other.
            land(key, error is CancellationError ? nil : .failure(error))
            throw error
        }
    }

    private func turn(_ key: Key) async -> Turn {
        await withCheckedContinuation { continuation in
            let leads = flights.withLock { flights in
                guard flights[key] != nil else {
                    flights[key] = Flight()
                    return true
                }
                flights[key]?.waiting.append(continuation)
                return false
            }
            if leads { continuation.resume(returning: .lead) }
        }
    }

    /// Hands the result out, and the next read to one of those who wait for it.
    /// - Parameter result: `nil`: those who joined wait on.
    private func land(_ key: Key, _ result: Result<Value, any Error>?) {
        let (joined, leader): ([Waiter], Waiter?) = flights.withLock { flights in
            guard var flight = flights.removeValue(forKey: key) else { return ([], nil) }
            let joined = result == nil ? [] : flight.joined
            if result == nil { flight.waiting = flight.joined + flight.waiting }
            guard !flight.waiting.isEmpty else { return (joined, nil) }
            let leader = flight.waiting.removeFirst()
            flights[key] = Flight(joined: flight.waiting)
            return (joined, leader)
        }
        if let result { for waiter in joined { waiter.resume(returning: .joined(result)) } }
        leader?.resume(returning: .lead)
    }
}
