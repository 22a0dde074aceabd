package import LakeModel

/// What an object store or the data folder refuses or fails with.
///
/// Codes: `object-missing`, `object-exists`, `object-too-large`, `key-invalid`, `key-conflict`, `root-invalid`, `disk-full`,
/// `access-denied`, `writer-closed`, `data-folder-in-use`, `storage-failed`.
package struct ObjectStoreError: LakeError {
    package var code: String
    package var message: String
    package var remedy: String?
    package var place: Place?
    package var cause: (any Error)?
    package var isRetryable: Bool

    package init(
        code: String, message: String, remedy: String? = nil, place: Place? = nil, cause: (any Error)? = nil,
        isRetryable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place
        self.cause = cause
        self.isRetryable = isRetryable
    }

    package static func missing(_ key: String) -> Self {
        Self(
            code: "object-missing", message: "there is no object with this key",
            remedy: "check the key; if table metadata names it, restore it from a copy", place: Place(source: key))
    }

    package static func exists(_ key: String) -> Self {
        Self(
            code: "object-exists", message: "an object with this key is there already and was kept",
            remedy: "choose another key, or allow it to be replaced", place: Place(source: key))
    }

    package static func tooLarge(_ key: String, byteCount: Int, bytesMax: Int) -> Self {
        Self(
            code: "object-too-large",
            message: "the object has \(byteCount) bytes, the limit of this call is \(bytesMax)",
            remedy: "read it in ranges", place: Place(source: key))
    }

    package static func invalidKey(_ key: String, _ reason: String) -> Self {
        Self(
            code: "key-invalid", message: "\(ObjectKey.shown(key)) is no object key: \(reason)",
            remedy: "use a relative path of non-empty parts, without '.' and '..'")
    }
}
