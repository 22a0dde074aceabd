/// Strings and parameters as C takes them, valid inside a closure.
@unsafe enum CStrings {
    /// Hands out a list of C strings with a null at its end.
    static func with<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for string in strings {
            starts.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            for start in starts { unsafe pointers.append(buffer.baseAddress.map { unsafe $0 + start }) }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}

/// Parameters side by side in one buffer.
@unsafe struct Parameters {
    private var bytes: [UInt8] = []
    private var starts: [Int?] = []
    private var lengths: [Int32] = []

    init(_ parameters: [PostgreSQLParameter]) {
        for parameter in parameters {
            unsafe starts.append(parameter.value == nil ? nil : bytes.count)
            unsafe lengths.append(Int32(parameter.value?.count ?? 0))
            if let value = parameter.value { unsafe bytes.append(contentsOf: value) }
        }
        // Gives an address to an empty value: a null pointer would be NULL.
        unsafe bytes.append(0)
    }

    func with<Value>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Value
    ) -> Value {
        let formats = unsafe [Int32](repeating: 1, count: starts.count)
        return unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = unsafe starts.map { start -> UnsafePointer<CChar>? in
                guard let start, let base = unsafe base else { return nil }
                return unsafe base + start
            }
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(Int32(values.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
