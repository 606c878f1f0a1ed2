//! What is kept of a SCIM token, and what can be asked of it.

use scim::id::Id;

use crate::tenants::TenantKey;

/// A token as it is stored and listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimToken {
    /// Its tenant.
    pub tenant: TenantKey,
    /// Its tenant's id.
    pub tenant_id: Id,
    /// Its number, for writing down its use.
    pub pk: i64,
    /// `sct_…`.
    pub id: Id,
    /// A name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The first characters of the secret.
    pub prefix: String,
    /// The last four characters of the secret.
    pub last_four: String,
    /// Until when the secret before the last rotation is good.
    pub previous_until: Option<i64>,
    /// What it may do, as bits.
    pub scopes: i64,
    /// Addresses and networks that may use it; empty is any.
    pub allowed_ips: Vec<String>,
    /// Which product it is for.
    pub identity_provider: String,
    /// Whether it is switched on.
    pub is_active: bool,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// When it was issued.
    pub created_at: i64,
    /// Who issued it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// From where.
    pub last_used_ip: Option<String>,
    /// By which program.
    pub last_used_user_agent: Option<String>,
    /// How many requests were made with it.
    pub request_count: i64,
}

/// What is kept of a secret.
#[derive(Debug, Clone)]
pub struct SecretMark {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// Its first characters.
    pub prefix: String,
    /// Its last four characters.
    pub last_four: String,
}

/// What a new token begins with.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in ScimToken")]
pub struct NewToken {
    pub id: Id,
    pub name: String,
    pub description: Option<String>,
    pub secret: SecretMark,
    pub scopes: i64,
    pub allowed_ips: Vec<String>,
    pub identity_provider: String,
    pub expires_at: Option<i64>,
    pub created_by: String,
}

/// What to change about a token; `None` leaves it as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "as in ScimToken")]
pub struct TokenChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub expires_at: Option<Option<i64>>,
    pub scopes: Option<i64>,
    pub allowed_ips: Option<Vec<String>>,
    pub identity_provider: Option<String>,
    pub is_active: Option<bool>,
}

/// Where a token is in its life, at a given moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// It opens doors.
    Active,
    /// Switched off, and can be switched on again.
    Disabled,
    /// Its time is over.
    Expired,
    /// Revoked for good.
    Revoked,
}

/// Which tokens to list. Revoked ones are listed only when asked for.
#[derive(Debug, Clone, Default)]
pub struct TokenFilter {
    /// Only those of this tenant.
    pub tenant: Option<TenantKey>,
    /// Only those.
    pub status: Option<TokenStatus>,
    /// Those with this in name, description, prefix or last four characters.
    pub search: Option<String>,
    /// Revoked ones too.
    pub include_revoked: bool,
}

/// Which of a token's secrets was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// The one it has now.
    Current,
    /// The one before the last rotation.
    Previous,
}

impl ScimToken {
    /// Where it is in its life.
    #[must_use]
    pub fn status(&self, now: i64) -> TokenStatus {
        if self.revoked_at.is_some() {
            TokenStatus::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            TokenStatus::Expired
        } else if self.is_active {
            TokenStatus::Active
        } else {
            TokenStatus::Disabled
        }
    }
}

impl TokenStatus {
    /// All of them, and their names in the API.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("active", Self::Active),
        ("disabled", Self::Disabled),
        ("expired", Self::Expired),
        ("revoked", Self::Revoked),
    ];

    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}
