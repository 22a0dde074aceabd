/// Calls of functions, those with a syntax of their own included.
extension Parser {
    mutating func call(_ name: QualifiedName, _ location: SourceLocation) throws -> Expression {
        try expectSymbol("(")
        var call = FunctionCall(name: name, arguments: [])
        if takeSymbol("*") {
            call.isStar = true
        } else if !atSymbol(")") {
            if take("DISTINCT") { call.isDistinct = true } else { _ = take("ALL") }
            if !at("ORDER", "BY") { call.arguments = try list { try $0.argument() } }
            if take("ORDER", "BY") { call.orderBy = try sortItems() }
        }
        try expectSymbol(")")
        try readTail(of: &call)
        return Expression(.call(call), location)
    }

    private mutating func argument() throws -> Expression {
        if atIdentifier, atSymbol("=>", ahead: 1) {
            throw TrinoSQLError.unsupported("an argument by name", location)
        }
        return try expression()
    }

    /// `WITHIN GROUP`, `FILTER`, `IGNORE NULLS` and `OVER`.
    private mutating func readTail(of call: inout FunctionCall) throws {
        if take("WITHIN", "GROUP") {
            try expectSymbol("(")
            try expect("ORDER", "BY")
            call.orderBy = try sortItems()
            call.isWithinGroup = true
            try expectSymbol(")")
        }
        if word == "FILTER", atSymbol("(", ahead: 1) {
            advance()
            advance()
            try expect("WHERE")
            call.filter = try expression()
            try expectSymbol(")")
        }
        if take("IGNORE", "NULLS") { call.ignoresNulls = true } else { _ = take("RESPECT", "NULLS") }
        guard take("OVER") else { return }
        if takeSymbol("(") {
            call.window = .specification(try windowSpecification())
            try expectSymbol(")")
        } else {
            call.window = .named(try identifier())
        }
    }

    mutating func sortItems() throws -> [SortItem] {
        try list { parser in
            let expression = try parser.expression()
            var isDescending = false
            if parser.take("DESC") { isDescending = true } else { _ = parser.take("ASC") }
            var nullsFirst: Bool?
            if parser.take("NULLS") {
                nullsFirst = parser.word == "FIRST"
                guard parser.take("FIRST") || parser.take("LAST") else { throw parser.unexpected("'FIRST', 'LAST'") }
            }
            return SortItem(expression: expression, isDescending: isDescending, nullsFirst: nullsFirst)
        }
    }

    mutating func windowSpecification() throws -> WindowSpecification {
        var window = WindowSpecification()
        if atIdentifier, !at("PARTITION", "BY"), !["ROWS", "RANGE", "GROUPS", "MEASURES"].contains(word ?? "") {
            window.base = try identifier()
        }
        if take("PARTITION", "BY") { window.partitionBy = try list { try $0.expression() } }
        if take("ORDER", "BY") { window.orderBy = try sortItems() }
        if let unit = word, ["ROWS", "RANGE", "GROUPS"].contains(unit) {
            advance()
            if take("BETWEEN") {
                let start = try frameBound()
                try expect("AND")
                window.frame = .init(unit: unit, start: start, end: try frameBound())
            } else {
                window.frame = .init(unit: unit, start: try frameBound(), end: nil)
            }
        } else if word == "MEASURES" {
            throw TrinoSQLError.unsupported("pattern recognition", location)
        }
        return window
    }

    private mutating func frameBound() throws -> WindowSpecification.Bound {
        if take("UNBOUNDED", "PRECEDING") { return .unboundedPreceding }
        if take("UNBOUNDED", "FOLLOWING") { return .unboundedFollowing }
        if take("CURRENT", "ROW") { return .currentRow }
        let distance = try expression()
        if take("PRECEDING") { return .preceding(distance) }
        try expect("FOLLOWING")
        return .following(distance)
    }

    /// Calls whose arguments are parted by words.
    mutating func specialCall() throws -> Expression? {
        let location = location
        guard atSymbol("(", ahead: 1), let word else { return nil }
        switch word {
        case "EXTRACT":
            advance()
            advance()
            let field = try identifier().key
            try expect("FROM")
            let operand = try expression()
            try expectSymbol(")")
            return Expression(.extract(field, operand), location)
        case "POSITION":
            let start = index
            advance()
            advance()
            let needle = try value()
            guard take("IN") else {
                index = start
                return nil
            }
            let haystack = try value()
            try expectSymbol(")")
            return made("strpos", [haystack, needle], location)
        case "SUBSTRING": return try substring(location)
        case "TRIM": return try trim(location)
        case "NORMALIZE", "GROUPING", "LISTAGG": return try wordCall(location)
        case "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY", "JSON_OBJECT", "JSON_ARRAY", "JSON_TABLE":
            throw TrinoSQLError.unsupported("\(word) (use json_extract and json_extract_scalar)", location)
        default: return nil
        }
    }

    private func made(_ name: String, _ arguments: [Expression], _ location: SourceLocation) -> Expression {
        let name = QualifiedName(parts: [Identifier(text: name, location: location)])
        return Expression(.call(FunctionCall(name: name, arguments: arguments)), location)
    }

    private mutating func substring(_ location: SourceLocation) throws -> Expression {
        advance()
        advance()
        var arguments = [try value()]
        let isByWords = take("FROM")
        if isByWords || takeSymbol(",") { arguments.append(try value()) }
        if isByWords ? take("FOR") : takeSymbol(",") { arguments.append(try value()) }
        try expectSymbol(")")
        return made("substr", arguments, location)
    }

    private mutating func trim(_ location: SourceLocation) throws -> Expression {
        advance()
        advance()
        var name = "trim"
        var isByWords = true
        if take("LEADING") {
            name = "ltrim"
        } else if take("TRAILING") {
            name = "rtrim"
        } else {
            isByWords = take("BOTH")
        }
        var arguments: [Expression] = []
        if isByWords, take("FROM") {
            arguments = [try value()]
        } else {
            let first = try value()
            if take("FROM") { arguments = [try value(), first] } else { arguments = [first] }
            if takeSymbol(",") { arguments.append(try value()) }
        }
        try expectSymbol(")")
        return made(name, arguments, location)
    }

    /// Reserved words that are called like functions.
    private mutating func wordCall(_ location: SourceLocation) throws -> Expression {
        let name = QualifiedName(
            parts: [Identifier(text: (word ?? "").lowercased(), location: location)])
        if word == "NORMALIZE" { throw TrinoSQLError.unsupported("normalize", location) }
        let isListing = word == "LISTAGG"
        advance()
        guard isListing else { return try call(name, location) }
        try expectSymbol("(")
        var call = FunctionCall(name: name, arguments: [])
        call.isDistinct = take("DISTINCT")
        call.arguments = [try expression()]
        if takeSymbol(",") { call.arguments.append(try expression()) }
        if take("ON", "OVERFLOW") {
            guard take("ERROR") else { throw TrinoSQLError.unsupported("ON OVERFLOW TRUNCATE", location) }
        }
        try expectSymbol(")")
        try readTail(of: &call)
        guard call.isWithinGroup else { throw unexpected("'WITHIN'") }
        return Expression(.call(call), location)
    }
}
