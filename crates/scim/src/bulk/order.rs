//! In which order operations run: each after those it needs, those that need each other at once,
//! and otherwise as the client wrote them down.
//!
//! "the service provider MUST ensure that the client's intent is preserved and the same stateful
//! result is achieved as for non-optimized processing" (RFC 7644 §3.7).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::draft::{Draft, Intent, Verb};
use super::references::References;
use crate::id::ResourceId;

/// How the operations of a request hang together.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// What each refers to: places, each once, ascending.
    needs: Vec<Vec<usize>>,
    /// Pairs that keep their order though neither needs the other.
    after: Vec<(usize, usize)>,
    /// The last PUT, PATCH or DELETE of each resource so far.
    last_change: HashMap<ResourceId, usize>,
}

impl Links {
    /// Takes in the next operation, and what it refers to; nothing if it will be refused. It keeps
    /// its place before later DELETEs of what it refers to, lest it waits for something else and
    /// then finds that gone.
    pub(super) fn note(&mut self, draft: &Draft, references: Option<References<'_>>) {
        let index = self.needs.len();
        let Some(References { mut needs, deletes_named, .. }) = references else {
            self.needs.push(Vec::new());
            return;
        };
        needs.sort_unstable();
        needs.dedup();
        needs.retain(|need| *need != index);
        self.needs.push(needs);
        self.after.extend(deletes_named.iter().filter(|delete| **delete > index).map(|delete| (index, *delete)));
        let Ok(Intent { verb: Verb::Replace | Verb::Patch | Verb::Delete, target: Some(id), .. }) = &draft.intent
        else {
            return;
        };
        if let Some(before) = self.last_change.insert(*id, index) {
            self.after.push((before, index));
        }
    }

    /// The places of each unit, in the order in which they run, and what each place needs.
    pub(super) fn into_groups(self) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        (groups(&self.needs, &self.after), self.needs)
    }
}

/// Puts operations into groups that run one after the other; within a group, places ascend.
///
/// `needs[i]` are the places that operation `i` refers to; circles among them become one group.
/// `after` are pairs `(first, second)` that only keep an order. They never contradict `needs`:
/// `second` is no POST, and only POSTs are needed.
///
/// Among the groups that could run, the one goes first whose last operation stands first in the
/// request. So what waits for later operations waits no longer than it must, and a circle
/// behaves like a reference forward: it never overtakes what stands before its end.
///
/// Costs O((n + e) log n), and no recursion: a circle may have as many operations as a request.
fn groups(needs: &[Vec<usize>], after: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let component = components(needs);
    let mut members = vec![Vec::new(); component.iter().max().map_or(0, |last| last + 1)];
    for (place, component) in component.iter().enumerate() {
        members[*component].push(place);
    }

    let needed = needs.iter().enumerate().flat_map(|(second, firsts)| firsts.iter().map(move |first| (*first, second)));
    let mut followers = vec![Vec::new(); members.len()];
    let mut waits_for = vec![0_usize; members.len()];
    for (first, second) in needed.chain(after.iter().copied()) {
        let (first, second) = (component[first], component[second]);
        if first != second {
            followers[first].push(second);
            waits_for[second] += 1;
        }
    }

    let turn = |group: usize| Reverse((members[group].last().copied(), group));
    let mut ready: BinaryHeap<_> = (0..members.len()).filter(|group| waits_for[*group] == 0).map(turn).collect();
    let mut order = Vec::with_capacity(members.len());
    while let Some(Reverse((_, group))) = ready.pop() {
        order.push(group);
        for follower in &followers[group] {
            waits_for[*follower] -= 1;
            if waits_for[*follower] == 0 {
                ready.push(turn(*follower));
            }
        }
    }
    order.into_iter().map(|group| std::mem::take(&mut members[group])).collect()
}

/// Numbers the strongly connected components: Tarjan's algorithm, with a stack of its own.
fn components(needs: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let mut search = Search {
        entered: vec![UNSEEN; needs.len()],
        lowest: vec![0; needs.len()],
        open: Vec::new(),
        is_open: vec![false; needs.len()],
        component: vec![0; needs.len()],
        entries: 0,
        components: 0,
    };
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in 0..needs.len() {
        if search.entered[start] != UNSEEN {
            continue;
        }
        search.enter(start);
        path.push((start, 0));
        while let Some((place, edge)) = path.last_mut() {
            let place = *place;
            if let Some(next) = needs[place].get(*edge) {
                *edge += 1;
                if search.entered[*next] == UNSEEN {
                    search.enter(*next);
                    path.push((*next, 0));
                } else if search.is_open[*next] {
                    search.lowest[place] = search.lowest[place].min(search.entered[*next]);
                }
            } else {
                path.pop();
                if let Some((parent, _)) = path.last() {
                    search.lowest[*parent] = search.lowest[*parent].min(search.lowest[place]);
                }
                search.leave(place);
            }
        }
    }
    search.component
}

/// The state of the search for components.
struct Search {
    /// When each place was entered.
    entered: Vec<usize>,
    /// The earliest entry that can be reached from each place, as far as known.
    lowest: Vec<usize>,
    /// Places whose component is not complete.
    open: Vec<usize>,
    is_open: Vec<bool>,
    component: Vec<usize>,
    entries: usize,
    components: usize,
}

impl Search {
    fn enter(&mut self, place: usize) {
        self.entered[place] = self.entries;
        self.lowest[place] = self.entries;
        self.entries += 1;
        self.open.push(place);
        self.is_open[place] = true;
    }

    /// Closes the component that `place` is the root of, if it is one.
    fn leave(&mut self, place: usize) {
        if self.lowest[place] != self.entered[place] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.is_open[member] = false;
            self.component[member] = self.components;
            if member == place {
                break;
            }
        }
        self.components += 1;
    }
}
