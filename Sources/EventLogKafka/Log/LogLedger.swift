import Foundation

/// What the topic `_dipper.meta` tells: which log this is, and where its partitions begin.
///
/// The topic is compacted. The incarnation stands under a key of its own, so that of two that were written at once both
/// stay and the first counts for everyone.
struct LogLedger: Sendable, Hashable {
    private(set) var incarnation: String?
    private(set) var starts: [PartitionName: Int64] = [:]

    private static let incarnationPrefix = "incarnation/"
    private static let startPrefix = "start/"

    static func message(incarnation: String) -> OutgoingMessage {
        OutgoingMessage(
            partition: 0, key: Array((incarnationPrefix + incarnation).utf8), value: Array(incarnation.utf8))
    }

    /// - Parameter place: by the broker's name of the topic.
    static func message(_ place: PartitionName, start: Int64) -> OutgoingMessage {
        OutgoingMessage(
            partition: 0, key: Array("\(startPrefix)\(place.partition)/\(place.topic)".utf8),
            value: Array("\(start)".utf8))
    }

    mutating func apply(_ message: FetchedMessage) {
        let key = String(decoding: message.key ?? [], as: UTF8.self)
        let value = String(decoding: message.value, as: UTF8.self)
        if key.hasPrefix(Self.incarnationPrefix) {
            incarnation = incarnation ?? value
        } else if key.hasPrefix(Self.startPrefix), let start = Int64(value) {
            let parts = key.dropFirst(Self.startPrefix.count).split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let partition = Int(parts[0]) else { return }
            let place = PartitionName(topic: String(parts[1]), partition: partition)
            starts[place] = max(starts[place] ?? 0, start)
        }
    }
}
