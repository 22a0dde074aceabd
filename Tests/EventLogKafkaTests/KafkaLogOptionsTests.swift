import EventLog
@testable import EventLogKafka
import LakeModel
import Testing

@Suite struct KafkaLogOptionsTests {
    @Test func `an address names brokers and options`() throws {
        let options = try KafkaLogOptions(
            "kafka://a:9092,b.example:9093/?prefix=lake.&partitions=3&replication=2&minInSync=2&recordBytes=1048576")
        #expect(options.brokers == "a:9092,b.example:9093")
        #expect(options.topicName("jobs") == "lake.jobs")
        #expect(options.partitions == 3)
        #expect(options.topicSettings["min.insync.replicas"] == "2")
        #expect(options.topicSettings["retention.ms"] == "-1")
        #expect(options.producerProperties["acks"] == "all")
    }

    @Test func `topics for others have partitions and retention of their own`() throws {
        let options = try KafkaLogOptions("kafka://a:9092?derivedPartitions=6&acceptedSeconds=3600")
        for topic in ["jobs.accepted", "jobs.rejected"] {
            #expect(options.partitions(of: topic) == 6)
            #expect(options.settings(of: topic)["retention.ms"] == "3600000")
        }
        #expect(options.partitions(of: "jobs") == 1)
        #expect(options.settings(of: "jobs")["retention.ms"] == "-1")
        #expect(try KafkaLogOptions("kafka://a:9092").partitions(of: "jobs.accepted") == 1)
    }

    @Test(arguments: [
        "", "localhost:9092", "kafka://", "kafka://a", "kafka://a:x", "kafka://a:1,", "kafka://user:pw@a:1",
        "kafka://a:1?partitions=0", "kafka://a:1?derivedPartitions=0", "kafka://a:1?nothing=1",
        "kafka://a:1?prefix=a/b",
        "kafka://a:1?recordBytes=9999999999",
    ])
    func `what is no address is refused`(text: String) {
        let error = #expect(throws: EventLogError.self) { _ = try KafkaLogOptions(text) }
        #expect(error?.code == "log-option-invalid" || error?.code == "topic-invalid")
    }

    @Test func `a file holds the address and properties, secrets among them`() throws {
        let options = try KafkaLogOptions(
            file: """
                # the log
                kafka://a:9092?prefix=x.

                security.protocol = SASL_SSL
                sasl.password=p=q
                linger.ms=20
                """, source: "log.conf")
        #expect(options.prefix == "x.")
        #expect(options.producerProperties["sasl.password"] == "p=q")
        #expect(options.consumerProperties["security.protocol"] == "SASL_SSL")
        #expect(options.producerProperties["linger.ms"] == "20")
    }

    @Test(arguments: ["acks=1", "enable.idempotence=false", "auto.offset.reset=earliest", "=x", "word"])
    func `properties that promises rest on are not to be set`(line: String) {
        #expect(throws: EventLogError.self) {
            _ = try KafkaLogOptions(file: "kafka://a:9092\n\(line)\n", source: "log.conf")
        }
    }

    @Test func `a refused property is told without its value`() async {
        var options = KafkaLogOptions(brokers: "127.0.0.1:1")
        options.properties = ["linger.ms": "secret"]
        let error = await #expect(throws: EventLogError.self) {
            _ = try await KafkaEventLog(options, logger: TestBroker.logger)
        }
        #expect(error?.code == "log-option-invalid")
        #expect(error?.description.contains("secret") == false)
    }
}
