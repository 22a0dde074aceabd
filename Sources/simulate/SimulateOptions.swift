import LakeSimulation

/// What the command line asks for.
struct SimulateOptions {
    var seeds: UInt64 = 1_000
    var from: UInt64 = 1
    var plant: Plant?
    /// Runs every seed a second time and compares.
    var isTwice = false
    var threads = 2

    static let usage = """
        simulate [--seeds N] [--from S] [--threads T] [--plant NAME] [--twice]
          --seeds N     how many seeds to run (1000)
          --from S      the first seed (1)
          --threads T   seeds that run at the same time (2)
          --plant NAME  put a defect in, and stop at the first seed that finds it:
                        \(Plant.allCases.map(\.rawValue).joined(separator: ", "))
          --twice       run each seed twice and fail when the runs differ
        """

    struct Refusal: Error, CustomStringConvertible { let description: String }

    init() {}

    init(_ arguments: some Sequence<String>) throws {
        var rest = Array(arguments)[...]
        func number(_ name: String) throws -> UInt64 {
            guard let text = rest.popFirst(), let value = UInt64(text) else {
                throw Refusal(description: "\(name) wants a number")
            }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--seeds": seeds = try number(argument)
            case "--from": from = try number(argument)
            case "--threads": threads = max(1, Int(try number(argument)))
            case "--twice": isTwice = true
            case "--plant":
                guard let name = rest.popFirst(), let plant = Plant(rawValue: name) else {
                    throw Refusal(description: "--plant wants one of the names below")
                }
                self.plant = plant
            default: throw Refusal(description: "there is no option \(argument)")
            }
        }
    }
}
