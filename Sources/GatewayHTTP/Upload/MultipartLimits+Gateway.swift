import MultipartForm

extension MultipartLimits {
    /// What the gateway lets a form have.
    init(_ limits: GatewayLimits) {
        self.init()
        partsMax = limits.multipartPartsMax
        headersMax = limits.multipartHeadersMax
        headerBytesMax = limits.multipartHeaderBytesMax
        preambleBytesMax = limits.multipartPreambleBytesMax
    }
}
