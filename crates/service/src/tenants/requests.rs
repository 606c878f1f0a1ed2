//! What may be asked about tenants.

use store::tenants::{LimitOverrides, RequestLogging, TenantSettings, TenantStatus};

use crate::form::{self, Form, FromForm};
use crate::page::PageRequest;

/// A request for a new tenant.
#[derive(Debug, Clone)]
pub struct CreateTenant {
    /// A name for people.
    pub name: String,
    /// The readable name in URLs; made of the name when absent.
    pub slug: Option<String>,
    /// Limits of its own.
    pub limits: LimitChange,
    /// Settings that differ from the defaults.
    pub settings: SettingChange,
}

/// A request for a tenant that a file holds.
#[derive(Debug, Clone, Default)]
pub struct ImportTenant {
    /// The readable name in URLs; the one in the file when absent.
    pub slug: Option<String>,
}

/// A request to change a tenant; `None` leaves things as they are.
#[derive(Debug, Clone, Default)]
pub struct UpdateTenant {
    /// A name for people.
    pub name: Option<String>,
    /// The readable name in URLs.
    pub slug: Option<String>,
    /// Whether its routes answer.
    pub status: Option<TenantStatus>,
    /// Limits of its own.
    pub limits: LimitChange,
    /// How its directory behaves.
    pub settings: SettingChange,
}

/// Changes of limits: `Some(None)` goes back to the deployment's.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "as in Limits")]
pub struct LimitChange {
    pub bulk_operations_max: Option<Option<u32>>,
    pub bulk_payload_bytes_max: Option<Option<u32>>,
    pub payload_bytes_max: Option<Option<u32>>,
    pub page_size_default: Option<Option<u32>>,
    pub page_size_max: Option<Option<u32>>,
    pub requests_per_second_max: Option<Option<u32>>,
}

/// Changes of settings.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "as in TenantSettings")]
pub struct SettingChange {
    pub group_display_name_unique: Option<bool>,
    pub external_id_unique: Option<bool>,
    pub strict: Option<bool>,
    pub request_log: Option<RequestLogging>,
}

/// Which tenants to list.
#[derive(Debug, Clone)]
pub struct ListTenants {
    /// Which page.
    pub page: PageRequest,
    /// Only those of this status; without it all that are not deleted.
    pub status: Option<TenantStatus>,
    /// Those with this in name or slug.
    pub search: Option<String>,
}

/// What a slug looks like: a DNS label (RFC 1035 §2.3.1), which may begin with a digit.
fn check_slug(slug: &str) -> Result<(), &'static str> {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && slug.len() <= 63 && !slug.starts_with('-') && !slug.ends_with('-') {
        Ok(())
    } else {
        Err("a slug is 1 to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen")
    }
}

