@testable import EventLogKafka
import Testing

@Suite struct RepeatedLinesTests {
    @Test func `the same is told once in a while, whichever thread says it and when`() {
        var lines = RepeatedLines()
        #expect(lines.admit("[thrd:a]: broker: no (after 3ms in state DOWN)", now: 0) == 0)
        #expect(lines.admit("broker: no (after 4ms in state UP)", now: 10) == nil)
        #expect(lines.admit("broker: yes", now: 20) == 0)
        #expect(lines.admit("broker: no", now: 29_999) == nil)
        #expect(lines.admit("broker: no", now: 30_000) == 2)
        #expect(lines.admit("broker: no", now: 30_001) == nil)
    }

    @Test func `many different lines take no more room than is named`() {
        var lines = RepeatedLines()
        for index in 0..<10_000 { #expect(lines.admit("line \(index)", now: Int64(index)) == 0) }
        #expect(lines.admit("line 9999", now: 10_000) == nil)
    }
}
