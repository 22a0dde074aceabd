/// One answer of the protocol, as far as it is read here.
///
/// Source: Trino documentation, "Client REST API".
struct ClusterPage: Decodable {
    struct Column: Decodable, Hashable {
        var name: String
        var type: String
    }

    struct Failure: Decodable {
        var message: String?
        var errorName: String?
        var errorType: String?
    }

    /// A JSON value; those that are no scalars are not read.
    enum Value: Decodable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case double(Double)
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.singleValueContainer() else {
                self = .other
                return
            }
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let boolean = try? container.decode(Bool.self) {
                self = .boolean(boolean)
            } else if let integer = try? container.decode(Int64.self) {
                self = .integer(integer)
            } else if let double = try? container.decode(Double.self) {
                self = .double(double)
            } else {
                self = .other
            }
        }
    }

    var nextUri: String?
    var columns: [Column]?
    var data: [[Value]]?
    var error: Failure?
}
