import AvroFormat
import Iceberg
import LakeModel
import Testing

@Suite struct TableMetadataTests {
    /// Format version 1 as early writers left it: one schema and spec, no ids, manifests in place.
    static let version1 = #"""
        {"format-version":1,"location":"s3://b/t/","last-updated-ms":5,"last-column-id":2,
         "schema":{"type":"struct","fields":[{"id":1,"name":"x","required":true,"type":"long"},
           {"id":2,"name":"y","required":false,"type":"date","doc":"a day"}]},
         "partition-spec":[{"name":"x","transform":"identity","source-id":1},
           {"name":"d","transform":"month","source-id":2}],
         "properties":{},"current-snapshot-id":-1,
         "snapshots":[{"snapshot-id":7,"timestamp-ms":4,"manifests":["s3://b/t/m.avro"]}]}
        """#

    static let nested = #"""
        {"format-version":2,"table-uuid":"u","location":"s3://b/t","last-sequence-number":34,"last-updated-ms":9,
         "last-column-id":8,"current-schema-id":1,"schemas":[
           {"type":"struct","schema-id":0,"fields":[{"id":1,"name":"x","required":true,"type":"int"}]},
           {"type":"struct","schema-id":1,"identifier-field-ids":[1],"fields":[
             {"id":1,"name":"x","required":true,"type":"long"},
             {"id":2,"name":"m","required":false,"type":{"type":"map","key-id":3,"key":"string","value-id":4,
               "value":{"type":"list","element-id":5,"element":"decimal(9,2)","element-required":true},
               "value-required":false}},
             {"id":6,"name":"s","required":false,"type":{"type":"struct","fields":[
               {"id":7,"name":"a","required":true,"type":"fixed[16]","initial-default":"00"},
               {"id":8,"name":"b","required":false,"type":"timestamptz"}]}}]}],
         "default-spec-id":2,"partition-specs":[{"spec-id":0,"fields":[]},
           {"spec-id":2,"fields":[{"source-id":1,"field-id":1003,"name":"b","transform":"bucket[4]"}]}],
         "last-partition-id":1003,"default-sort-order-id":3,"sort-orders":[{"order-id":0,"fields":[]},
           {"order-id":3,"fields":[{"transform":"truncate[2]","source-id":1,"direction":"desc","null-order":"nulls-last"}]}],
         "properties":{"z":"1","a":"2"},"current-snapshot-id":3051729675574597004,
         "refs":{"main":{"snapshot-id":3051729675574597004,"type":"branch"},
           "t":{"snapshot-id":3051729675574597004,"type":"tag","max-ref-age-ms":10}},
         "snapshots":[{"sequence-number":34,"snapshot-id":3051729675574597004,"parent-snapshot-id":1,"timestamp-ms":8,
           "summary":{"operation":"append","k":"v"},"manifest-list":"s3://b/l.avro","schema-id":1}],
         "statistics":[{"snapshot-id":3051729675574597004,"statistics-path":"s3://p","file-size-in-bytes":1,
           "file-footer-size-in-bytes":1,"blob-metadata":[]}],"partition-statistics":[],
         "snapshot-log":[{"timestamp-ms":8,"snapshot-id":3051729675574597004}],
         "metadata-log":[{"timestamp-ms":7,"metadata-file":"s3://b/00001-x.metadata.json"}],
         "next-row-id":5}
        """#

    @Test func `everything in a version 2 file is kept`() throws {
        let metadata = try TableMetadata.parse(Array(Self.nested.utf8))
        #expect(metadata.schema.type(ofID: 5) == .primitive(.decimal(precision: 9, scale: 2)))
        #expect(metadata.schema.identifierFieldIDs == [1])
        #expect(metadata.partitionSpec.fields[0].transform == .bucket(count: 4))
        #expect(metadata.sortOrder.fields[0].isDescending && !metadata.sortOrder.fields[0].nullsFirst)
        #expect(metadata.currentSnapshot?.id == 3_051_729_675_574_597_004)
        #expect(metadata.refs["t"]?.kind == .tag)
        let again = try TableMetadata.parse(metadata.json())
        #expect(again == metadata)
        let json = (try JSONValue.parse(metadata.json()))
        #expect(json["statistics"] == (try JSONValue.parse(Self.nested))["statistics"])
        #expect(json["next-row-id"]?.integer == 5)
        #expect(json["schemas"]?.array?[0]["fields"]?.array?[0]["required"]?.bool == true)
    }

    @Test func `version 1 is read with what it leaves out, and written as version 1`() throws {
        let metadata = try TableMetadata.parse(Array(Self.version1.utf8))
        #expect(metadata.formatVersion == 1)
        #expect(metadata.location == "s3://b/t")
        #expect(metadata.partitionSpec.fields.map(\.fieldID) == [1000, 1001])
        #expect(metadata.lastPartitionID == 1001)
        #expect(metadata.currentSnapshotID == nil && metadata.refs.isEmpty)
        #expect(metadata.snapshots[0].manifests == ["s3://b/t/m.avro"])
        #expect(metadata.sortOrder == .unsorted)
        let json = (try JSONValue.parse(metadata.json()))
        #expect(json["schema"] != nil && json["partition-spec"] != nil && json["last-sequence-number"] == nil)
        #expect(json["snapshots"]?.array?[0]["sequence-number"] == nil)
        #expect(try TableMetadata.parse(metadata.json()) == metadata)
    }

    @Test func `a version 1 table is upgraded before a snapshot is added`() async throws {
        let text = Self.version1.replacing(#""manifests":["s3://b/t/m.avro"]"#, with: #""manifest-list":"s3://b/l""#)
        var metadata = try TableMetadata.parse(Array(text.utf8))
        metadata.tableUUID = "u"
        var producer = SnapshotProducer(base: metadata, io: MemoryFileIO(), snapshotID: 8, nowMilliseconds: 10)
        let error = await #expect(throws: IcebergError.self) { try await producer.produce() }
        #expect(error?.code == "iceberg-unsupported")
        let upgraded = try metadata.applying([.upgradeFormatVersion(2)], nowMilliseconds: 10)
        producer.rebase(onto: upgraded, nowMilliseconds: 10)
        #expect(try await producer.produce().snapshot.sequenceNumber == 1)
    }

    @Test(arguments: [
        ("\"format-version\":2", "\"format-version\":4"), ("\"table-uuid\":\"u\",", ""),
        ("\"current-schema-id\":1", "\"current-schema-id\":9"), ("\"default-spec-id\":2", "\"default-spec-id\":9"),
        ("\"default-sort-order-id\":3", "\"default-sort-order-id\":9"), ("\"type\":\"tag\"", "\"type\":\"other\""),
        ("\"last-sequence-number\":34", "\"last-sequence-number\":33"), ("\"id\":8", "\"id\":7"),
        ("\"fixed[16]\"", "\"geometry\""), ("\"direction\":\"desc\"", "\"direction\":\"down\""),
        ("\"last-updated-ms\":9", "\"last-updated-ms\":\"9\""), ("\"location\":\"s3://b/t\",", ""),
        ("\"main\":{\"snapshot-id\":3051729675574597004", "\"main\":{\"snapshot-id\":1"),
    ])
    func `metadata that breaks the specification is refused`(_ old: String, _ new: String) throws {
        let text = Self.nested.replacing(old, with: new)
        #expect(text != Self.nested)
        let error = #expect(throws: IcebergError.self) { try TableMetadata.parse(Array(text.utf8)) }
        #expect(["table-metadata-invalid", "iceberg-unsupported"].contains(error?.code))
    }

    @Test func `a table's main branch is there without refs`() throws {
        let start = try #require(Self.nested.firstRange(of: "\"refs\""))
        let end = try #require(Self.nested.firstRange(of: "\"snapshots\""))
        let text = Self.nested[..<start.lowerBound] + Self.nested[end.lowerBound...]
        let metadata = try TableMetadata.parse(Array(text.utf8))
        #expect(metadata.refs["main"]?.snapshotID == metadata.currentSnapshotID)
    }

    @Test func `name mappings are read and written`() throws {
        let text =
            #"[{"field-id":1,"names":["id","record_id"]},{"names":["loc"],"fields":[{"field-id":4,"names":["lat"]}]}]"#
        let mapping = try NameMapping.parse(text)
        #expect(mapping.text == text)
        #expect(mapping.fieldID(path: ["record_id"]) == 1)
        #expect(mapping.fieldID(path: ["loc", "lat"]) == 4)
        #expect(mapping.fieldID(path: ["loc"]) == nil && mapping.fieldID(path: ["x"]) == nil)
        let metadata = try TableMetadata.parse(Array(Self.nested.utf8))
        let ofSchema = NameMapping(schema: metadata.schema)
        #expect(ofSchema.fieldID(path: ["m", "value", "element"]) == 5)
        #expect(ofSchema.fieldID(path: ["s", "b"]) == 8)
        #expect(try NameMapping(metadata) == nil)
    }

    @Test func `the snapshot of a time is the last one set before it`() async throws {
        var table = try await TestTable()
        let created = table.now
        let first = try await table.append([try await table.file(year: 2020)]).snapshot
        let second = try await table.append([try await table.file(year: 2020)]).snapshot
        #expect(table.metadata.snapshot(asOfMilliseconds: created) == nil)
        #expect(table.metadata.snapshot(asOfMilliseconds: second.timestampMilliseconds - 1)?.id == first.id)
        #expect(table.metadata.snapshot(asOfMilliseconds: .max)?.id == second.id)
        let plan = try await TableScan(
            metadata: table.metadata, io: table.io, asOfMilliseconds: first.timestampMilliseconds
        ).plan()
        #expect(plan.tasks.count == 1)
        let error = #expect(throws: IcebergError.self) {
            try TableScan(metadata: table.metadata, io: table.io, asOfMilliseconds: created)
        }
        #expect(error?.code == "snapshot-missing")
    }
}
