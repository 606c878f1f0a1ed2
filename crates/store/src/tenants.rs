//! Tenants.

use scim::id::Id;
use serde::{Deserialize, Serialize};

/// A tenant as rows name it: the first column of every key. Only this crate makes one, from the
/// row of a tenant that exists, so whoever holds one has looked the tenant up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TenantKey(pub(crate) i64);

/// A customer: everything provisioned belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// How rows name it.
    pub key: TenantKey,
    /// How clients name it, `tnt_…`. Never changes.
    pub id: Id,
    /// The readable name in URLs, unique for ever: that of a deleted tenant is not given again,
    /// since forgotten clients may still send to it.
    pub slug: String,
    /// A name for people.
    pub name: String,
    /// Whether its routes answer.
    pub status: TenantStatus,
    /// Its own bounds; what is not set follows the deployment's.
    pub limits: LimitOverrides,
    /// How its directory behaves.
    pub settings: TenantSettings,
    /// When it was created.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
}

/// Whether a tenant's routes answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// They do.
    Active,
    /// They refuse for now; nothing is lost.
    Suspended,
    /// They do not exist any more; the rows are still there.
    Deleted,
}

/// What one tenant may do that differs from the deployment's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitOverrides {
    /// Operations in one bulk request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_operations_max: Option<u32>,
    /// Bytes of the body of a bulk request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_payload_bytes_max: Option<u32>,
    /// Bytes of the body of any other request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_bytes_max: Option<u32>,
    /// Resources on a page when the client names no `count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size_default: Option<u32>,
    /// Resources on a page, whatever the client asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size_max: Option<u32>,
    /// SCIM requests in a second, with bursts of the same number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second_max: Option<u32>,
}

/// How a tenant's directory behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// Whether two groups may not have the same `displayName`, compared without case. Entra and
    /// Okta match groups by it.
    pub group_display_name_unique: bool,
    /// Whether two resources of a type may not have the same `externalId` (RFC 7643 §3.1 leaves
    /// that to the client).
    pub external_id_unique: bool,
    /// Whether requests that do not keep to the RFCs are refused where we would mend them.
    pub strict: bool,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self { group_display_name_unique: true, external_id_unique: false, strict: false }
    }
}
