import Ingestion

/// The query options of an upload.
struct UploadOptions: Sendable, Hashable {
    static let names = ["wait", "mode", "onError", "delimiter", "header"]

    var waitSeconds: Double?
    var mode = UploadRequest.Mode.upsert
    var onError = UploadRequest.OnError.quarantine
    var delimiter: UInt8?
    var header: Bool?

    init(_ options: QueryOptions, limits: GatewayLimits) throws {
        waitSeconds = try options.seconds("wait", max: limits.waitSecondsMax)
        mode = try options.choice("mode", UploadRequest.Mode.self) ?? .upsert
        onError = try options.choice("onError", UploadRequest.OnError.self) ?? .quarantine
        header = try options.boolean("header")
        if let text = options["delimiter"] {
            guard let byte = Self.delimiter(text) else {
                throw options.invalid(
                    "delimiter", text, "one of `,` `;` `|` `tab` (`;` and `|` as %3B and %7C in a shell)")
            }
            delimiter = byte
        }
    }

    private static func delimiter(_ text: String) -> UInt8? {
        switch text {
        case ",": UInt8(ascii: ",")
        case ";": UInt8(ascii: ";")
        case "|": UInt8(ascii: "|")
        case "tab", "\\t", "\t": UInt8(ascii: "\t")
        default: nil
        }
    }
}
