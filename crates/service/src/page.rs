//! Pages of the admin lists: `page` from 1, `per_page` from 1 to 100.

use store::page::{Listed, Page};

use crate::form::{self, Form};

/// How many entries a page has when the client does not say.
pub const PER_PAGE_DEFAULT: u32 = 50;
/// How many entries a page has at most.
pub const PER_PAGE_MAX: u32 = 100;
/// The last page that can be asked for.
pub const PAGE_MAX: u32 = 1_000_000;

/// Which page a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub page: u32,
    /// How many entries.
    pub per_page: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOf<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many entries there are on all pages.
    pub total: u64,
    /// Which page it is.
    pub page: u32,
    /// How many entries a page has.
    pub per_page: u32,
    /// How many pages there are.
    pub pages: u64,
}

impl PageRequest {
    pub(crate) fn read(form: &mut Form) -> Self {
        Self {
            page: form.optional("page", form::integer_text(1, PAGE_MAX)).unwrap_or(1),
            per_page: form.optional("per_page", form::integer_text(1, PER_PAGE_MAX)).unwrap_or(PER_PAGE_DEFAULT),
        }
    }

    pub(crate) fn rows(self) -> Page {
        Page { skip: (self.page - 1) * self.per_page, take: self.per_page }
    }

    pub(crate) fn of<T, U>(self, listed: Listed<T>, each: impl FnMut(T) -> U) -> PageOf<U> {
        PageOf {
            items: listed.items.into_iter().map(each).collect(),
            total: listed.total,
            page: self.page,
            per_page: self.per_page,
            pages: listed.total.div_ceil(self.per_page.into()),
        }
    }
}