/// A slug made of a name, if there is a letter or digit in it.
pub(super) fn slug_of(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(63).collect();
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

impl FromForm for CreateTenant {
    fn from_form(form: &mut Form) -> Option<Self> {
        let name = form.required("name", form::name(255));
        let slug = form.optional("slug", form::checked(63, check_slug));
        let limits = LimitChange::read(form);
        let settings = SettingChange::read(form);
        Some(Self { name: name?, slug, limits, settings })
    }
}

impl FromForm for ImportTenant {
    fn from_form(form: &mut Form) -> Option<Self> {
        Some(Self { slug: form.optional("slug", form::checked(63, check_slug)) })
    }
}

impl FromForm for UpdateTenant {
    fn from_form(form: &mut Form) -> Option<Self> {
        const STATUS: &[(&str, TenantStatus)] =
            &[("active", TenantStatus::Active), ("suspended", TenantStatus::Suspended)];
        Some(Self {
            name: form.settable("name", form::name(255)),
            slug: form.settable("slug", form::checked(63, check_slug)),
            status: form.settable("status", form::one_of(STATUS)),
            limits: LimitChange::read(form),
            settings: SettingChange::read(form),
        })
    }
}

impl FromForm for ListTenants {
    fn from_form(form: &mut Form) -> Option<Self> {
        const STATUS: &[(&str, TenantStatus)] = &[
            ("active", TenantStatus::Active),
            ("suspended", TenantStatus::Suspended),
            ("deleted", TenantStatus::Deleted),
        ];
        let page = PageRequest::read(form);
        let status = form.optional("status", form::one_of(STATUS));
        let search = form.optional("search", form::text(0, 255));
        Some(Self { page, status, search })
    }
}

impl UpdateTenant {
    /// The names of what it changes, for the audit.
    pub(super) fn changed(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("slug", self.slug.is_some()),
            ("status", self.status.is_some()),
            ("limits", self.limits.changes_something()),
            ("settings", self.settings.changes_something()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

impl LimitChange {
    fn read(form: &mut Form) -> Self {
        const MIB: u32 = 1024 * 1024;
        let mut change = Self::default();
        form.nested("limits", |form| {
            change = Self {
                bulk_operations_max: form.clearable("bulk_operations_max", form::integer(1, 100_000)),
                bulk_payload_bytes_max: form.clearable("bulk_payload_bytes_max", form::integer(1024, 256 * MIB)),
                payload_bytes_max: form.clearable("payload_bytes_max", form::integer(1024, 256 * MIB)),
                page_size_default: form.clearable("page_size_default", form::integer(1, 10_000)),
                page_size_max: form.clearable("page_size_max", form::integer(1, 10_000)),
                requests_per_second_max: form.clearable("requests_per_second_max", form::integer(0, 1_000_000)),
            };
        });
        change
    }

    pub(super) fn on(self, own: LimitOverrides) -> LimitOverrides {
        LimitOverrides {
            bulk_operations_max: self.bulk_operations_max.unwrap_or(own.bulk_operations_max),
            bulk_payload_bytes_max: self.bulk_payload_bytes_max.unwrap_or(own.bulk_payload_bytes_max),
            payload_bytes_max: self.payload_bytes_max.unwrap_or(own.payload_bytes_max),
            page_size_default: self.page_size_default.unwrap_or(own.page_size_default),
            page_size_max: self.page_size_max.unwrap_or(own.page_size_max),
            requests_per_second_max: self.requests_per_second_max.unwrap_or(own.requests_per_second_max),
        }
    }

    pub(super) fn changes_something(self) -> bool {
        self.bulk_operations_max.is_some()
            || self.bulk_payload_bytes_max.is_some()
            || self.payload_bytes_max.is_some()
            || self.page_size_default.is_some()
            || self.page_size_max.is_some()
            || self.requests_per_second_max.is_some()
    }
}

impl SettingChange {
    fn read(form: &mut Form) -> Self {
        let mut change = Self::default();
        form.nested("settings", |form| {
            change = Self {
                group_display_name_unique: form.settable("group_display_name_unique", form::boolean),
                external_id_unique: form.settable("external_id_unique", form::boolean),
                strict: form.settable("strict", form::boolean),
                request_log: form.settable("request_log", form::one_of(&RequestLogging::NAMES)),
            };
        });
        change
    }

    pub(super) fn on(self, own: TenantSettings) -> TenantSettings {
        TenantSettings {
            group_display_name_unique: self.group_display_name_unique.unwrap_or(own.group_display_name_unique),
            external_id_unique: self.external_id_unique.unwrap_or(own.external_id_unique),
            strict: self.strict.unwrap_or(own.strict),
            request_log: self.request_log.unwrap_or(own.request_log),
        }
    }

    pub(super) fn changes_something(self) -> bool {
        self.group_display_name_unique.is_some()
            || self.external_id_unique.is_some()
            || self.strict.is_some()
            || self.request_log.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::Limits;

    #[test]
    fn a_slug_is_a_dns_label() {
        for good in ["a", "acme", "acme-2", "0x", &"a".repeat(63)] {
            assert_eq!(check_slug(good), Ok(()), "{good}");
        }
        for bad in ["Acme", "acme_2", "-a", "a-", "a.b", "ä", "a b", "../x", &"a".repeat(64)] {
            assert!(check_slug(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slug_made_of_a_name_is_a_good_one() {
        assert_eq!(slug_of("Acme Corp. (EU)"), Some("acme-corp-eu".into()));
        assert_eq!(slug_of("日本"), None);
        let long = slug_of(&"ab ".repeat(100)).unwrap();
        assert_eq!(check_slug(&long), Ok(()));
    }

    #[test]
    fn a_limit_that_is_cleared_follows_the_deployment_again() {
        let own = LimitOverrides { page_size_max: Some(5), ..LimitOverrides::default() };
        assert_eq!(Limits::default().with(own).page_size_default, 5);

        let cleared = LimitChange { page_size_max: Some(None), ..LimitChange::default() }.on(own);

        assert_eq!(Limits::default().with(cleared), Limits::default());
    }
}
