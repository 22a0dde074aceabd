extension Parser {
    mutating func type() throws -> TypeName {
        try nested { parser in
            var type = try parser.simpleType()
            while parser.word == "ARRAY" {
                parser.advance()
                if parser.takeSymbol("[") {
                    _ = try parser.wholeNumber()
                    try parser.expectSymbol("]")
                }
                type = TypeName(name: "array", arguments: [.type(type)], location: type.location)
            }
            return type
        }
    }

    private mutating func simpleType() throws -> TypeName {
        let location = location
        if word == "INTERVAL" {
            advance()
            let from = try identifier().key
            try expect("TO")
            let to = try identifier().key
            return TypeName(name: "interval \(from) to \(to)", arguments: [], location: location)
        }
        if at("DOUBLE", "PRECISION") {
            advance()
            advance()
            return TypeName(name: "double", arguments: [], location: location)
        }
        if word == "ROW", atSymbol("(", ahead: 1) {
            advance()
            advance()
            let fields = try list { try $0.rowField() }
            try expectSymbol(")")
            return TypeName(name: "row", arguments: fields, location: location)
        }
        var name = try identifier().key
        var arguments: [TypeName.Argument] = []
        if takeSymbol("(") {
            arguments = try list { try $0.typeArgument() }
            try expectSymbol(")")
        } else if atSymbol("<"), name == "array" || name == "map" {
            advance()
            arguments = try list { try $0.typeArgument() }
            try expectSymbol(">")
        }
        if name == "time" || name == "timestamp" {
            if take("WITH", "TIME", "ZONE") {
                name += " with time zone"
            } else {
                _ = take("WITHOUT", "TIME", "ZONE")
            }
        }
        return TypeName(name: name, arguments: arguments, location: location)
    }

    private mutating func typeArgument() throws -> TypeName.Argument {
        if case .integer = token.kind { return .number(try wholeNumber()) }
        return .type(try type())
    }

    /// `x integer`, or a type alone.
    private mutating func rowField() throws -> TypeName.Argument {
        let first = word ?? ""
        let next = Self.word(peek())
        // `integer ARRAY` is a type, `x ARRAY(integer)` a field.
        let isSuffix = next == "ARRAY" && !atSymbol("(", ahead: 2) && !atSymbol("<", ahead: 2)
        var isNamed = next != nil && !isSuffix
        if case .quoted = peek().kind { isNamed = true }
        if ["DOUBLE", "INTERVAL"].contains(first), next == "PRECISION" || first == "INTERVAL" { isNamed = false }
        if ["TIME", "TIMESTAMP"].contains(first), next == "WITH" || next == "WITHOUT" { isNamed = false }
        guard isNamed else { return .type(try type()) }
        let name = try identifier().text
        return .field(name, try type())
    }
}
