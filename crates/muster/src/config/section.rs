//! What a section of the configuration is, and the macro that declares one: fields, defaults and
//! documentation in one place, so that the reference and `check-config` cannot disagree with the code.

use super::sources::Given;

/// A setting as the reference and `check-config` see it.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file: `listen`, `limits.page_size_max`.
    pub(crate) key: &'static str,
    /// Text that its type reads; empty for "not set".
    pub(crate) default: &'static str,
    /// What to write.
    pub(crate) kind: &'static str,
    /// Markdown, a line per doc comment line.
    pub(crate) doc: &'static [&'static str],
}

impl Setting {
    /// Its name in the environment: `limits.page_size_max` is `MUSTER_LIMITS_PAGE_SIZE_MAX`.
    pub(crate) fn environment(&self) -> String {
        format!("MUSTER_{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// A group of settings, a table in the file.
pub(crate) trait Section: Sized {
    /// What the group is for.
    const DOC: &'static [&'static str];
    /// Its settings in the order of their declaration.
    const SETTINGS: &'static [Setting];

    /// Reads each setting from what was given, or its default; adds a line per bad value to `problems`.
    fn read(given: &Given, problems: &mut Vec<String>) -> Self;

    /// Key and text of each setting, secrets masked.
    fn show(&self) -> Vec<(&'static str, String)>;
}

/// Declares a section: a struct whose fields say type, default and documentation once.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $name:ident {
            $($(#[doc = $doc:literal])+ $key:literal $field:ident: $type:ty = $default:literal,)+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            $($(#[doc = $doc])+ pub(crate) $field: $type,)+
        }

        impl $crate::config::section::Section for $name {
            const DOC: &'static [&'static str] = &[$($section_doc),+];
            const SETTINGS: &'static [$crate::config::section::Setting] = &[$(
                $crate::config::section::Setting {
                    key: $key,
                    default: $default,
                    kind: <$type as $crate::config::value::Value>::KIND,
                    doc: &[$($doc),+],
                },
            )+];

            fn read(given: &$crate::config::sources::Given, problems: &mut Vec<String>) -> Self {
                Self { $($field: given.read($key, $default, problems),)+ }
            }

            fn show(&self) -> Vec<(&'static str, String)> {
                vec![$(($key, $crate::config::value::Value::show_masked(&self.$field)),)+]
            }
        }
    };
}

pub(crate) use section;
