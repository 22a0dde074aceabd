package import AvroFormat
package import LakeModel

/// The Avro schemas of manifests and manifest lists, format version 2.
///
/// Names of records and fields are what other readers look for: `manifest_file`, `manifest_entry`, `r2`, `r102`, `r508`.
/// Source: Iceberg specification, "Manifests", "Manifest Lists" and Appendix A, "Avro".
package enum ManifestSchemas {
    /// The schema of a manifest list.
    static let manifestFile: AvroSchema = {
        let summary = AvroSchema.record(
            "r508",
            [
                .required(509, "contains_null", .boolean), .optional(518, "contains_nan", .boolean),
                .optional(510, "lower_bound", .bytes), .optional(511, "upper_bound", .bytes),
            ])
        return .record(
            "manifest_file",
            [
                .required(500, "manifest_path", .string, doc: "Location URI with FS scheme"),
                .required(501, "manifest_length", .long, doc: "Total file size in bytes"),
                .required(502, "partition_spec_id", .int, doc: "Spec ID used to write"),
                .required(517, "content", .int, doc: "Contents of the manifest: 0=data, 1=deletes"),
                .required(515, "sequence_number", .long, doc: "Sequence number when the manifest was added"),
                .required(516, "min_sequence_number", .long, doc: "Lowest sequence number in the manifest"),
                .required(503, "added_snapshot_id", .long, doc: "Snapshot ID that added the manifest"),
                .required(504, "added_files_count", .int, doc: "Added entry count"),
                .required(505, "existing_files_count", .int, doc: "Existing entry count"),
                .required(506, "deleted_files_count", .int, doc: "Deleted entry count"),
                .required(512, "added_rows_count", .long, doc: "Added rows count"),
                .required(513, "existing_rows_count", .long, doc: "Existing rows count"),
                .required(514, "deleted_rows_count", .long, doc: "Deleted rows count"),
                .optional(507, "partitions", list(508, summary), doc: "Summary for each partition"),
                .optional(519, "key_metadata", .bytes, doc: "Encryption key metadata blob"),
            ])
    }()

    /// The schema of a manifest.
    /// - Parameters:
    ///   - types: the type of each of the spec's fields.
    ///   - withReferencedFile: whether `referenced_data_file` is among the fields; only delete manifests that have it
    ///     in some entry carry it, because older readers do not know it.
    static func manifestEntry(
        spec: PartitionSpec, types: [PrimitiveType], withReferencedFile: Bool = false
    ) -> AvroSchema {
        let partition = AvroSchema.record(
            "r102",
            zip(spec.fields, types).map { field, type in
                .optional(field.fieldID, avroName(field.name), avroType(type))
            })
        return .record(
            "manifest_entry",
            [
                .required(0, "status", .int), .optional(1, "snapshot_id", .long),
                .optional(3, "sequence_number", .long), .optional(4, "file_sequence_number", .long),
                .required(2, "data_file", dataFile(partition, withReferencedFile: withReferencedFile)),
            ])
    }

    private static func dataFile(_ partition: AvroSchema, withReferencedFile: Bool) -> AvroSchema {
        var fields: [AvroField] = [
            .required(
                134, "content", .int, doc: "Contents of the file: 0=data, 1=position deletes, 2=equality deletes"),
            .required(100, "file_path", .string, doc: "Location URI with FS scheme"),
            .required(101, "file_format", .string, doc: "File format name: avro, orc, or parquet"),
            .required(102, "partition", partition, doc: "Partition data tuple, schema based on the partition spec"),
            .required(103, "record_count", .long, doc: "Number of records in the file"),
            .required(104, "file_size_in_bytes", .long, doc: "Total file size in bytes"),
            .optional(108, "column_sizes", map(117, 118, .long), doc: "Map of column id to total size on disk"),
            .optional(109, "value_counts", map(119, 120, .long), doc: "Map of column id to total count"),
            .optional(110, "null_value_counts", map(121, 122, .long), doc: "Map of column id to null value count"),
            .optional(137, "nan_value_counts", map(138, 139, .long), doc: "Map of column id to number of NaN values"),
            .optional(125, "lower_bounds", map(126, 127, .bytes), doc: "Map of column id to lower bound"),
            .optional(128, "upper_bounds", map(129, 130, .bytes), doc: "Map of column id to upper bound"),
            .optional(131, "key_metadata", .bytes, doc: "Encryption key metadata blob"),
            .optional(132, "split_offsets", list(133, .long), doc: "Splittable offsets"),
            .optional(135, "equality_ids", list(136, .int), doc: "Equality comparison field IDs"),
            .optional(140, "sort_order_id", .int, doc: "Sort order ID"),
        ]
        if withReferencedFile {
            fields.append(
                .optional(143, "referenced_data_file", .string, doc: "Location of the data file that all deletes name"))
        }
        return .record("r2", fields)
    }

    private static func list(_ elementID: Int, _ element: AvroSchema) -> AvroSchema {
        AvroSchema(.array(items: element), attributes: JSONObject([("element-id", JSONValue(elementID))]))
    }

    private static func map(_ keyID: Int, _ valueID: Int, _ value: AvroSchema) -> AvroSchema {
        AvroSchema(
            .array(
                items: .record(
                    "k\(keyID)_v\(valueID)",
                    [.required(keyID, "key", .int), .required(valueID, "value", value)])),
            attributes: JSONObject([("logicalType", "map")]))
    }

    /// The Avro type of values of a primitive type. Source: Iceberg specification, Appendix A, "Avro".
    package static func avroType(_ type: PrimitiveType) -> AvroSchema {
        func logical(_ kind: AvroSchema.Kind, _ members: [(String, JSONValue)]) -> AvroSchema {
            AvroSchema(kind, attributes: JSONObject(members))
        }
        switch type {
        case .boolean: return .boolean
        case .int: return .int
        case .long: return .long
        case .float: return .float
        case .double: return .double
        case .string: return .string
        case .binary: return .bytes
        case .date: return logical(.int, [("logicalType", "date")])
        case .time: return logical(.long, [("logicalType", "time-micros")])
        case .timestamp:
            return logical(.long, [("logicalType", "timestamp-micros"), ("adjust-to-utc", false)])
        case .timestamptz:
            return logical(.long, [("logicalType", "timestamp-micros"), ("adjust-to-utc", true)])
        case .uuid: return logical(.fixed(name: "uuid_fixed", size: 16), [("logicalType", "uuid")])
        case .fixed(let length): return AvroSchema(.fixed(name: "fixed_\(length)", size: length))
        case .decimal(let precision, let scale):
            return logical(
                .fixed(name: "decimal_\(precision)_\(scale)", size: decimalByteCount(precision: precision)),
                [
                    ("logicalType", "decimal"), ("precision", JSONValue(precision)), ("scale", JSONValue(scale)),
                ])
        }
    }

    /// The bytes that any unscaled value of so many digits fits in, with its sign.
    package static func decimalByteCount(precision: Int) -> Int {
        var largest: Int128 = 1
        for _ in 0..<precision { largest *= 10 }
        return BoundsCodec.shortestBigEndian(largest - 1).count
    }

    /// A name as Avro allows it: letters, digits and underscores; anything else as `_x` and its code in hexadecimal.
    package static func avroName(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            default: result += "_x" + String(scalar.value, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
