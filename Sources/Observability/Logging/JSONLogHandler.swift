package import Logging

/// Writes each log record as one JSON object on a line of its own.
///
/// Keys: `time` (ISO 8601 UTC, milliseconds), `level`, `logger`, `message`, `error` when there is one, and the metadata
/// as further keys in sorted order. A metadata key that would hide one of the fixed keys gets the prefix `meta.`.
/// Records of level `error` and above carry `source` (file and line) too.
package struct JSONLogHandler: LogHandler {
    /// Longest message or metadata text in bytes of UTF-8; the rest is cut, with `…` at the end.
    package static let textBytesMax = 16 << 10
    /// Deepest nesting of metadata; below it values are written as text.
    package static let metadataDepthMax = 8

    private static let fixedKeys: Set<String> = ["time", "level", "logger", "message", "error", "source"]

    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let sink: any LogSink
    private let nowMicroseconds: @Sendable () -> Int64

    package init(
        label: String, level: Logger.Level = .info, sink: any LogSink = DescriptorLogSink.standardError,
        metadataProvider: Logger.MetadataProvider? = nil,
        nowMicroseconds: @escaping @Sendable () -> Int64 = UTCText.nowMicroseconds
    ) {
        self.label = label
        self.logLevel = level
        self.sink = sink
        self.metadataProvider = metadataProvider
        self.nowMicroseconds = nowMicroseconds
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        line.append(contentsOf: "{\"time\":\"".utf8)
        UTCText.append(microseconds: nowMicroseconds(), fraction: .milliseconds, to: &line)
        line.append(contentsOf: "\",\"level\":\"".utf8)
        line.append(contentsOf: event.level.rawValue.utf8)
        line.append(contentsOf: "\",\"logger\":".utf8)
        JSONText.appendString(label, to: &line)
        append(key: "message", text: event.message.description, to: &line)
        if let error = event.error { append(key: "error", text: "\(error)", to: &line) }
        if event.level >= .error { append(key: "source", text: "\(event.file):\(event.line)", to: &line) }

        for (key, value) in entries(event.metadata) {
            line.append(UInt8(ascii: ","))
            JSONText.appendString(Self.fixedKeys.contains(key) ? "meta.\(key)" : key, to: &line)
            line.append(UInt8(ascii: ":"))
            append(value, depth: 0, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        sink.write(line)
    }

    /// All metadata by key; that of the record wins over the provider's, and the provider's over the handler's.
    private func entries(_ own: Logger.Metadata?) -> [(key: String, value: Logger.MetadataValue)] {
        var entries: [(key: String, value: Logger.MetadataValue)] = []
        let provided = metadataProvider?.get()
        entries.reserveCapacity(metadata.count + (provided?.count ?? 0) + (own?.count ?? 0))
        for source in [own, provided, metadata] {
            guard let source else { continue }
            entries.append(contentsOf: source.lazy.map { ($0.key, $0.value) })
        }
        // Stable, so that of equal keys the one that counts stands first.
        entries.sort { $0.key < $1.key }
        var last: String?
        entries.removeAll { entry in
            defer { last = entry.key }
            return entry.key == last
        }
        return entries
    }

    private func append(key: String, text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: ","))
        JSONText.appendString(key, to: &line)
        line.append(UInt8(ascii: ":"))
        JSONText.appendString(Self.cut(text), to: &line)
    }

    private func append(_ value: Logger.MetadataValue, depth: Int, to line: inout [UInt8]) {
        switch value {
        case .string(let text):
            JSONText.appendString(Self.cut(text), to: &line)
        case .stringConvertible(let value):
            switch value {
            case let value as Int: JSONText.appendInteger(Int64(value), to: &line)
            case let value as Int64: JSONText.appendInteger(value, to: &line)
            case let value as Bool: line.append(contentsOf: (value ? "true" : "false").utf8)
            case let value as Double where value.isFinite: line.append(contentsOf: "\(value)".utf8)
            default: JSONText.appendString(Self.cut(value.description), to: &line)
            }
        case .array(let values) where depth < Self.metadataDepthMax:
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(value, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let values) where depth < Self.metadataDepthMax:
            line.append(UInt8(ascii: "{"))
            for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                JSONText.appendString(entry.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(entry.value, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        default:
            JSONText.appendString(Self.cut(value.description), to: &line)
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textBytesMax else { return text }
        var bytes = 0
        let kept = text.unicodeScalars.prefix { scalar in
            bytes += UTF8.width(scalar)
            return bytes <= textBytesMax
        }
        return String(kept) + "…"
    }
}
