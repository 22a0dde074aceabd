import Foundation
import LakeModel

/// What JSON rows must come to, by the plain reader.
struct PlainRows {
    enum Expected: Equatable {
        /// The values; `nil` for null. A value that the plain reader leaves open is in `open`.
        case accepted([Datum?], open: Set<Int>)
        case refused(String)
        /// Whether a value fits is for others to judge.
        case open
    }

    let table: TableDeclaration
    let depthMax: Int

    /// - Parameter depth: of the row itself.
    func expected(_ row: PlainJSON.Value, depth: Int) -> Expected {
        guard case .object(let members) = row else {
            return .refused(nestedFault(row, depth: depth) ?? "row-not-object")
        }
        var values = [Datum?](repeating: nil, count: table.columns.count)
        var open: Set<Int> = []
        var seen: Set<Int> = []
        for member in members {
            let name: String
            switch member.name {
            case .fault(let fault): return open.isEmpty ? .refused(fault.rawValue) : .open
            case .text(let text): name = text
            }
            guard let column = column(name) else {
                if table.undeclaredColumns == .reject { return open.isEmpty ? .refused("field-unknown") : .open }
                if let fault = nestedFault(member.value, depth: depth) { return open.isEmpty ? .refused(fault) : .open }
                continue
            }
            guard seen.insert(column).inserted else { return open.isEmpty ? .refused("field-repeated") : .open }
            switch value(member.value, table.columns[column], depth: depth) {
            case .accepted(let value, let isOpen):
                values[column] = value.first ?? nil
                if !isOpen.isEmpty { open.insert(column) }
            case .refused(let code): return open.isEmpty ? .refused(code) : .open
            case .open: open.insert(column)
            }
        }
        let isIncomplete = table.columns.indices.contains { isRequired($0) && !seen.contains($0) }
        if isIncomplete { return open.isEmpty ? .refused("value-missing") : .open }
        return .accepted(values, open: open)
    }

    func isRequired(_ column: Int) -> Bool {
        table.columns[column].required || table.key.contains(table.columns[column].name)
    }

    private func column(_ name: String) -> Int? {
        table.columns.firstIndex {
            ([$0.name] + $0.aliases).contains { $0.lowercased() == name.lowercased() }
        }
    }

    /// The first fault of a value that goes nowhere: content, or depth.
    private func nestedFault(_ value: PlainJSON.Value, depth: Int) -> String? {
        switch value {
        case .string(.fault(let fault)): return fault.rawValue
        case .array(let values):
            if depth + 1 > depthMax { return "depth-exceeded" }
            return values.lazy.compactMap { nestedFault($0, depth: depth + 1) }.first
        case .object(let members):
            if depth + 1 > depthMax { return "depth-exceeded" }
            for member in members {
                if case .fault(let fault) = member.name { return fault.rawValue }
                if let fault = nestedFault(member.value, depth: depth + 1) { return fault }
            }
            return nil
        default: return nil
        }
    }

    private func value(_ value: PlainJSON.Value, _ column: ColumnDeclaration, depth: Int) -> Expected {
        switch value {
        case .null:
            let isRequired = column.required || table.key.contains(column.name)
            return isRequired ? .refused("value-missing") : .accepted([nil], open: [])
        case .boolean(let flag):
            return column.type == .boolean ? .accepted([.boolean(flag)], open: []) : .refused("type-mismatch")
        case .array, .object: return .refused(nestedFault(value, depth: depth) ?? "type-mismatch")
        case .number(let text): return number(text, column.type)
        case .string(.fault(let fault)): return .refused(fault.rawValue)
        case .string(.text(let text)): return string(text, column.type)
        }
    }

    private func number(_ text: String, _ type: PrimitiveType) -> Expected {
        let isWhole = text.allSatisfy { $0 == "-" || $0.isNumber }
        switch type {
        case .long where isWhole:
            return Int64(text).map { .accepted([.long($0)], open: []) } ?? .refused("value-out-of-range")
        case .int where isWhole:
            return Int32(text).map { .accepted([.int($0)], open: []) } ?? .refused("value-out-of-range")
        case .double:
            guard let value = Double(text), value.isFinite else { return .open }
            return .accepted([.double(value)], open: [])
        case .long, .int: return .open
        default: return .refused("type-mismatch")
        }
    }

    private func string(_ text: String, _ type: PrimitiveType) -> Expected {
        switch type {
        case .string where !text.isEmpty: return .accepted([.string(text)], open: [])
        case .timestamp, .timestamptz:
            guard let value = Self.microseconds(text, hasZone: type == .timestamptz) else { return .open }
            return .accepted([.long(value)], open: [])
        case .long:
            guard let value = Int64(text), String(value) == text else { return .open }
            return .accepted([.long(value)], open: [])
        default: return .open
        }
    }

    /// Of a text in the form `2021-11-07T02:48:42`, with a `Z` if it has a zone; `nil` for all others.
    private static func microseconds(_ text: String, hasZone: Bool) -> Int64? {
        let parser = DateFormatter()
        parser.locale = Locale(identifier: "en_US_POSIX")
        parser.timeZone = TimeZone(secondsFromGMT: 0)
        parser.isLenient = false
        parser.dateFormat = hasZone ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss"
        // What comes before 1600 was counted by another calendar; on marks that join the digits the formatter stops the process.
        guard text.utf8.count == (hasZone ? 20 : 19), text.utf8.allSatisfy({ $0 < 0x80 }), text >= "1600",
            let date = parser.date(from: text), parser.string(from: date) == text
        else { return nil }
        return Int64(date.timeIntervalSince1970) * 1_000_000
    }
}
