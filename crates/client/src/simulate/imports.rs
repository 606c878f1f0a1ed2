//! Reading all users and groups, a page after the other, each once.

use std::collections::BTreeSet;

use crate::ask::Ask;
use crate::document::text;
use crate::simulate::expect::page;
use crate::simulate::finding::{Need, Otherwise};
use crate::simulate::session::Session;

/// More pages are not read: the server may show the same for ever.
const PAGES_MAX: usize = 10_000;

/// Reads all users, then all groups, so many on a page.
pub(crate) async fn run(session: &Session<'_>, page_size: usize) {
    for (phase, endpoint) in [("import users", "/Users"), ("import groups", "/Groups")] {
        // None: we were told to stop.
        let _stopped = import(session, phase, endpoint, page_size).await;
    }
}

async fn import(session: &Session<'_>, phase: &'static str, endpoint: &str, page_size: usize) -> Option<()> {
    let mut seen = BTreeSet::new();
    let mut start_index = 1;
    for _ in 0..PAGES_MAX {
        let ask = Ask::get(format!("{endpoint}?startIndex={start_index}&count={page_size}"));
        let step = session.step(phase, ask).await?;
        let mut total = 0;
        let mut listed = 0;
        let goes_on = step.needs(&PAGED, |answer| {
            let page = page(answer)?;
            (total, listed) = (page.total, page.resources.len());
            let mut is_new = |id: &str| !id.is_empty() && seen.insert(id.to_owned());
            let again = page.resources.iter().map(|resource| text(resource, &["id"])).filter(|id| !is_new(id)).count();
            if again > 0 {
                return Err(format!("{again} of a page of {listed} were on a page before, or have no id"));
            }
            if listed > page_size {
                return Err(format!("{listed} resources on a page of {page_size}"));
            }
            Ok(())
        });
        session.tell(phase, seen.len(), usize::try_from(total).unwrap_or(usize::MAX));
        start_index += page_size;
        let has_more = u64::try_from(start_index).is_ok_and(|next| next <= total);
        if !goes_on || !has_more {
            step.needs(&COMPLETE, |_| {
                let missing = session.made.of(endpoint).into_iter().filter(|id| !seen.contains(id)).count();
                if missing == 0 { Ok(()) } else { Err(format!("{missing} of those that were created are on no page")) }
            });
            return Some(());
        }
    }
    Some(())
}

static PAGED: Need = Need {
    id: "import-pages",
    wanted: "pages no larger than count, by startIndex, whole numbers in the counters, nobody twice",
    otherwise: Otherwise::Import,
};
static COMPLETE: Need = Need {
    id: "import-complete",
    wanted: "everybody who was created on one of the pages",
    otherwise: Otherwise::Import,
};
