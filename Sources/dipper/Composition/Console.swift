import Foundation

/// Text for people on a terminal, and JSON for machines.
enum Console {
    static func line(_ text: String) { write(text + "\n", to: FileHandle.standardOutput) }

    static func fail(_ text: String) { write(text + "\n", to: FileHandle.standardError) }

    static func status(_ text: String) { write(text, to: FileHandle.standardError) }

    /// Whether progress is worth drawing.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that has gone away (`| head`) is no error of ours.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Columns under their names, padded.
    static func table(_ header: [String], _ rows: [[String]]) {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        for row in [header] + rows {
            let cells = row.enumerated().map { $1.padding(toLength: widths[$0], withPad: " ", startingAt: 0) }
            var text = cells.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            line(text)
        }
    }
}
