/// A scalar function that needs no more than its arguments' text.
struct SimpleFunction: Sendable {
    enum Result: Sendable {
        case type(TrinoType)
        /// The first argument's type.
        case same
        /// The type that all arguments meet in.
        case common
        /// The element type of the first argument.
        case element
    }

    /// By the number of arguments; `$1` to `$9` stand for them.
    var templates: [Int: String]
    var result: Result

    init(_ templates: [Int: String], _ result: Result) {
        self.templates = templates
        self.result = result
    }

    /// With as many arguments as the template names.
    init(_ template: String, _ result: Result) {
        var count = 0
        while template.contains("$\(count + 1)") { count += 1 }
        self.init([count: template], result)
    }

    static func fill(_ template: String, _ arguments: [String]) -> String {
        var text = ""
        var rest = template[...]
        while let mark = rest.firstIndex(of: "$") {
            text += rest[..<mark]
            rest = rest[rest.index(after: mark)...]
            if let digit = rest.first?.wholeNumberValue, arguments.indices.contains(digit - 1) {
                text += arguments[digit - 1]
                rest = rest.dropFirst()
            } else {
                text += "$"
            }
        }
        return text + rest
    }

    static let all: [String: SimpleFunction] = [text, numbers, moments, collections, other].reduce(into: [:]) {
        $0.merge($1) { first, _ in first }
    }

    private static let text: [String: SimpleFunction] = [
        "lower": .init("lower($1)", .same), "upper": .init("upper($1)", .same),
        "reverse": .init("reverse($1)", .same), "length": .init("CAST(length($1) AS BIGINT)", .type(.bigint)),
        "trim": .init([1: "trim($1)", 2: "trim($1, $2)"], .type(.varchar)),
        "ltrim": .init([1: "ltrim($1)", 2: "ltrim($1, $2)"], .type(.varchar)),
        "rtrim": .init([1: "rtrim($1)", 2: "rtrim($1, $2)"], .type(.varchar)),
        "substr": .init(
            [
                2: "(CASE WHEN $2 = 0 THEN '' ELSE substr($1, $2) END)",
                3: "(CASE WHEN $2 = 0 THEN '' ELSE substr($1, $2, $3) END)",
            ], .type(.varchar)),
        "strpos": .init("CAST(strpos($1, $2) AS BIGINT)", .type(.bigint)),
        "replace": .init([2: "replace($1, $2, '')", 3: "replace($1, $2, $3)"], .type(.varchar)),
        "split": .init("string_split($1, $2)", .type(.array(.varchar))),
        "split_part": .init("list_extract(string_split($1, $2), $3)", .type(.varchar)),
        "lpad": .init("lpad($1, CAST($2 AS INTEGER), $3)", .type(.varchar)),
        "rpad": .init("rpad($1, CAST($2 AS INTEGER), $3)", .type(.varchar)),
        "starts_with": .init("starts_with($1, $2)", .type(.boolean)),
        "ends_with": .init("ends_with($1, $2)", .type(.boolean)),
        "translate": .init("translate($1, $2, $3)", .type(.varchar)),
        "chr": .init("chr(CAST($1 AS INTEGER))", .type(.varchar(length: 1))),
        "codepoint": .init("unicode($1)", .type(.integer)),
        "levenshtein_distance": .init("levenshtein($1, $2)", .type(.bigint)),
        "hamming_distance": .init("hamming($1, $2)", .type(.bigint)),
        "split_to_map": .init(
            "map_from_entries(list_transform(string_split($1, $2), lambda \"_e\": "
                + "row(list_extract(string_split(\"_e\", $3), 1), list_extract(string_split(\"_e\", $3), 2))))",
            .type(.map(.varchar, .varchar))),
        "to_utf8": .init("encode($1)", .type(.varbinary)), "from_utf8": .init("decode($1)", .type(.varchar)),
        "to_hex": .init("hex($1)", .type(.varchar)), "from_hex": .init("unhex($1)", .type(.varbinary)),
        "to_base64": .init("to_base64($1)", .type(.varchar)),
        "from_base64": .init("from_base64($1)", .type(.varbinary)),
        "md5": .init("unhex(md5($1))", .type(.varbinary)), "sha1": .init("unhex(sha1($1))", .type(.varbinary)),
        "sha256": .init("unhex(sha256($1))", .type(.varbinary)),
        "url_encode": .init("url_encode($1)", .type(.varchar)), "url_decode": .init("url_decode($1)", .type(.varchar)),
        "regexp_like": .init("regexp_matches($1, $2)", .type(.boolean)),
        "regexp_extract": .init(
            [
                2: "(CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END)",
                3: "(CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, $3) END)",
            ], .type(.varchar)),
        "regexp_extract_all": .init(
            [2: "regexp_extract_all($1, $2)", 3: "regexp_extract_all($1, $2, $3)"], .type(.array(.varchar))),
        "regexp_split": .init("string_split_regex($1, $2)", .type(.array(.varchar))),
        "regexp_count": .init("len(regexp_extract_all($1, $2))", .type(.bigint)),
    ]

