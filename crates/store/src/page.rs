//! Pages of the admin lists, which are short enough for counting and skipping.

use crate::error::StoreError;
use crate::sql::Stmt;
use crate::tx::{Param, Row, Tx};

/// Which rows of a list to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to skip.
    pub skip: u32,
    /// How many to read at most.
    pub take: u32,
}

/// A part of a list, and how long the whole list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Page {
    /// Runs `count`, and `select` with two more parameters than it: how many to take and to skip.
    pub(crate) async fn read<T: Send, const N: usize>(
        self,
        tx: &mut Tx,
        count: &Stmt,
        select: &Stmt,
        filter: [Param<'_>; N],
        row: impl FnMut(&Row<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Listed<T>, StoreError> {
        let total = tx.query_one(count, &filter, |row| row.int(0)).await?.unwrap_or(0);
        let mut params = filter.to_vec();
        params.extend([Param::from(self.take), Param::from(self.skip)]);
        let items = tx.query(select, &params, row).await?;
        Ok(Listed { items, total: total.cast_unsigned() })
    }
}

/// The LIKE pattern for "contains `text`", with `\` as the escape character.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.extend(c.to_lowercase());
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_searched_for_is_taken_literally() {
        assert_eq!(super::containing("50%_Ä\\"), "%50\\%\\_ä\\\\%");
    }
}
