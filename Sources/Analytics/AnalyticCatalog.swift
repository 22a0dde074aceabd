package import LakeModel
package import QueryEngine

/// The named analytics that are served, by name.
package struct AnalyticCatalog: Sendable {
    private let byName: [String: AnalyticDeclaration]
    /// In the order of declaration.
    package let names: [String]

    /// - Throws: ``AnalyticsError`` `analytic-invalid` for a name or parameter that is declared twice, and for a parameter
    ///   type that has no form in a URL.
    package init(_ declarations: [AnalyticDeclaration]) throws {
        var byName: [String: AnalyticDeclaration] = [:]
        for declaration in declarations {
            guard byName.updateValue(declaration, forKey: declaration.name) == nil else {
                throw AnalyticsError(
                    code: "analytic-invalid", message: "the analytic \(declaration.name) is declared twice")
            }
            try Self.check(declaration)
        }
        self.byName = byName
        names = declarations.map(\.name)
    }

    /// - Throws: ``AnalyticsError`` `analytic-unknown`.
    package func declaration(named name: String) throws -> AnalyticDeclaration {
        guard let declaration = byName[name] else {
            throw AnalyticsError(
                code: "analytic-unknown", message: "there is no analytic \(name)",
                remedy: "choose one of: \(names.joined(separator: ", "))")
        }
        return declaration
    }

    /// The request that answers an analytic.
    /// - Parameters:
    ///   - path: the path segments behind the name, decoded: values of the parameters in order.
    ///   - query: values of the parameters that the path leaves over, by name.
    /// - Throws: ``AnalyticsError``.
    package func request(
        _ name: String, path: [String], query: [String: String] = [:], tables: [QueryTable],
        limits: QueryLimits = QueryLimits()
    ) throws -> QueryRequest {
        let declaration = try declaration(named: name)
        let parameters = try Self.parameters(of: declaration, path: path, query: query)
        return QueryRequest(sql: declaration.sql, parameters: parameters, tables: tables, limits: limits)
    }

    /// Typed values for the texts of a URL.
    /// - Throws: ``AnalyticsError`` `parameter-missing`, `parameter-unknown`, `parameter-invalid`,
    ///   `parameter-out-of-range`.
    package static func parameters(
        of declaration: AnalyticDeclaration, path: [String], query: [String: String] = [:]
    ) throws -> QueryParameters {
        guard path.count <= declaration.parameters.count else {
            throw AnalyticsError(
                code: "parameter-unknown",
                message: "\(declaration.name) takes \(declaration.parameters.count) parameters, "
                    + "but the path holds \(path.count)",
                remedy: "use /\(usage(of: declaration))")
        }
        let names = Set(declaration.parameters.map(\.name))
        if let unknown = query.keys.filter({ !names.contains($0) }).min() {
            throw AnalyticsError(
                code: "parameter-unknown", message: "\(declaration.name) has no parameter \(unknown)",
                remedy: "use /\(usage(of: declaration))")
        }
        var values: [String: QueryValue] = [:]
        for (index, parameter) in declaration.parameters.enumerated() {
            let isInPath = index < path.count
            guard let text = isInPath ? path[index] : query[parameter.name] else {
                throw AnalyticsError(
                    code: "parameter-missing", message: "\(declaration.name) needs the parameter \(parameter.name)",
                    remedy: "use /\(usage(of: declaration))")
            }
            guard !isInPath || query[parameter.name] == nil else {
                throw AnalyticsError(
                    code: "parameter-unknown",
                    message: "the parameter \(parameter.name) is given twice, in the path and in the query")
            }
            values[parameter.name] = try ParameterText.value(text, of: parameter)
        }
        return .named(values)
    }

    /// The path of an analytic, for example `quarterly-hires/{year}`.
    package static func usage(of declaration: AnalyticDeclaration) -> String {
        ([declaration.name] + declaration.parameters.map { "{\($0.name)}" }).joined(separator: "/")
    }

    private static func check(_ declaration: AnalyticDeclaration) throws {
        var names: Set<String> = []
        for parameter in declaration.parameters {
            guard names.insert(parameter.name).inserted else {
                throw AnalyticsError(
                    code: "analytic-invalid",
                    message: "\(declaration.name) declares the parameter \(parameter.name) twice")
            }
            guard ParameterText.supports(parameter.type) else {
                throw AnalyticsError(
                    code: "analytic-invalid",
                    message: "\(declaration.name) declares \(parameter.name) as \(parameter.type), "
                        + "which no URL can carry",
                    remedy:
                        "use boolean, int, long, float, double, decimal, date, timestamp, timestamptz, uuid or string")
            }
        }
    }
}