    private static let numbers: [String: SimpleFunction] = [
        "abs": .init("abs($1)", .same), "sign": .init("CAST(sign($1) AS DOUBLE)", .type(.double)),
        "sqrt": .init("sqrt(CAST($1 AS DOUBLE))", .type(.double)), "cbrt": .init("cbrt($1)", .type(.double)),
        "exp": .init("exp($1)", .type(.double)), "ln": .init("ln($1)", .type(.double)),
        "log2": .init("log2($1)", .type(.double)), "log10": .init("log10($1)", .type(.double)),
        "log": .init("log($1, $2)", .type(.double)),
        "power": .init("power(CAST($1 AS DOUBLE), CAST($2 AS DOUBLE))", .type(.double)),
        "pow": .init("power(CAST($1 AS DOUBLE), CAST($2 AS DOUBLE))", .type(.double)),
        "sin": .init("sin($1)", .type(.double)), "cos": .init("cos($1)", .type(.double)),
        "tan": .init("tan($1)", .type(.double)), "asin": .init("asin($1)", .type(.double)),
        "acos": .init("acos($1)", .type(.double)), "atan": .init("atan($1)", .type(.double)),
        "atan2": .init("atan2($1, $2)", .type(.double)), "sinh": .init("sinh($1)", .type(.double)),
        "cosh": .init("cosh($1)", .type(.double)), "tanh": .init("tanh($1)", .type(.double)),
        "degrees": .init("degrees($1)", .type(.double)), "radians": .init("radians($1)", .type(.double)),
        "pi": .init("pi()", .type(.double)), "e": .init("exp(1)", .type(.double)),
        "nan": .init("CAST('nan' AS DOUBLE)", .type(.double)),
        "infinity": .init("CAST('infinity' AS DOUBLE)", .type(.double)),
        "is_nan": .init("isnan($1)", .type(.boolean)), "is_finite": .init("isfinite($1)", .type(.boolean)),
        "is_infinite": .init("isinf($1)", .type(.boolean)),
        "random": .init([0: "random()", 1: "CAST(floor(random() * $1) AS BIGINT)"], .type(.double)),
        "rand": .init("random()", .type(.double)),
        "bitwise_and": .init("CAST(($1 & $2) AS BIGINT)", .type(.bigint)),
        "bitwise_or": .init("CAST(($1 | $2) AS BIGINT)", .type(.bigint)),
        "bitwise_xor": .init("CAST(xor($1, $2) AS BIGINT)", .type(.bigint)),
        "bitwise_not": .init("CAST((~ $1) AS BIGINT)", .type(.bigint)),
        "bit_count": .init("CAST(bit_count(CAST($1 AS BIGINT)) AS BIGINT)", .type(.bigint)),
        "to_base": .init("lower(to_base($1, CAST($2 AS INTEGER)))", .type(.varchar)),
    ]

    private static let moments: [String: SimpleFunction] = [
        "now": .init("now()", .type(.timestampWithZone(precision: 3))),
        "current_timezone": .init("'UTC'", .type(.varchar)),
        "date": .init("CAST($1 AS DATE)", .type(.date)),
        "last_day_of_month": .init("last_day($1)", .type(.date)),
        "from_unixtime": .init(
            [1: "to_timestamp(CAST($1 AS DOUBLE))", 2: "to_timestamp(CAST($1 AS DOUBLE))"],
            .type(.timestampWithZone(precision: 3))),
        "from_iso8601_timestamp": .init("CAST($1 AS TIMESTAMPTZ)", .type(.timestampWithZone(precision: 3))),
        "from_iso8601_date": .init("CAST($1 AS DATE)", .type(.date)),
        "to_unixtime": .init("epoch($1)", .type(.double)),
        "to_milliseconds": .init("CAST(round(epoch($1) * 1000) AS BIGINT)", .type(.bigint)),
    ]

    private static let collections: [String: SimpleFunction] = [
        "array_distinct": .init(
            "list_filter($1, lambda \"_e\", \"_i\": list_position($1, \"_e\") = \"_i\")", .same),
        "array_sort": .init("list_sort($1, 'ASC', 'NULLS LAST')", .same),
        "array_max": .init("list_max($1)", .element), "array_min": .init("list_min($1)", .element),
        "array_first": .init("list_extract($1, 1)", .element), "array_last": .init("list_extract($1, -1)", .element),
        "array_position": .init("CAST(coalesce(list_position($1, $2), 0) AS BIGINT)", .type(.bigint)),
        "array_remove": .init("list_filter($1, lambda \"_e\": \"_e\" IS DISTINCT FROM $2)", .same),
        "array_union": .init("list_distinct(list_concat($1, $2))", .same),
        "array_intersect": .init("list_intersect($1, $2)", .same),
        "array_except": .init("list_distinct(list_filter($1, lambda \"_e\": NOT list_contains($2, \"_e\")))", .same),
        "arrays_overlap": .init("list_has_any($1, $2)", .type(.boolean)),
        "array_append": .init("list_append($1, $2)", .same), "flatten": .init("flatten($1)", .element),
        "slice": .init(
            "(CASE WHEN $2 > 0 THEN list_slice($1, $2, $2 + $3 - 1) "
                + "ELSE list_slice($1, len($1) + $2 + 1, len($1) + $2 + $3) END)", .same),
        "trim_array": .init("list_slice($1, 1, len($1) - $2)", .same),
        "array_join": .init(
            [
                2: "array_to_string($1, $2)",
                3: "array_to_string(list_transform($1, lambda \"_e\": coalesce(CAST(\"_e\" AS VARCHAR), $3)), $2)",
            ],
            .type(.varchar)),
        "map_concat": .init("map_concat($1, $2)", .same),
    ]

    private static let other: [String: SimpleFunction] = [
        "uuid": .init("uuid()", .type(.uuid)), "version": .init("'dipper'", .type(.varchar)),
        "json_parse": .init("CAST($1 AS JSON)", .type(.json)),
        "json_format": .init("CAST($1 AS VARCHAR)", .type(.varchar)),
        "json_array_length": .init("CAST(json_array_length($1) AS BIGINT)", .type(.bigint)),
        "is_json_scalar": .init("(json_type($1) NOT IN ('OBJECT', 'ARRAY'))", .type(.boolean)),
        "json_array_contains": .init(
            "list_contains(CAST($1 AS VARCHAR[]), CAST($2 AS VARCHAR))", .type(.boolean)),
    ]
}
