import ByteKernels
import Foundation
import Testing

@Suite struct SHA256StreamTests {
    private func hex(_ bytes: [UInt8], isPortable: Bool = false) -> String {
        var stream = SHA256Stream(isPortable: isPortable)
        stream.update(bytes)
        return SHA256Stream.hex(stream.finish())
    }

    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `known texts have their known digests`(_ text: String, _ digest: String) {
        #expect(hex(Array(text.utf8)) == digest)
        #expect(hex(Array(text.utf8), isPortable: true) == digest)
    }

    @Test func `a million letters have their known digest`() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(hex(bytes) == digest)
        #expect(hex(bytes, isPortable: true) == digest)
    }

    @Test func `pieces of any size make the digest of the whole`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
        let whole = hex(bytes)
        for piece in 1...bytes.count {
            var stream = SHA256Stream()
            for start in stride(from: 0, to: bytes.count, by: piece) {
                stream.update(Array(bytes[start..<min(bytes.count, start + piece)]))
            }
            #expect(SHA256Stream.hex(stream.finish()) == whole, "pieces of \(piece)")
        }
    }

    @Test func `a finished stream is as new`() {
        var stream = SHA256Stream()
        stream.update(Array("something else".utf8))
        _ = stream.finish()
        stream.update(Array("abc".utf8))
        #expect(SHA256Stream.hex(stream.finish()) == hex(Array("abc".utf8)))
    }

    /// Every length around the block boundaries, against Python's hashlib.
    @Test func `lengths from 0 to 260 agree with hashlib`() throws {
        let script = """
            import hashlib
            for n in range(261):
                print(hashlib.sha256(bytes((i * 31 + n) & 255 for i in range(n))).hexdigest())
            """
        let digests = try Python.run(script).split(separator: "\n").map(String.init)
        try #require(digests.count == 261)
        for count in 0...260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + count) }
            #expect(hex(bytes) == digests[count], "\(count) bytes")
            #expect(hex(bytes, isPortable: true) == digests[count], "\(count) bytes")
        }
    }
}

/// Another implementation to compare with.
enum Python {
    /// Runs `script` and returns what it prints.
    static func run(_ script: String, arguments: [String] = []) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self)
    }
}
