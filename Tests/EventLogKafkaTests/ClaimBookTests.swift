@testable import EventLogKafka
import Testing

@Suite struct ClaimBookTests {
    private func reservation(_ key: String, _ holder: String, digest: String = "d") -> ClaimBook.Event {
        .reserve(
            ClaimBook.Reservation(
                key: key, digest: digest, holder: holder, topic: "t", ids: ["id-\(holder)"], from: [0],
                leaseMilliseconds: 100))
    }

    @Test func `the first who reaches for a key has it`() {
        var book = ClaimBook(windowSeconds: 1)
        book.apply(reservation("k", "a"), at: 0)
        book.apply(reservation("k", "b"), at: 1)
        #expect(book.claim(of: "k", holder: "a") != nil)
        #expect(book.claim(of: "k", holder: "b") == nil)
        #expect(book.verdict(key: "k", digest: "other", nowMilliseconds: 2) == .conflict)
        guard case .held(let claim, 100) = book.verdict(key: "k", digest: "d", nowMilliseconds: 2) else {
            Issue.record("it is held")
            return
        }
        #expect(claim.holder == "a")
    }

    @Test func `a holder that says nothing is followed by another, with the first one's ids`() {
        var book = ClaimBook(windowSeconds: 10)
        book.apply(reservation("k", "a"), at: 0)
        guard case .abandoned = book.verdict(key: "k", digest: "d", nowMilliseconds: 101) else {
            Issue.record("its lease has ended")
            return
        }
        book.apply(reservation("k", "early"), at: 100)
        #expect(book.claim(of: "k", holder: "early") == nil)
        book.apply(reservation("k", "b", digest: "other"), at: 101)
        #expect(book.claim(of: "k", holder: "b") == nil)
        book.apply(reservation("k", "c"), at: 101)
        let claim = book.claim(of: "k", holder: "c")
        #expect(claim?.isTakenOver == true)
        #expect(claim?.reservation.ids == ["id-a"])
        // The first one was only slow: what it appended is what the key brought.
        book.apply(.done(key: "k", holder: "a", places: [ClaimBook.Place(partition: 0, offset: 7)]), at: 102)
        guard case .done(let done) = book.verdict(key: "k", digest: "d", nowMilliseconds: 103) else {
            Issue.record("it is done")
            return
        }
        #expect(done.places == [ClaimBook.Place(partition: 0, offset: 7)])
    }

    @Test func `a key that was given back is free, and only its holder gives it back`() {
        var book = ClaimBook(windowSeconds: 10)
        book.apply(reservation("k", "a"), at: 0)
        book.apply(.release(key: "k", holder: "b"), at: 1)
        #expect(book.claim(of: "k", holder: "a") != nil)
        book.apply(.release(key: "k", holder: "a"), at: 2)
        #expect(book.verdict(key: "k", digest: "d", nowMilliseconds: 3) == .free)
    }

    @Test func `a key is free again after its window`() {
        var book = ClaimBook(windowSeconds: 1)
        book.apply(reservation("k", "a"), at: 0)
        book.apply(.done(key: "k", holder: "a", places: []), at: 1)
        #expect(book.verdict(key: "k", digest: "other", nowMilliseconds: 999) == .conflict)
        #expect(book.verdict(key: "k", digest: "other", nowMilliseconds: 1_000) == .free)
        book.apply(reservation("k", "b", digest: "other"), at: 1_000)
        #expect(book.claim(of: "k", holder: "b") != nil)
    }

    @Test func `beyond its limit the oldest keys are forgotten`() {
        var book = ClaimBook(windowSeconds: 100, claimsMax: 10)
        for index in 0..<5_000 { book.apply(reservation("k\(index)", "a"), at: Int64(index)) }
        #expect(book.count == 10)
        #expect(book.claim(of: "k4999", holder: "a") != nil)
        #expect(book.claim(of: "k4989", holder: "a") == nil)
    }

    @Test func `lines come back as they were written, and foreign ones are passed over`() throws {
        let events = [
            reservation("k\u{1}é", "a"), .release(key: "k", holder: "h"),
            .done(key: "k", holder: "h", places: [ClaimBook.Place(partition: 2, offset: 1 << 40)]),
        ]
        for event in events { #expect(ClaimCoding.event(try ClaimCoding.bytes(event)) == event) }
        for text in [
            "", "{}", "[1]", "{\"op\":\"later\",\"key\":\"k\",\"holder\":\"h\"}",
            "{\"op\":\"reserve\",\"key\":\"k\",\"holder\":\"h\"}",
        ] {
            #expect(ClaimCoding.event(Array(text.utf8)) == nil)
        }
    }
}
