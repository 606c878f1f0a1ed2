//! What a SCIM token may do.

use std::fmt;

use scim::schema::ResourceType;

/// What a SCIM token may do: a set of `users:read users:write groups:read groups:write bulk
/// resources:read resources:write`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Read users.
    pub const USERS_READ: Self = Self(1);
    /// Create, change and delete users.
    pub const USERS_WRITE: Self = Self(1 << 1);
    /// Read groups.
    pub const GROUPS_READ: Self = Self(1 << 2);
    /// Create, change and delete groups.
    pub const GROUPS_WRITE: Self = Self(1 << 3);
    /// Send bulk requests; each inner operation needs its own scope besides.
    pub const BULK: Self = Self(1 << 4);
    /// Read resources of types that the tenant has defined.
    pub const RESOURCES_READ: Self = Self(1 << 5);
    /// Create, change and delete resources of types that the tenant has defined.
    pub const RESOURCES_WRITE: Self = Self(1 << 6);
    /// Everything: what a token has unless told otherwise.
    pub const ALL: Self = Self(0b111_1111);
    /// Everything that changes nothing.
    pub const READ: Self = Self(Self::USERS_READ.0 | Self::GROUPS_READ.0 | Self::RESOURCES_READ.0);

    /// Each scope and its name.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("users:read", Self::USERS_READ),
        ("users:write", Self::USERS_WRITE),
        ("groups:read", Self::GROUPS_READ),
        ("groups:write", Self::GROUPS_WRITE),
        ("bulk", Self::BULK),
        ("resources:read", Self::RESOURCES_READ),
        ("resources:write", Self::RESOURCES_WRITE),
    ];

    /// What is needed to read resources of a type.
    #[must_use]
    pub fn to_read(resource_type: &ResourceType) -> Self {
        Self::of(resource_type, Self::USERS_READ, Self::GROUPS_READ, Self::RESOURCES_READ)
    }

    /// What is needed to create, change or delete resources of a type.
    #[must_use]
    pub fn to_write(resource_type: &ResourceType) -> Self {
        Self::of(resource_type, Self::USERS_WRITE, Self::GROUPS_WRITE, Self::RESOURCES_WRITE)
    }

    /// All types of a tenant's own share a scope, so that a client for devices need not be trusted with
    /// users.
    fn of(resource_type: &ResourceType, users: Self, groups: Self, resources: Self) -> Self {
        match &resource_type.id_prefix {
            b"usr" => users,
            b"grp" => groups,
            _ => resources,
        }
    }

    /// Whether all of `needed` is in here.
    #[must_use]
    pub const fn contains(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in here and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The scope of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, scope)| *scope)
    }

    /// The names of the scopes in here, in one fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(_, scope)| self.contains(*scope)).map(|(name, _)| name)
    }

    /// The number in which a row keeps them.
    #[must_use]
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// The inverse of [`Self::bits`]; bits of scopes that this version does not know are dropped.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(bits.to_le_bytes()[0] & Self::ALL.0)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}
