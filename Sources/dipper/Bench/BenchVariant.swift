import ArgumentParser
import LakeModel

/// Which keys a benchmark's sample has.
enum BenchVariant: String, CaseIterable, ExpressibleByArgument {
    /// 1, 2, 3 …
    case ordered
    /// The same in a random order.
    case shuffled
    /// Random whole numbers of 63 bits.
    case wideIds = "wide-ids"
    /// Texts such as `E-1`, in order.
    case stringKeys = "string-keys"

    func apply(to options: inout SampleOptions) {
        options.shuffleIDs = self == .shuffled || self == .wideIds
        options.wideIDs = self == .wideIds
        options.stringKeys = self == .stringKeys
    }

    /// The model that such a sample is loaded with.
    var model: String {
        guard self == .stringKeys else { return HiringModel.yaml }
        return HiringModel.yaml.replacing("{name: id, type: long}", with: "{name: id, type: string}")
    }
}
