import Foundation

/// Lines of the topic of claims as JSON. A line that can't be read was written by a newer version, and is passed over.
enum ClaimCoding {
    private struct Line: Codable {
        var op: String
        var key: String
        var holder: String
        var digest: String?
        var topic: String?
        var ids: [String]?
        var from: [Int64]?
        var lease: Int64?
        /// Partition and offset in turn.
        var places: [Int64]?
    }

    static func bytes(_ event: ClaimBook.Event) throws -> [UInt8] {
        let line: Line
        switch event {
        case .reserve(let wanted):
            line = Line(
                op: "reserve", key: wanted.key, holder: wanted.holder, digest: wanted.digest, topic: wanted.topic,
                ids: wanted.ids, from: wanted.from, lease: wanted.leaseMilliseconds)
        case .done(let key, let holder, let places):
            line = Line(
                op: "done", key: key, holder: holder, places: places.flatMap { [Int64($0.partition), $0.offset] })
        case .release(let key, let holder): line = Line(op: "release", key: key, holder: holder)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(line))
    }

    static func event(_ bytes: [UInt8]) -> ClaimBook.Event? {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return nil }
        switch line.op {
        case "reserve":
            guard let digest = line.digest, let topic = line.topic, let ids = line.ids, let from = line.from,
                let lease = line.lease
            else { return nil }
            return .reserve(
                ClaimBook.Reservation(
                    key: line.key, digest: digest, holder: line.holder, topic: topic, ids: ids, from: from,
                    leaseMilliseconds: lease))
        case "done":
            guard let places = line.places, places.count.isMultiple(of: 2) else { return nil }
            return .done(
                key: line.key, holder: line.holder,
                places: stride(from: 0, to: places.count, by: 2).map {
                    ClaimBook.Place(partition: Int(places[$0]), offset: places[$0 + 1])
                })
        case "release": return .release(key: line.key, holder: line.holder)
        default: return nil
        }
    }
}
