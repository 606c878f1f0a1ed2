//! Tenants.

/// A tenant as rows name it: the first column of every key. Only this crate makes one, from the
/// row of a tenant that exists, so whoever holds one has looked the tenant up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TenantKey(pub(crate) i64);
