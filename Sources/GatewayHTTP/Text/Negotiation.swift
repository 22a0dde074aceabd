import MultipartForm

/// Chooses the form of an answer by the `Accept` header (RFC 9110, section 12.5.1).
enum Negotiation {
    /// The best of `offers`, the earlier one on a tie; `nil` when none is acceptable. No header accepts the first.
    static func best(of offers: [String], accept: String?) -> String? {
        guard let accept, !accept.allSatisfy({ $0 == " " }) else { return offers.first }
        let ranges = accept.split(separator: ",").compactMap { Range(String($0)) }
        var best: (offer: String, quality: Double)?
        for offer in offers {
            let matches = ranges.filter { $0.matches(offer) }
            guard let range = matches.max(by: { $0.specificity < $1.specificity }), range.quality > 0 else { continue }
            if range.quality > best?.quality ?? 0 { best = (offer, range.quality) }
        }
        return best?.offer
    }

    private struct Range {
        let type: String
        let quality: Double

        init?(_ text: String) {
            guard let header = HeaderParameters(text) else { return nil }
            type = header.value
            quality = header.parameters["q"].map { min(max(Double($0) ?? 0, 0), 1) } ?? 1
        }

        var specificity: Int { type == "*/*" ? 0 : type.hasSuffix("/*") ? 1 : 2 }

        func matches(_ offer: String) -> Bool {
            type == "*/*" || type == offer || (type.hasSuffix("/*") && offer.hasPrefix(type.dropLast()))
        }
    }
}
