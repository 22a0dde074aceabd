/// Which roles this process has, and when it asks for which: a state machine without I/O, with the clock handed in.
///
/// A role that it has is asked for again long before it runs out. Roles that it has not are asked for one at a time, with a
/// pause after each that it gets, so that processes which start together share them.
struct LeaseBook {
    enum Change: Hashable {
        case gained(String)
        case lost(String)
    }

    /// Milliseconds that a lease lasts.
    let milliseconds: Int64
    /// Held until then by this process's own clock, which began to count before the store's.
    private var heldUntil: [String: Int64] = [:]
    private var askAgain: [String: Int64] = [:]
    /// Roles that are not held, the next to ask for first.
    private var free: [String]
    private var freeAfter: Int64 = 0

    /// Parts of a lease's time: between two extensions, after a role that was got, after one that was not.
    private static let extensionPart: Int64 = 4
    private static let restPart: Int64 = 12
    private static let refusalPart: Int64 = 40

    /// - Parameter roles: in the order in which they are asked for.
    init(roles: [String], milliseconds: Int64) {
        precondition(milliseconds >= Self.refusalPart)
        self.milliseconds = milliseconds
        free = roles
    }

    var held: Set<String> { Set(heldUntil.keys) }

    /// Roles to ask for now.
    func due(_ now: Int64) -> [String] {
        var roles = askAgain.filter { $0.value <= now }.keys.sorted()
        if let next = free.first, freeAfter <= now { roles.append(next) }
        return roles
    }

    /// Takes the store's answer.
    /// - Parameters:
    ///   - isGranted: `nil`: there was none.
    ///   - asked: when the question was sent.
    mutating func answered(_ role: String, isGranted: Bool?, asked: Int64, now: Int64) -> Change? {
        if heldUntil[role] != nil {
            switch isGranted {
            case true?:
                heldUntil[role] = asked + milliseconds
                askAgain[role] = now + milliseconds / Self.extensionPart
                return nil
            case false?: return lose(role, now)
            case nil:
                askAgain[role] = now + milliseconds / Self.restPart
                return nil
            }
        }
        guard let index = free.firstIndex(of: role) else { return nil }
        free.remove(at: index)
        guard isGranted == true else {
            free.append(role)
            freeAfter = now + milliseconds / Self.refusalPart
            return nil
        }
        heldUntil[role] = asked + milliseconds
        askAgain[role] = now + milliseconds / Self.extensionPart
        freeAfter = now + milliseconds / Self.restPart * Int64(heldUntil.count)
        return .gained(role)
    }

    /// Roles whose time has run out without an answer.
    mutating func expired(_ now: Int64) -> [Change] {
        heldUntil.filter { $0.value <= now }.keys.sorted().compactMap { lose($0, now) }
    }

    private mutating func lose(_ role: String, _ now: Int64) -> Change? {
        heldUntil[role] = nil
        askAgain[role] = nil
        free.append(role)
        freeAfter = now + milliseconds / Self.refusalPart
        return .lost(role)
    }
}
