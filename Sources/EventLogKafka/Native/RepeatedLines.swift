/// Lets lines through that are new, and the same again once in a while: a client that can't connect tries many times a second and
/// has the same to say each time. A state machine with the clock handed in.
struct RepeatedLines: Sendable {
    /// Milliseconds between two lines that say the same.
    static let pauseMilliseconds: Int64 = 30_000
    /// Lines that are remembered.
    static let linesMax = 64

    private struct Line {
        var toldMilliseconds: Int64
        var leftOut = 0
    }

    private var lines: [Substring: Line] = [:]

    /// - Returns: `nil` for a line to leave out, else how many of its kind were left out since the last.
    mutating func admit(_ text: String, now: Int64) -> Int? {
        let core = Self.core(text)
        if var line = lines[core], now < line.toldMilliseconds + Self.pauseMilliseconds {
            line.leftOut += 1
            lines[core] = line
            return nil
        }
        let leftOut = lines[core]?.leftOut ?? 0
        if lines.count >= Self.linesMax {
            lines = lines.filter { now < $0.value.toldMilliseconds + Self.pauseMilliseconds }
            if lines.count >= Self.linesMax { lines = [:] }
        }
        lines[core] = Line(toldMilliseconds: now)
        return leftOut
    }

    /// What a line says, without the thread's name before it and the time in a state behind it.
    private static func core(_ text: String) -> Substring {
        var core = text[...]
        if core.hasPrefix("[thrd:"), let end = core.firstRange(of: "]: ") { core = core[end.upperBound...] }
        if let tail = core.firstRange(of: " (after ") { core = core[..<tail.lowerBound] }
        return core
    }
}
