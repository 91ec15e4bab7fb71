//! Literals that more than one reply needs.

/// XML namespaces.
pub(crate) mod ns {
    /// Property bags and faults.
    pub(crate) const COMMON: &str = "http://schemas.microsoft.com/HPCS2008R2/common";
    /// `i:nil`.
    pub(crate) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
    /// `<int>` and `<string>`.
    pub(crate) const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
    /// Dictionaries, and `ArrayOfstring`.
    pub(crate) const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
    /// Declared on the nil `Values` of a fault.
    pub(crate) const COLLECTIONS: &str =
        "http://schemas.datacontract.org/2004/07/System.Collections.Generic";
    /// `System.Version`.
    pub(crate) const SYSTEM: &str = "http://schemas.datacontract.org/2004/07/System";
    /// Session information.
    pub(crate) const SESSION: &str = "http://hpc.microsoft.com/";
    /// `BrokerClientStatus`: without the slash (A72).
    pub(crate) const STATUS: &str = "http://hpc.microsoft.com";
}

/// Media types.
pub(crate) mod media {
    /// XML replies (A25).
    pub(crate) const XML: &str = "application/xml; charset=utf-8";
    /// JSON replies.
    pub(crate) const JSON: &str = "application/json; charset=utf-8";
    /// Responses of generic services.
    pub(crate) const OCTETS: &str = "application/octet-stream";
}

/// The header fields that this mock sends, in their documented case.
pub(crate) const HEADER_NAMES: &[&str] = &[
    "Allow",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "Server",
    "Transfer-Encoding",
    "WWW-Authenticate",
    "x-ms-continuation-CurrentObjectNumber",
    "x-ms-continuation-QueryId",
    "x-ms-continuation-queryId",
    "x-ms-hpc-authoritychain",
];
