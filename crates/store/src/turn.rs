//! Among whom a write waits for its turn.

use crate::tenants::TenantKey;

/// For whom a write is done. Writes of the same turn are done in the order in which they come; those of
/// different ones take turns, so that nobody waits for all that somebody else has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// A tenant's request: somebody waits for its answer.
    Request(TenantKey),
    /// A part of a tenant's long work, behind which more parts come: of a bulk request.
    Slice(TenantKey),
    /// For nobody in particular: administration, logs, upkeep.
    House,
}
