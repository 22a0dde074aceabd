import Ingestion
import LakeModel
import Testing

@testable import dipper

@Suite struct BenchTests {
    @Test(arguments: BenchVariant.allCases)
    func `each variant has a model that its keys fit`(variant: BenchVariant) throws {
        let model = try ModelFile.parse(variant.model, source: "the variant's model")
        let employees = try #require(model.table(named: "hired_employees"))
        #expect(employees.columns.first?.type == (variant == .stringKeys ? .string : .long))
        var options = SampleOptions(rows: 10, seed: 1)
        variant.apply(to: &options)
        #expect(options.stringKeys == (variant == .stringKeys))
    }

    @Test func `stages add up to the load's processor time`() {
        var report = BenchReport(
            file: "f", csvBytes: 1, rows: JobReceipt.Rows(), wallSeconds: 1, cpuSeconds: 4, rowsPerCPUSecond: 1,
            peakResidentBytes: 1, outputBytes: 1, stages: [])
        report.setStages([.scan: 1, .compress: 2])
        #expect(report.stages.map(\.name) == LoadStage.allCases.map(\.name) + ["other"])
        #expect(report.stages.reduce(0) { $0 + $1.cpuSeconds } == 4)
        #expect(report.stages.last?.cpuSeconds == 1)
        #expect(report.stages.first { $0.name == "compress" }?.share == 0.5)
    }
}
