import Foundation

/// An append on its way to the writer, with everything done that can be done before its turn.
struct PendingAppend: Sendable {
    struct Item: Sendable {
        var record: LogRecord
        /// The headers as JSON, `nil` without any.
        var headers: String?
        var contentChecksum: UInt64
    }

    var topic: String
    var items: [Item]
    var idempotency: IdempotencyClaim?
    var answer: CheckedContinuation<AppendOutcome, any Error>

    static func items(of records: [LogRecord]) throws -> [Item] {
        try records.map { record in
            let headers = try HeaderCoding.text(record.headers)
            return Item(
                record: record, headers: headers,
                contentChecksum: RecordChecksum.content(
                    id: record.id, key: record.key, headers: headers, payload: record.payload))
        }
    }
}

/// Headers as JSON text with sorted names, so that they can be read in the database.
enum HeaderCoding {
    static func text(_ headers: [String: String]) throws -> String? {
        if headers.isEmpty { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(headers), as: UTF8.self)
    }

    static func headers(_ text: String?) throws -> [String: String] {
        guard let text else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }
}
