/// Who has taken which idempotency key, as the topic of claims tells: a state machine without I/O.
///
/// A key is taken before its records are appended. All gateways read the same topic, and its order decides: of several who
/// reach for a key the first has it. Who has it writes that it is done, or gives it back. When neither comes within the
/// lease (the process died, or an answer was lost) the key may be taken over, with the ids that the first one gave its
/// records: should those have arrived after all, they stand twice under one id, and the sinks take the first alone.
struct ClaimBook {
    /// Claims that are remembered at most; beyond that the oldest are forgotten early.
    static let claimsMaxDefault = 1_000_000

    /// One line of the topic.
    enum Event: Sendable, Hashable {
        case reserve(Reservation)
        /// The records of a claim are in the log at these offsets, one for each id.
        case done(key: String, holder: String, places: [Place])
        /// Nothing was appended under the claim.
        case release(key: String, holder: String)
    }

    struct Reservation: Sendable, Hashable {
        var key: String
        var digest: String
        /// A random name of the attempt.
        var holder: String
        var topic: String
        var ids: [String]
        /// For each partition where the records can't stand before; what is looked through when the holder is gone.
        var from: [Int64]
        var leaseMilliseconds: Int64
    }

    struct Place: Sendable, Hashable {
        var partition: Int
        var offset: Int64
    }

    struct Claim: Sendable, Hashable {
        /// Of the first attempt: its ids are used by all.
        var reservation: Reservation
        var holder: String
        var heldMilliseconds: Int64
        var takenMilliseconds: Int64
        /// `nil` while nobody has said that it is done.
        var places: [Place]?
        /// Whether someone else had it before.
        var isTakenOver: Bool { holder != reservation.holder }
    }

    enum Verdict: Sendable, Hashable {
        case free
        /// Taken by another request.
        case conflict
        case done(Claim)
        /// Somebody is at work until that time, milliseconds since 1970 UTC.
        case held(Claim, until: Int64)
        /// Somebody was, and did not say how it ended.
        case abandoned(Claim)
    }

    private let windowMilliseconds: Int64
    private let claimsMax: Int
    private var claims: [String: Claim] = [:]
    /// Keys in the order in which they were taken; those before `first` are gone.
    private var order: [(key: String, takenMilliseconds: Int64)] = []
    private var first = 0

    init(windowSeconds: Int64, claimsMax: Int = claimsMaxDefault) {
        windowMilliseconds = windowSeconds * 1_000
        self.claimsMax = claimsMax
    }

    var count: Int { claims.count }

    func verdict(key: String, digest: String, nowMilliseconds now: Int64) -> Verdict {
        guard let claim = live(key, now) else { return .free }
        guard claim.reservation.digest == digest else { return .conflict }
        if claim.places != nil { return .done(claim) }
        let end = claim.heldMilliseconds + claim.reservation.leaseMilliseconds
        return now > end ? .abandoned(claim) : .held(claim, until: end)
    }

    /// The claim that `holder` has; `nil` when another one came first.
    func claim(of key: String, holder: String) -> Claim? {
        guard let claim = claims[key], claim.holder == holder else { return nil }
        return claim
    }

    private func live(_ key: String, _ now: Int64) -> Claim? {
        guard let claim = claims[key], now < claim.takenMilliseconds + windowMilliseconds else { return nil }
        return claim
    }

    /// Takes the next line of the topic.
    /// - Parameter milliseconds: when it was written, since 1970 UTC.
    mutating func apply(_ event: Event, at milliseconds: Int64) {
        switch event {
        case .reserve(let wanted): reserve(wanted, milliseconds)
        case .done(let key, let holder, let places):
            // Whoever says so has appended the records, also when the key was taken over meanwhile.
            guard var claim = claims[key], claim.places == nil,
                claim.holder == holder || claim.reservation.holder == holder
            else { return }
            claim.places = places
            claims[key] = claim
        case .release(let key, let holder):
            guard let claim = claims[key], claim.holder == holder, claim.places == nil, !claim.isTakenOver else {
                return
            }
            claims[key] = nil
        }
    }

    private mutating func reserve(_ wanted: Reservation, _ now: Int64) {
        if var claim = live(wanted.key, now) {
            let end = claim.heldMilliseconds + claim.reservation.leaseMilliseconds
            guard claim.places == nil, claim.reservation.digest == wanted.digest, now > end else { return }
            claim.holder = wanted.holder
            claim.heldMilliseconds = now
            claims[wanted.key] = claim
            return
        }
        claims[wanted.key] = Claim(
            reservation: wanted, holder: wanted.holder, heldMilliseconds: now, takenMilliseconds: now)
        order.append((wanted.key, now))
        forget(now)
    }

    private mutating func forget(_ now: Int64) {
        while first < order.count {
            let oldest = order[first]
            guard claims.count > claimsMax || now >= oldest.takenMilliseconds + windowMilliseconds else { break }
            first += 1
            if claims[oldest.key]?.takenMilliseconds == oldest.takenMilliseconds { claims[oldest.key] = nil }
        }
        if first > 1_000, first > order.count / 2 {
            order.removeFirst(first)
            first = 0
        }
    }
}
