import LakeModel
package import ObjectStorage

/// What every ``ObjectStore`` promises.
package enum ObjectStoreConformance {
    package static let checks: [ConformanceCheck<any ObjectStore>] =
        [
            .init("an object comes back as it was put") { store in
                let bytes = [UInt8](0...255)
                try await store.put("a/b/c.bin", bytes: bytes, ifAbsent: true)
                try checkEqual(try await store.get("a/b/c.bin", bytesMax: 256), bytes)
                try checkEqual(try await store.info("a/b/c.bin")?.byteCount, 256)
                try await store.put("empty", bytes: [], ifAbsent: false)
                try checkEqual(try await store.get("empty", bytesMax: 0), [])
            },
            .init("put with ifAbsent keeps what is there, without it replaces") { store in
                try await store.put("k", bytes: [1], ifAbsent: true)
                try await checkThrows("object-exists") { try await store.put("k", bytes: [2], ifAbsent: true) }
                try checkEqual(try await store.get("k", bytesMax: 9), [1])
                try await store.put("k", bytes: [2, 3], ifAbsent: false)
                try checkEqual(try await store.get("k", bytesMax: 9), [2, 3])
            },
            .init("of many puts with ifAbsent exactly one wins") { store in
                let wins = await withTaskGroup(of: Bool.self) { group in
                    for index in 0..<16 {
                        group.addTask {
                            do {
                                try await store.put("race", bytes: [UInt8(index)], ifAbsent: true)
                                return true
                            } catch { return false }
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                try checkEqual(wins, 1)
            },
            .init("an absent object is object-missing, without info, and deleting it is no error") { store in
                try await checkThrows("object-missing") { _ = try await store.get("none", bytesMax: 1) }
                try await checkThrows("object-missing") { _ = try await store.open("none/below") }
                try checkEqual(try await store.info("none"), nil)
                try await store.delete("none/below")
            },
            .init("an object larger than asked for is object-too-large") { store in
                try await store.put("k", bytes: [1, 2, 3], ifAbsent: true)
                try await checkThrows("object-too-large") { _ = try await store.get("k", bytesMax: 2) }
            },
            .init("a deleted object is gone") { store in
                try await store.put("d/k", bytes: [1], ifAbsent: true)
                try await store.delete("d/k")
                try checkEqual(try await store.info("d/k"), nil)
                try await store.put("d/k", bytes: [2], ifAbsent: true)
            },
            .init("keys that are no plain paths are refused by every call") { store in
                let long = String(repeating: "x", count: 256)
                let manyParts = String(repeating: "abcdefg/", count: 128) + "a"
                for key in [
                    "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\0b", "a\nb", long, "a/\(long)", manyParts,
                    ".tmp/x",
                ] {
                    try await checkThrows("key-invalid") { try await store.put(key, bytes: [1], ifAbsent: false) }
                    try await checkThrows("key-invalid") { _ = try await store.get(key, bytesMax: 1) }
                    try await checkThrows("key-invalid") { _ = try await store.makeWriter(key) }
                    try await checkThrows("key-invalid") { try await store.delete(key) }
                }
                try await store.put("a..b/...c/hire_year=2021/é", bytes: [1], ifAbsent: true)
            },
        ] + writers + reads

    private static let writers: [ConformanceCheck<any ObjectStore>] = [
        .init("a writer's object is visible when it is finished, not before") { store in
            let writer = try await store.makeWriter("w/large")
            var expected: [UInt8] = []
            for index in 0..<50 {
                let piece = [UInt8](repeating: UInt8(index), count: index % 5 == 0 ? 300_000 : 77)
                unsafe try writer.write(piece.span.bytes)
                expected += piece
            }
            try checkEqual(try await store.info("w/large"), nil)
            try checkEqual(try await store.list(prefix: "", after: nil, limit: 10).count, 0)
            try check(try await writer.finish(as: nil, ifAbsent: false), "the writer's bytes are the object")
            try checkEqual(try await store.get("w/large", bytesMax: 10_000_000), expected)
        },
        .init("a writer learns its name at the end, and gives way to an object that is there") { store in
            for isFirst in [true, false] {
                let writer = try await store.makeWriter("w/draft")
                unsafe try writer.write([UInt8](isFirst ? [1] : [2]).span.bytes)
                try checkEqual(try await writer.finish(as: "w/named", ifAbsent: true), isFirst)
            }
            try checkEqual(try await store.get("w/named", bytesMax: 9), [1])
            try checkEqual(try await store.info("w/draft"), nil)
        },
        .init("an aborted or finished writer leaves nothing and takes nothing") { store in
            let writer = try await store.makeWriter("w/a")
            unsafe try writer.write([UInt8]([1]).span.bytes)
            await writer.abort()
            try await checkThrows("writer-closed") { unsafe try writer.write([UInt8]([1]).span.bytes) }
            try await checkThrows("writer-closed") { _ = try await writer.finish(as: nil, ifAbsent: false) }
            try checkEqual(try await store.list(prefix: "", after: nil, limit: 10).count, 0)
        },
    ]

    private static let reads: [ConformanceCheck<any ObjectStore>] = [
        .init("ranges are read from many tasks at once, and not past the end") { store in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try await store.put("r", bytes: bytes, ifAbsent: true)
            let source = try await store.open("r")
            try checkEqual(source.byteCount, bytes.count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for step in 0..<50 {
                            let offset = (task * 997 + step * 1501) % 90_000
                            try checkEqual(
                                try source.read(offset: offset, count: 500), Array(bytes[offset..<offset + 500]))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try checkEqual(try source.read(offset: bytes.count, count: 0), [])
            try await checkThrows("short-read") { _ = try source.read(offset: bytes.count - 1, count: 2) }
            try await checkThrows("short-read") { _ = try source.read(offset: -1, count: 1) }
        },
        .init("lists are in byte order of the keys and page without a gap") { store in
            let keys = ["a-", "a-b/1", "a/1", "a/b/2", "a/b0", "a0", "b/ä", "b/z", "B"]
            for key in keys { try await store.put(key, bytes: [1], ifAbsent: true) }
            let sorted = keys.sorted(by: ObjectKey.precedes)
            for size in 1...4 {
                var found: [String] = []
                while true {
                    let page = try await store.list(prefix: "", after: found.last, limit: size)
                    try check(page.count <= size, "a page of \(page.count) where \(size) were asked for")
                    if page.isEmpty { break }
                    found += page.map(\.key)
                }
                try checkEqual(found, sorted)
            }
            let below = try await store.list(prefix: "a/", after: nil, limit: 9).map(\.key)
            try checkEqual(below, ["a/1", "a/b/2", "a/b0"])
            let partial = try await store.list(prefix: "a/b", after: "a/b/2", limit: 9).map(\.key)
            try checkEqual(partial, ["a/b0"])
            try checkEqual(try await store.list(prefix: "none/", after: nil, limit: 9).count, 0)
        },
    ]
}
