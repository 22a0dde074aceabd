import Synchronization

/// A fixed number of places for work of one kind.
package final class Slots: Sendable {
    private let capacity: Int
    private let taken = Mutex(0)

    package init(_ capacity: Int) { self.capacity = capacity }

    var count: Int { taken.withLock { $0 } }

    /// - Parameter what: the work's name in the plural, for the error.
    /// - Throws: ``GatewayError`` `overloaded` at once when no place is free.
    package func take(_ what: String) throws -> Slot {
        let got = taken.withLock { count in
            guard count < capacity else { return false }
            count += 1
            return true
        }
        guard got else {
            throw GatewayError(
                code: "overloaded", message: "\(capacity) \(what) are under way already",
                remedy: "try again after the time that Retry-After names", isRetryable: true)
        }
        return Slot(self)
    }

    fileprivate func release() { taken.withLock { $0 -= 1 } }
}

/// A taken place. It is free again after ``release()``, or when nobody holds the slot any more.
package final class Slot: Sendable {
    private let slots: Slots
    private let isHeld = Mutex(true)

    fileprivate init(_ slots: Slots) { self.slots = slots }

    deinit { release() }

    package func release() {
        let wasHeld = isHeld.withLock { held in
            defer { held = false }
            return held
        }
        if wasHeld { slots.release() }
    }
}
