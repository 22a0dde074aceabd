import Ingestion
import Observability

/// Writes a receipt's JSON without a coder's trees: one goes out with each batch.
enum ReceiptJSON {
    /// - Returns: `nil` for a receipt with parts that only files have, which the coder writes.
    static func bytes(_ receipt: JobReceipt) -> [UInt8]? {
        guard receipt.dialect == nil, receipt.progress == nil, receipt.error == nil, receipt.operational == nil else {
            return nil
        }
        var writer = Writer()
        writer.integer("bytes", receipt.bytes)
        writer.text("createdAt", receipt.createdAt)
        writer.name("durable")
        writer.bytes += (receipt.durable ? "true" : "false").utf8
        writer.text("fileName", receipt.fileName)
        writer.text("finishedAt", receipt.finishedAt)
        writer.text("id", receipt.id)
        writer.text("kind", receipt.kind.rawValue)
        writer.integer("offset", Int(receipt.offset))
        writer.text("partOf", receipt.partOf)
        writer.integer("partition", receipt.partition)
        if let parts = receipt.parts { writer.integer("parts", parts) }
        writer.text("rejectsLink", receipt.rejectsLink)
        writer.name("rows")
        writer.rows(receipt.rows)
        writer.text("sha256", receipt.sha256)
        writer.text("snapshotId", receipt.snapshotId)
        writer.text("state", receipt.state.rawValue)
        writer.text("table", receipt.table)
        writer.text("topic", receipt.topic)
        writer.name("verdicts")
        writer.list(receipt.verdicts) { writer, verdict in
            writer.open()
            writer.text("code", verdict.code)
            writer.text("column", verdict.column)
            writer.integer("index", verdict.index)
            writer.text("message", verdict.message)
            writer.close()
        }
        writer.name("warnings")
        writer.list(receipt.warnings) { writer, text in JSONText.appendString(text, to: &writer.bytes) }
        writer.close()
        return writer.bytes
    }

    private struct Writer {
        var bytes: [UInt8] = []
        private var isFirst = true

        init() {
            bytes.reserveCapacity(640)
            open()
        }

        mutating func open() {
            bytes.append(UInt8(ascii: "{"))
            isFirst = true
        }

        mutating func close() {
            bytes.append(UInt8(ascii: "}"))
            isFirst = false
        }

        /// A member's name, which needs no escapes.
        mutating func name(_ name: StaticString) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            bytes.append(UInt8(ascii: "\""))
            name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
        }

        mutating func text(_ member: StaticString, _ text: String?) {
            guard let text else { return }
            name(member)
            JSONText.appendString(text, to: &bytes)
        }

        mutating func integer(_ member: StaticString, _ value: Int) {
            name(member)
            JSONText.appendInteger(Int64(value), to: &bytes)
        }

        mutating func rows(_ rows: JobReceipt.Rows) {
            open()
            integer("accepted", rows.accepted)
            integer("blank", rows.blank)
            integer("deleted", rows.deleted)
            integer("ignored", rows.ignored)
            integer("inserted", rows.inserted)
            integer("read", rows.read)
            integer("rejected", rows.rejected)
            integer("superseded", rows.superseded)
            integer("unchanged", rows.unchanged)
            integer("updated", rows.updated)
            close()
        }

        mutating func list<Item>(_ items: [Item], _ write: (inout Writer, Item) -> Void) {
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(&self, item)
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }
}
