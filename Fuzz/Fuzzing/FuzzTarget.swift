/// Something that is fuzzed: makes an input from random numbers, feeds it to our code and checks what must hold.
package protocol FuzzTarget {
    static var name: String { get }

    init()

    /// One input.
    /// - Throws: ``FuzzFailure`` when something does not hold.
    mutating func runOnce(_ random: inout FuzzRandom) throws
}

/// What did not hold, and for which input.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let message: String
    package let input: [UInt8]

    package init(_ message: String, input: [UInt8]) {
        self.message = message
        self.input = input
    }

    /// Bytes of the input to show.
    private static let shownBytesMax = 2048

    package var description: String {
        let shown = input.prefix(Self.shownBytesMax)
        let text = String(decoding: shown, as: UTF8.self).debugDescription
        return "\(message)\n  input of \(input.count) bytes: \(text)"
    }
}

/// Throws unless `condition` holds.
package func require(
    _ condition: Bool, _ message: @autoclosure () -> String, _ input: @autoclosure () -> [UInt8]
) throws {
    if !condition { throw FuzzFailure(message(), input: input()) }
}
