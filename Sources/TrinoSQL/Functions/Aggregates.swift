/// An aggregation: the engine's call and what stands around it.
struct AggregateFunction: Sendable {
    enum Result: Sendable {
        case type(TrinoType)
        case same
        case array
        /// Whole numbers stay whole numbers of 64 bits; decimals get all digits.
        case sum
        case average
    }

    var engine: String
    var arguments: ClosedRange<Int>
    var result: Result

    init(_ engine: String, _ arguments: ClosedRange<Int>, _ result: Result) {
        self.engine = engine
        self.arguments = arguments
        self.result = result
    }
}

enum Aggregates {
    /// Those whose arguments must be brought into another form.
    static let special: Set<String> = [
        "approx_percentile", "listagg", "map_agg", "max_by", "min_by", "histogram", "count_if", "max", "min", "set_agg",
    ]

    static let all: [String: AggregateFunction] = [
        "count": .init("count", 0...1, .type(.bigint)), "sum": .init("sum", 1...1, .sum),
        "avg": .init("avg", 1...1, .average), "arbitrary": .init("any_value", 1...1, .same),
        "any_value": .init("any_value", 1...1, .same), "array_agg": .init("list", 1...1, .array),
        "approx_distinct": .init("approx_count_distinct", 1...2, .type(.bigint)),
        "bool_and": .init("bool_and", 1...1, .type(.boolean)), "every": .init("bool_and", 1...1, .type(.boolean)),
        "bool_or": .init("bool_or", 1...1, .type(.boolean)),
        "stddev": .init("stddev_samp", 1...1, .type(.double)),
        "stddev_samp": .init("stddev_samp", 1...1, .type(.double)),
        "stddev_pop": .init("stddev_pop", 1...1, .type(.double)),
        "variance": .init("var_samp", 1...1, .type(.double)), "var_samp": .init("var_samp", 1...1, .type(.double)),
        "var_pop": .init("var_pop", 1...1, .type(.double)), "corr": .init("corr", 2...2, .type(.double)),
        "covar_pop": .init("covar_pop", 2...2, .type(.double)),
        "covar_samp": .init("covar_samp", 2...2, .type(.double)),
        "regr_slope": .init("regr_slope", 2...2, .type(.double)),
        "regr_intercept": .init("regr_intercept", 2...2, .type(.double)),
        "skewness": .init("skewness", 1...1, .type(.double)),
        "geometric_mean": .init("geomean", 1...1, .type(.double)),
        "bitwise_and_agg": .init("bit_and", 1...1, .same), "bitwise_or_agg": .init("bit_or", 1...1, .same),
        "bitwise_xor_agg": .init("bit_xor", 1...1, .same),
    ]
}

/// Functions that are called with `OVER` alone.
enum WindowFunctions {
    enum Result: Sendable {
        case type(TrinoType)
        case same
    }

    static let all: [String: (arguments: ClosedRange<Int>, result: Result)] = [
        "row_number": (0...0, .type(.bigint)), "rank": (0...0, .type(.bigint)),
        "dense_rank": (0...0, .type(.bigint)), "percent_rank": (0...0, .type(.double)),
        "cume_dist": (0...0, .type(.double)), "ntile": (1...1, .type(.bigint)), "lag": (1...3, .same),
        "lead": (1...3, .same), "first_value": (1...1, .same), "last_value": (1...1, .same),
        "nth_value": (2...2, .same),
    ]
}
