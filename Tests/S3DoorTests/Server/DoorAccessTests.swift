import Access
import Crypto
import Foundation
import HTTPTypes
import LakeTesting
import HummingbirdTesting
import NIOCore
import ObjectStorage
import S3Door
import S3Protocol
import Testing

struct DoorAccessTests {
    @Test func `nobody gets in without a signature that fits`() async throws {
        try await DoorHarness().run { client in
            let path = "/lake/warehouse/a"
            try await client.raw(.get, path, [:]).fails(403, "AccessDenied")
            var (headers, _) = try client.sign(.get, path, [:], payload: SignatureV4.emptyHash)
            headers["authorization"] = headers["authorization"]?.replacingOccurrences(of: "KEYALL", with: "KEYNONE")
            try await client.raw(.get, path, headers).fails(403, "InvalidAccessKeyId")
            let (good, _) = try client.sign(.get, path, [:], payload: SignatureV4.emptyHash)
            try await client.raw(.get, "/lake/warehouse/b", good).fails(403, "SignatureDoesNotMatch")
            try await client.raw(.put, path, good).fails(403, "SignatureDoesNotMatch")
            try await client.raw(.get, path, good.merging(["x-amz-copy-source": "/lake/x"]) { $1 })
                .fails(403, "AccessDenied")
            try await client.raw(.get, path, good).fails(404, "NoSuchKey")
        }
    }

    @Test func `a signature is good for a quarter of an hour`() async throws {
        try await DoorHarness().run { client in
            for (time, isGood) in [
                ("20240131T114501Z", true), ("20240131T121459Z", true), ("20240131T114459Z", false),
                ("20240131T121501Z", false),
            ] {
                let answer = try await client.get("warehouse/a", ["x-amz-date": time])
                answer.fails(isGood ? 404 : 403, isGood ? "NoSuchKey" : "RequestTimeTooSkewed")
            }
            try await client.get("warehouse/a", ["x-amz-date": "yesterday"]).fails(403, "AccessDenied")
        }
    }

    @Test func `a presigned address is good for its time and for nothing else`() async throws {
        try await DoorHarness().run { client in
            try await client.put("warehouse/sales/a", "text").ok()
            let address = try client.presign("/lake/warehouse/sales/a", seconds: 60)
            #expect(try await client.raw(.get, address, [:]).ok().text == "text")
            try await client.raw(.put, address, [:]).fails(403, "SignatureDoesNotMatch")
            try await client.raw(.get, address + "0", [:]).fails(400, "AuthorizationQueryParametersError")
            let other = address.replacingOccurrences(of: "sales/a?", with: "sales/b?")
            try await client.raw(.get, other, [:]).fails(403, "SignatureDoesNotMatch")
            let old = try client.presign("/lake/warehouse/sales/a", seconds: 60, time: "20240131T115859Z")
            try await client.raw(.get, old, [:]).fails(403, "AccessDenied")
            let tooLong = try client.presign("/lake/warehouse/sales/a", seconds: 604_801)
            try await client.raw(.get, tooLong, [:]).fails(400, "AuthorizationQueryParametersError")
        }
    }

