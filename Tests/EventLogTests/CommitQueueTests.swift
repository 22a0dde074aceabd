import Testing

@testable import EventLog

@Suite struct CommitQueueTests {
    @Test func `the first append starts the writer, those after it wait for its next batch`() {
        var queue = CommitQueue<Int>(pendingBytesMax: 1000)
        #expect(queue.enqueue(1, byteCount: 1) == .startWriter)
        #expect(queue.nextBatch() == [1])
        #expect(queue.enqueue(2, byteCount: 1) == .queued)
        #expect(queue.enqueue(3, byteCount: 1) == .queued)
        #expect(queue.nextBatch() == [2, 3])
        #expect(queue.nextBatch() == [])
        #expect(queue.enqueue(4, byteCount: 1) == .startWriter)
    }

    @Test func `a batch ends at its limits, and a single large append is one of its own`() {
        var queue = CommitQueue<Int>(pendingBytesMax: .max)
        let large = CommitQueue<Int>.batchBytesMax
        #expect(queue.enqueue(1, byteCount: large * 2) == .startWriter)
        #expect(queue.enqueue(2, byteCount: large / 2) == .queued)
        #expect(queue.enqueue(3, byteCount: large / 2) == .queued)
        #expect(queue.enqueue(4, byteCount: 1) == .queued)
        #expect(queue.nextBatch() == [1])
        #expect(queue.nextBatch() == [2, 3])
        #expect(queue.nextBatch() == [4])
        let most = CommitQueue<Int>.batchRequestsMax
        for index in 0...most { _ = queue.enqueue(index, byteCount: 0) }
        #expect(queue.nextBatch().count == most)
        #expect(queue.nextBatch() == [most])
    }

    @Test func `appends beyond the pending bytes are refused until some are taken`() {
        var queue = CommitQueue<Int>(pendingBytesMax: 10)
        #expect(queue.enqueue(1, byteCount: 50) == .startWriter)
        #expect(queue.enqueue(2, byteCount: 1) == .refused(pendingBytes: 50))
        #expect(queue.nextBatch() == [1])
        #expect(queue.enqueue(3, byteCount: 10) == .queued)
        #expect(queue.enqueue(4, byteCount: 1) == .refused(pendingBytes: 10))
    }

    @Test func `a closed queue takes nothing more and hands out what it has`() {
        var queue = CommitQueue<Int>(pendingBytesMax: 10)
        _ = queue.enqueue(1, byteCount: 1)
        queue.close()
        #expect(queue.enqueue(2, byteCount: 1) == .closed)
        #expect(queue.nextBatch() == [1])
        #expect(queue.nextBatch() == [])
    }
}
