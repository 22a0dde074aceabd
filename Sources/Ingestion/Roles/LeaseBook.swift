/// Which roles this process has, when it asks for which and when it gives one back: a state machine without I/O, with the clock
/// handed in.
///
/// A role that it has is asked for again long before it runs out. Roles that it has not are asked for one at a time. How
/// many it is to have follows from how many processes there are that do the same roles (``counted(_:now:)``): one that has its share leaves
/// free roles to others for a while, and one that has more gives back one after another, the last that it got first. In its first time
/// it pauses after each role that it gets, so that processes which start together share them.
struct LeaseBook {
    enum Change: Hashable {
        case gained(String)
        case lost(String)
    }

    /// Milliseconds that a lease lasts.
    let milliseconds: Int64
    private let roleCount: Int
    /// Held until then by this process's own clock, which began to count before the store's.
    private var heldUntil: [String: Int64] = [:]
    private var askAgain: [String: Int64] = [:]
    /// Roles that are held, in the order in which they came.
    private var order: [String] = []
    /// Roles that are not held, the next to ask for first.
    private var free: [String]
    private var freeAfter: Int64 = 0
    /// The role that is being given back, until its work has ended.
    private(set) var leaving: String?
    private var workers = 1
    private var countAgain: Int64 = 0
    /// Before that roles are taken slowly, and none is given back; `nil` until processes were counted.
    private var settledAfter: Int64?
    private var giveAfter: Int64 = 0

    /// Parts of a lease's time: between two extensions, and between two roles that are given back; after a role that was got, and
    /// between two counts; after a role that was not.
    private static let extensionPart: Int64 = 4
    private static let restPart: Int64 = 12
    private static let refusalPart: Int64 = 40

    /// - Parameter roles: in the order in which they are asked for.
    init(roles: [String], milliseconds: Int64) {
        precondition(milliseconds >= Self.refusalPart)
        self.milliseconds = milliseconds
        roleCount = roles.count
        free = roles
    }

    var held: Set<String> { Set(heldUntil.keys) }

    /// Roles that this process is to have at most, as long as others are there for the rest.
    private var share: Int { (roleCount + workers - 1) / workers }

    // MARK: Asking

    /// Roles to ask for now.
    func due(_ now: Int64) -> [String] {
        var roles = askAgain.filter { $0.value <= now }.keys.sorted()
        let patience = heldUntil.count >= share ? milliseconds : 0
        if let next = free.first, freeAfter + patience <= now { roles.append(next) }
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
        order.append(role)
        let isSettled = settledAfter.map { $0 <= now } ?? false
        freeAfter =
            now + (isSettled ? milliseconds / Self.refusalPart : milliseconds / Self.restPart * Int64(order.count))
        return .gained(role)
    }

    /// Roles whose time has run out without an answer.
    mutating func expired(_ now: Int64) -> [Change] {
        heldUntil.filter { $0.value <= now }.keys.sorted().compactMap { lose($0, now) }
    }

    private mutating func lose(_ role: String, _ now: Int64) -> Change? {
        drop(role)
        freeAfter = now + milliseconds / Self.refusalPart
        return .lost(role)
    }

    private mutating func drop(_ role: String) {
        heldUntil[role] = nil
        askAgain[role] = nil
        order.removeAll { $0 == role }
        free.append(role)
        if leaving == role { leaving = nil }
    }

    // MARK: Sharing out

    /// Whether it is time to tell that this process is there and to count those that are.
    func isCountDue(_ now: Int64) -> Bool { countAgain <= now }

    /// - Parameter found: processes that do the same roles, this one among them; `nil`: there was no answer.
    mutating func counted(_ found: Int?, now: Int64) {
        countAgain = now + milliseconds / Self.restPart
        guard let found, found > 0 else { return }
        if settledAfter == nil { settledAfter = now + milliseconds }
        guard found != workers else { return }
        workers = found
        giveAfter = now + milliseconds / Self.extensionPart
    }

    /// The role to give back now, if any. It stays held until its work has ended (``left(_:now:)``).
    mutating func surplus(_ now: Int64) -> String? {
        guard let settledAfter, settledAfter <= now, giveAfter <= now, leaving == nil, order.count > share else {
            return nil
        }
        leaving = order.last
        return leaving
    }

    /// The work of a role that is given back has ended, and the lease with it. Others get the time of a lease to take it.
    mutating func left(_ role: String, now: Int64) {
        drop(role)
        freeAfter = now + milliseconds
        giveAfter = now + milliseconds / Self.extensionPart
    }
}
