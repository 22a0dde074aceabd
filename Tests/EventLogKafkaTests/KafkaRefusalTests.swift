import EventLog
@testable import EventLogKafka
import Testing

@Suite struct KafkaRefusalTests {
    // librdkafka's own codes.
    private static let messageTimedOut: Int32 = -192
    private static let authentication: Int32 = -169
    private static let tls: Int32 = -181
    private static let queueFull: Int32 = -184

    @Test func `a silence is explained by what the connection said, and other faults are left`() {
        let silence = KafkaFault(code: Self.messageTimedOut)
        let refusal = KafkaFault(code: Self.authentication, text: "who are you")
        let told = silence.explained(by: refusal).refusal("writing")
        #expect(told.code == "log-unreachable")
        #expect(told.isRetryable)
        #expect(told.message.contains("who are you"))
        #expect(told.remedy?.contains("sasl") == true)
        #expect(refusal.refusal("starting").code == "log-refused")
        #expect(refusal.refusal("starting").remedy?.contains("sasl.password") == true)
        #expect(KafkaFault(code: Self.tls).refusal("starting").remedy?.contains("ssl.ca.location") == true)
        #expect(silence.refusal("writing").remedy?.contains("sasl") == false)
        let full = KafkaFault(code: Self.queueFull)
        #expect(full.explained(by: refusal) == full)
    }
}
