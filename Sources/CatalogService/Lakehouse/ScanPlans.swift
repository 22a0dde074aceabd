import AvroFormat
import Synchronization

/// The scans that were planned a short while ago, by id, so that a client may ask for the answer again or call it off.
final class ScanPlans: Sendable {
    /// Plans that are remembered at most.
    static let countMax = 1_024
    /// How long one is remembered.
    static let lifetimeSeconds: Int64 = 600

    struct Plan: Sendable {
        var table: TableIdentifier
        var tableUUID: String
        var request: ScanRequest
    }

    private struct State {
        /// `nil`: called off.
        var plans: [String: (plan: Plan?, began: ContinuousClock.Instant)] = [:]
        /// The oldest first.
        var order: [String] = []
    }

    private let state = Mutex(State())

    func add(_ plan: Plan, id: String?) -> String? {
        guard let id else { return nil }
        state.withLock { state in
            state.plans[id] = (plan, .now)
            state.order.append(id)
            if state.order.count > Self.countMax { state.plans[state.order.removeFirst()] = nil }
        }
        return id
    }

    func find(_ id: String) -> Plan? {
        state.withLock { state in
            guard let found = state.plans[id], found.began.duration(to: .now) < .seconds(Self.lifetimeSeconds) else {
                return nil
            }
            return found.plan
        }
    }

    /// - Returns: `false` for a plan that is not there, or called off already.
    func cancel(_ id: String) -> Bool {
        state.withLock { state in
            guard state.plans[id]?.plan != nil else { return false }
            state.plans[id]?.plan = nil
            return true
        }
    }

    func isCancelled(_ id: String) -> Bool {
        state.withLock { state in state.plans[id].map { $0.plan == nil } ?? false }
    }
}

/// A word for the tasks of some manifests of a scan: all that finds them again, as JSON in hexadecimal digits.
struct PlanTask: Sendable, Hashable {
    var planID: String
    var tableUUID: String
    /// Whose names the request uses: the table may have got others by the time that it is asked.
    var schemaID: Int
    var request: ScanRequest
    /// Positions among the scan's manifests.
    var manifests: Range<Int>

    init(planID: String, tableUUID: String, schemaID: Int, request: ScanRequest, manifests: Range<Int>) {
        self.planID = planID
        self.tableUUID = tableUUID
        self.schemaID = schemaID
        self.request = request
        self.manifests = manifests
    }

    var text: String {
        let json: JSONValue = [
            "plan": .string(planID), "table": .string(tableUUID), "schema": JSONValue(schemaID),
            "request": request.json, "from": JSONValue(manifests.lowerBound), "to": JSONValue(manifests.upperBound),
        ]
        return PlanTaskText.encode(json.serialized())
    }

    /// `nil` for what is no such word.
    init?(_ text: String) {
        guard let bytes = PlanTaskText.decode(text), let json = try? JSONValue.parse(bytes),
            let planID = json["plan"]?.text, let tableUUID = json["table"]?.text,
            let schemaID = json["schema"]?.integer.flatMap({ Int32(exactly: $0) }),
            let request = json["request"].flatMap({ try? ScanRequest($0) }),
            let from = json["from"]?.integer.flatMap({ Int32(exactly: $0) }),
            let to = json["to"]?.integer.flatMap({ Int32(exactly: $0) }), from >= 0, from < to
        else { return nil }
        self.init(
            planID: planID, tableUUID: tableUUID, schemaID: Int(schemaID), request: request,
            manifests: Int(from)..<Int(to))
    }
}

/// Bytes as digits that no client or proxy changes.
private enum PlanTaskText {
    static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        let values = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard values.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count / 2)
        for index in stride(from: 0, to: values.count, by: 2) {
            guard let high = values[index], let low = values[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
