//! What a tenant's clients may send and get.

use store::tenants::LimitOverrides;

/// Bounds of what a tenant's clients may send and get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Operations in one bulk request.
    pub bulk_operations_max: u32,
    /// Bytes of the body of a bulk request.
    pub bulk_payload_bytes_max: u32,
    /// Bytes of the body of any other request.
    pub payload_bytes_max: u32,
    /// Resources on a page when the client names no `count`.
    pub page_size_default: u32,
    /// Resources on a page, whatever the client asks for.
    pub page_size_max: u32,
    /// SCIM requests in a second, at each process; 0 is no limit.
    pub requests_per_second_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bulk_operations_max: 10_000,
            bulk_payload_bytes_max: 16 * 1024 * 1024,
            payload_bytes_max: 16 * 1024 * 1024,
            page_size_default: 100,
            page_size_max: 1000,
            requests_per_second_max: 0,
        }
    }
}

impl Limits {
    /// These limits where the tenant has none of its own.
    #[must_use]
    pub fn with(self, own: LimitOverrides) -> Self {
        let page_size_max = own.page_size_max.unwrap_or(self.page_size_max);
        Self {
            bulk_operations_max: own.bulk_operations_max.unwrap_or(self.bulk_operations_max),
            bulk_payload_bytes_max: own.bulk_payload_bytes_max.unwrap_or(self.bulk_payload_bytes_max),
            payload_bytes_max: own.payload_bytes_max.unwrap_or(self.payload_bytes_max),
            page_size_default: own.page_size_default.unwrap_or(self.page_size_default).min(page_size_max),
            page_size_max,
            requests_per_second_max: own.requests_per_second_max.unwrap_or(self.requests_per_second_max),
        }
    }
}
