/// Reads the engine's error texts: the kind, then JSON with the message and its place (`errors_as_json`).
enum EngineMessage {
    static func error(_ text: String?) -> WireError {
        let text = text ?? "the engine gave no reason"
        guard let start = text.firstIndex(of: "{"),
            let tree = try? JSONTree.parse(Array(text[start...].utf8)), let message = tree["exception_message"]?.text
        else {
            let kind = text.split(separator: ":", maxSplits: 1).first.map { String($0).replacing(" Error", with: "") }
            return make(kind: kind ?? "", message: text, byteOffset: nil)
        }
        return make(
            kind: tree["exception_type"]?.text ?? "", message: message,
            byteOffset: tree["position"]?.text.flatMap { Int($0) })
    }

    private static func make(kind: String, message: String, byteOffset: Int?) -> WireError {
        switch kind {
        case "Parser", "Syntax":
            WireError(
                code: "sql-syntax", message: message, remedy: "correct the statement; the dialect is DuckDB's",
                byteOffset: byteOffset)
        case "Permission":
            WireError(
                code: "sql-refused", message: message, remedy: "read the lake's tables with one SELECT",
                byteOffset: byteOffset)
        case "Out of Memory":
            WireError(
                code: "query-memory", message: message,
                remedy: "ask for less at once, or raise the engine's memory limit")
        case "INTERNAL", "FATAL", "Fatal", "Internal":
            WireError(code: "engine-crashed", message: message, isRetryable: true)
        case "IO", "HTTP":
            WireError(
                code: "data-unreadable", message: message,
                remedy: "run the query again; if that fails too, check the table's files", isRetryable: true)
        default:
            if message.contains("Unsupported compression codec") {
                WireError(
                    code: "format-unsupported", message: message,
                    remedy:
                        "set write.parquet.compression-codec of the table to zstd, snappy or gzip, and rewrite its data files"
                )
            } else {
                WireError(
                    code: "sql-invalid", message: message,
                    remedy: "correct the statement; GET /api/v2/tables/{table} tells a table's columns",
                    byteOffset: byteOffset)
            }
        }
    }
}
