import ArgumentParser
import Foundation
import LakeModel

/// `dipper model`: prints the built-in model, or checks a file.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Print the built-in model as a start for your own, or check a model file.")

    @Argument(help: "A model file to check.")
    var file: String?

    func run() throws {
        guard let file else { return Console.line(HiringModel.yaml) }
        let model = try ModelFile.parse(String(contentsOfFile: file, encoding: .utf8), source: file)
        Console.line("\(file): \(model.tables.count) tables, \(model.analytics.count) analytics; it is well")
    }
}
