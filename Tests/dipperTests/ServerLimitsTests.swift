import GatewayHTTP
import Ingestion
import LakeModel
import Testing

@testable import dipper

@Suite struct ServerLimitsTests {
    @Test func `a file sets the limits that it names and no others`() throws {
        let limits = try ServerLimits(
            text: "limits:\n  batchRowsMax: 5000 # rows\n  logKeepSeconds: 3600\n", source: "c.yaml")
        #expect(limits.ingestion.batchRowsMax == 5_000)
        #expect(limits.ingestion.logKeepSeconds == 3_600)
        let defaults = ServerLimits()
        for name in ServerLimits.names
        where !["batchRowsMax", "logKeepSeconds"].contains(name) && name != "uploadBytesMax" {
            #expect(limits[name] == defaults[name], "\(name)")
        }
    }

    @Test func `each name sets a limit of its own`() throws {
        for name in ServerLimits.names {
            let limits = try ServerLimits(text: "limits: {\(name): 7}", source: "c.yaml")
            #expect(ServerLimits.names.filter { limits[$0] == 7 && ServerLimits()[$0] != 7 } == [name])
        }
    }

    @Test func `a limit that gateway and ingestion share is set for both`() throws {
        let limits = try ServerLimits(text: "limits: {uploadBytesMax: 123, batchBytesMax: 45}", source: "c.yaml")
        #expect(limits.ingestion.uploadBytesMax == 123 && limits.gateway.uploadBytesMax == 123)
        #expect(limits.ingestion.batchBytesMax == 45 && limits.gateway.batchBytesMax == 45)
    }

    @Test(arguments: ["", "# nothing\n", "limits: {}"]) func `an empty file sets nothing`(_ text: String) throws {
        let limits = try ServerLimits(text: text, source: "c.yaml")
        #expect(limits.ingestion == ServerLimits().ingestion && limits.gateway == ServerLimits().gateway)
    }

    @Test(
        arguments: [
            ("limits:\n  batchRows: 5\n", "model-key-unknown", 2), ("limits:\n  batchRowsMax: 0\n", "limit-invalid", 2),
            ("limits:\n  batchRowsMax: many\n", "model-type", 2), ("listen: 80\n", "model-key-unknown", 1),
            ("limits:\n  jsonDepthMax: 1\n  jsonDepthMax: 2\n", "configuration-syntax", nil),
            ("limits: [", "configuration-syntax", nil),
        ] as [(String, String, Int?)])
    func `what a file must not hold is told with its line`(_ text: String, _ code: String, _ line: Int?) throws {
        let error = try #require(throws: ModelError.self) { try ServerLimits(text: text, source: "c.yaml") }
        #expect(error.code == code)
        #expect(error.place?.source == "c.yaml" && error.place?.line == line)
    }
}
