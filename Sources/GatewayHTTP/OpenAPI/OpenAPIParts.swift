/// Pieces that the descriptions of routes are made of.
extension RouteDocumentation {
    static func reference(_ schema: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(schema)")] }

    static func list(of schema: String) -> JSONValue { ["type": "array", "items": reference(schema)] }

    static let text: JSONValue = ["type": "string"]
    static let boolean: JSONValue = ["type": "boolean"]
    static let bytes: JSONValue = ["type": "string", "format": "binary"]

    static func integer(_ range: ClosedRange<Int>, default fallback: Int) -> JSONValue {
        [
            "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)),
            "default": .integer(Int64(fallback)),
        ]
    }

    static func choice(_ values: [String], default fallback: String? = nil) -> JSONValue {
        .object(["type": "string", "enum": .strings(values), "default": .string(fallback)])
    }

    static func path(_ name: String, _ text: String) -> Parameter {
        Parameter(name: name, location: "path", text: text, schema: ["type": "string", "minLength": 1])
    }

    static let idempotencyKey = Parameter(
        name: "Idempotency-Key", location: "header",
        text:
            """
            Makes a repeated request harmless: the same key and body get the first answer again, with the header \
            `Idempotency-Replayed`; another body gets a 422. A key is remembered for 24 hours.
            """,
        schema: ["type": "string", "minLength": 1, "maxLength": 255])

    static func paging(sizeDefault: Int, sizeMax: Int, _ limits: GatewayLimits) -> [Parameter] {
        [
            Parameter(
                name: "page", text: "0-based number of the page.", schema: integer(0...limits.pageMax, default: 0)),
            Parameter(name: "size", text: "Items of a page.", schema: integer(1...sizeMax, default: sizeDefault)),
        ]
    }

    static func paging(_ limits: GatewayLimits) -> [Parameter] {
        paging(sizeDefault: limits.pageSizeDefault, sizeMax: limits.pageSizeMax, limits)
    }

    static let pageHeaders = ["X-Total-Count", "Link"]
}
