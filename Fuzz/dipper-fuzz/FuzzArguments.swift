import Fuzzing

/// `dipper-fuzz TARGET… [--seconds N] [--seed S] [--first I] [--count N]`.
struct FuzzArguments {
    static let usage = """
        usage: dipper-fuzz TARGET... [--seconds N] [--seed S] [--first I] [--count N]
               dipper-fuzz records FILE [--delimiter C] [--quote C] [--names JSON] [--skip N] [--header N]
        targets: all, \(FuzzTargets.names.joined(separator: ", "))
        """

    var targets: [String] = []
    /// For each target.
    var seconds = 10.0
    var seed = UInt64.random(in: 0...UInt64.max)
    var first = 0
    var iterationsMax = Int.max

    /// `nil` for arguments that are none.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                targets.append(argument)
                continue
            }
            guard let text = rest.popFirst() else { return nil }
            switch argument {
            case "--seconds":
                guard let value = Double(text) else { return nil }
                seconds = value
            case "--seed":
                guard let value = UInt64(text) else { return nil }
                seed = value
            case "--first":
                guard let value = Int(text) else { return nil }
                first = value
            case "--count":
                guard let value = Int(text) else { return nil }
                iterationsMax = value
            default: return nil
            }
        }
        if targets == ["all"] { targets = FuzzTargets.names }
        if targets.isEmpty || !targets.allSatisfy(FuzzTargets.names.contains) { return nil }
    }
}
