import EventLog
import Testing

@testable import Ingestion

@Suite struct TopicPortionTests {
    private func place(_ offset: Int64, _ rows: Int64 = 0) -> AcceptedPosition {
        AcceptedPosition(incarnation: "log", offset: offset, rows: rows)
    }

    private func message(_ id: String, key: String? = nil) -> LogRecord {
        LogRecord(id: id, key: key.map { Array($0.utf8) }, payload: [])
    }

    @Test func `each message says where its portion begins`() {
        var portion = TopicPortion(from: place(4, 7))
        portion.add(message("a"))
        portion.add(message("b"))
        #expect(portion.messages.map { $0.headers[AcceptedPosition.header] } == ["log/4/7", "log/4/7"])
        portion.isOut(before: place(5))
        portion.add(message("c"))
        #expect(portion.messages.map { $0.headers[AcceptedPosition.header] } == ["log/5/0"])
    }

    @Test func `what is there is left out, and what is missing takes the later rows of its key along`() {
        var portion = TopicPortion(from: place(0), there: ["b", "c", "e"])
        for (id, key) in [("a", "1"), ("b", "1"), ("c", "2"), ("d", nil), ("e", "2"), ("f", "2")] {
            portion.add(message(id, key: key))
        }
        #expect(portion.messages.map(\.id) == ["a", "b", "d", "f"])
    }

    @Test func `a portion that is gone on with ends where it ended`() {
        let ids = (0..<TopicPortion.messagesMax).map(String.init)
        var portion = TopicPortion(from: place(0), there: Set(ids.dropLast()))
        for id in ids.dropLast() {
            portion.add(message(id))
            #expect(!portion.isFull)
        }
        #expect(portion.messages.isEmpty)
        portion.add(message(ids[ids.count - 1]))
        #expect(portion.isFull)
        #expect(portion.messages.map(\.id) == [ids[ids.count - 1]])
    }

    @Test func `places are told by record, then by row`() {
        #expect(place(1, 9).isBefore(place(2)))
        #expect(place(2, 1).isBefore(place(2, 2)))
        #expect(!place(2, 2).isBefore(place(2, 2)))
        #expect(AcceptedPosition(place(3, 4).text) == place(3, 4))
    }
}