    @Test func `a key opens the folders of its namespaces and nothing else`() async throws {
        try await DoorHarness().run { client in
            for key in ["sales/a", "shared/a", "salesman/a", "other/a"] {
                try await client.put("warehouse/\(key)", key).ok()
            }
            let sales = client.as("sales")
            try await sales.get("warehouse/sales/a").ok()
            try await sales.get("warehouse/shared/a").ok()
            try await sales.put("warehouse/sales/deep/b", "x").ok()
            for key in ["warehouse/salesman/a", "warehouse/other/a", "warehouse/none", "csv-files/a", "warehouse"] {
                try await sales.get(key).fails(403, "AccessDenied")
                try await sales.put(key, "x").fails(403, "AccessDenied")
                try await sales.send(.delete, "/lake/\(key)").fails(403, "AccessDenied")
                try await sales.send(.post, "/lake/\(key)?uploads").fails(403, "AccessDenied")
            }
            try await sales.put("warehouse/shared/b", "x").fails(403, "AccessDenied")
            try await sales.put("warehouse/sales/c", "", ["x-amz-copy-source": "/lake/warehouse/other/a"])
                .fails(403, "AccessDenied")
            for prefix in ["", "warehouse/", "warehouse/sales", "warehouse/other/"] {
                try await sales.send(.get, "/lake?list-type=2&prefix=\(prefix)").fails(403, "AccessDenied")
            }
            #expect(
                try await sales.send(.get, "/lake?list-type=2&prefix=warehouse/sales/").ok().text
                    .contains("<Key>warehouse/sales/deep/b</Key>"))
            let body =
                "<Delete><Object><Key>warehouse/sales/a</Key></Object><Object><Key>warehouse/other/a</Key></Object></Delete>"
            let deleted = try await sales.send(.post, "/lake?delete", Array(body.utf8)).ok().text
            #expect(deleted.contains("<Deleted><Key>warehouse/sales/a</Key></Deleted>"))
            #expect(deleted.contains("<Error><Key>warehouse/other/a</Key><Code>AccessDenied</Code>"))
            try await client.get("warehouse/other/a").ok()
            let reader = client.as("reader")
            try await reader.get("warehouse/other/a").ok()
            try await reader.put("warehouse/other/a", "x").fails(403, "AccessDenied")
        }
    }

    @Test func `a key of some namespaces changes no metadata file`() async throws {
        try await DoorHarness().run { client in
            let key = "warehouse/sales/t/metadata/00001-a.metadata.json"
            let sales = client.as("sales")
            try await sales.put(key, "first").ok()
            try await sales.put(key, "other").fails(403, "AccessDenied")
            try await sales.send(.delete, "/lake/\(key)").fails(403, "AccessDenied")
            #expect(try await client.get(key).text == "first")
        }
    }

    @Test func `nothing outside the warehouse is reachable`() async throws {
        let harness = try DoorHarness()
        let outside = harness.folder.file("secret")
        try Data("secret".utf8).write(to: URL(fileURLWithPath: outside))
        try await harness.store.put("csv-files/x", bytes: Array("secret".utf8), ifAbsent: true)
        try await harness.store.put("warehouse/t/a", bytes: Array("a".utf8), ifAbsent: true)
        let manager = FileManager.default
        let warehouse = harness.store.root + "/warehouse"
        try manager.createSymbolicLink(atPath: warehouse + "/t/link", withDestinationPath: outside)
        try manager.createSymbolicLink(
            atPath: warehouse + "/t/folder", withDestinationPath: harness.folder.file("lake"))
        try await harness.run { client in
            for key in [
                "csv-files/x", "warehouse/../csv-files/x", "warehouse/%2e%2e/csv-files/x", "warehouse/..%2fcsv-files/x",
                "warehouse/t/link", "warehouse/t/folder/csv-files/x", "..", ".", "warehouse/./t/a", "warehouse//t/a",
                "/etc/passwd", "warehouse/t/a%0a", ".tmp/x",
            ] {
                for answer in [
                    try await client.get(key), try await client.put(key, "x"),
                    try await client.send(.delete, "/lake/\(key)"),
                    try await client.put("warehouse/t/copy", "", ["x-amz-copy-source": "/lake/\(key)"]),
                ] {
                    #expect((400..<500).contains(answer.status.code), "\(key): \(answer.status)")
                    #expect(!answer.text.contains("secret"))
                }
            }
            try await client.get("warehouse/t/a%00").fails(400, "InvalidURI")
            let list = try await client.send(.get, "/lake?list-type=2").ok().text
            #expect(list.contains("<Key>warehouse/t/a</Key>") && list.contains("<KeyCount>1</KeyCount>"), "\(list)")
            let folders = try await client.send(.get, "/lake?list-type=2&delimiter=%2F&prefix=warehouse%2Ft%2F").ok()
                .text
            #expect(!folders.contains("CommonPrefixes"), "\(folders)")
        }
        #expect(try String(contentsOfFile: outside, encoding: .utf8) == "secret")
    }

    @Test func `another bucket is not there, and the one can't be made`() async throws {
        try await DoorHarness().run { client in
            try await client.send(.get, "/other/a").fails(404, "NoSuchBucket")
            try await client.send(.put, "/lake").fails(409, "BucketAlreadyOwnedByYou")
            #expect(try await client.send(.get, "/").ok().text.contains("<Name>lake</Name>"))
            #expect(try await client.send(.head, "/lake").ok().text.isEmpty)
            try await client.send(.get, "/lake?location").ok()
            try await client.send(.get, "/lake/warehouse/a?acl").fails(501, "NotImplemented")
        }
    }

    @Test func `where nobody is asked, pages of other sites are refused`() async throws {
        try await DoorHarness(isOpen: true).run { client in
            #expect(try await client.raw(.put, "/lake/warehouse/a", [:], Array("x".utf8)).status == .ok)
            try await client.get("warehouse/a").ok()
            try await client.raw(.get, "/lake/warehouse/a", ["origin": "http://evil.example"])
                .fails(403, "AccessDenied")
        }
        #expect(throws: (any Error).self) {
            try S3DoorConfiguration(
                host: "0.0.0.0", port: 0, bucket: "lake", registry: nil, folder: { $0.joined() }
            ).validate()
        }
    }
}
