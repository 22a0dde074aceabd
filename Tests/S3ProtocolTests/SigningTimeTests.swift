import S3Protocol
import Testing

struct SigningTimeTests {
    @Test(arguments: [
        ("20130524T000000Z", 1_369_353_600), ("19700101T000000Z", 0), ("20240229T235959Z", 1_709_251_199),
    ])
    func `a time`(text: String, seconds: Int64) { #expect(SigningTime.seconds(text) == seconds) }

    @Test(arguments: ["", "20130524", "20130524T0000000", "20131324T000000Z", "2013-05-24T00:00Z", "20130524T250000Z"])
    func `no time`(text: String) { #expect(SigningTime.seconds(text) == nil) }

    @Test func `times are written as S3 does, and read back`() {
        #expect(SigningTime.iso(microseconds: 1_255_369_830_120_000) == "2009-10-12T17:50:30.120Z")
        #expect(SigningTime.http(microseconds: 1_255_369_830_000_000) == "Mon, 12 Oct 2009 17:50:30 GMT")
        for seconds in stride(from: Int64(0), to: 4_000_000_000, by: 86_399 * 37) {
            let text = SigningTime.http(microseconds: seconds * 1_000_000)
            #expect(SigningTime.seconds(http: text) == seconds, "\(text)")
        }
    }

    @Test(arguments: [
        ("2009-10-12T17:50:30Z", 1_255_369_830_000_000), ("2009-10-12T17:50:30.12Z", 1_255_369_830_120_000),
        ("2009-10-12T17:50:30.1234567Z", 1_255_369_830_123_456),
    ])
    func `a time of an answer is read to the microsecond`(text: String, microseconds: Int64) {
        #expect(SigningTime.microseconds(iso: text) == microseconds)
    }

    @Test(arguments: ["", "2009-10-12", "2009-10-12T17:50:30", "2009-10-12T17:50:30.Z", "2009-10-12T17:50:30.xZ"])
    func `another form is no time`(text: String) { #expect(SigningTime.microseconds(iso: text) == nil) }

    @Test func `the time of a signature is written as it is read`() {
        #expect(SigningTime.compact(seconds: 1_369_353_600) == "20130524T000000Z")
    }
}
