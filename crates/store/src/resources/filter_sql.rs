//! Filters as SQL: which index finds the candidates, what else a row tells, and what only the whole
//! resource can answer.
//!
//! The meaning of a comparison is that of [`scim::filter`]; a property test holds the two against
//! each other. Sets of keys are read once from an index and tested with `IN`: probing an index
//! for each row was measured 500 times slower.

mod fragment;
mod leaf;

use scim::filter::Condition;
use scim::schema::ResourceType;

#[cfg(doc)]
use crate::tx::Tx;

pub(crate) use fragment::{Fragment, Value};
pub(crate) use leaf::Place;

/// How much of an index is read to find keys. Less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// One row at most.
    Unique,
    /// The rows with one value.
    Point,
    /// The rows with values between two bounds.
    Range,
    /// The rows that were changed between two moments: [`Self::Range`] where there is an index for that
    /// ([`Tx::indexes_modified`]), else [`Self::Scan`].
    Modified,
    /// All of the index.
    Scan,
}

/// A set of keys, read from indexes.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) rank: Rank,
    /// Whether the condition holds for all of them; otherwise it does for some, but for no other.
    exact: bool,
    /// Statements that give keys: the set is all that any of them gives.
    pub(crate) parts: Vec<Fragment>,
}

/// A condition on a row; never NULL.
#[derive(Debug, Clone)]
enum Predicate {
    Always(bool),
    Sql(Fragment),
}

/// How to find the resources of a type for which a condition holds.
#[derive(Debug)]
pub(crate) struct Plan<'c, 'a> {
    /// No resource can be found.
    pub(crate) nothing: bool,
    /// Where the candidates are; `None` is all resources of the type.
    pub(crate) keys: Option<Keys>,
    /// What must hold for their rows.
    conditions: Vec<Fragment>,
    /// What must hold beyond that, for the whole resource.
    pub(crate) remaining: Vec<&'c Condition<'a>>,
}

impl<'c, 'a> Plan<'c, 'a> {
    /// The plan for all resources.
    pub(crate) fn everything() -> Self {
        Self { nothing: false, keys: None, conditions: Vec::new(), remaining: Vec::new() }
    }

    /// The plan for `condition`. The best index of its conjuncts gives the candidates.
    pub(crate) fn of(condition: &'c Condition<'a>, resource_type: &ResourceType) -> Self {
        let mut conjuncts = Vec::new();
        flatten(condition, &mut conjuncts);
        let candidates = conjuncts.iter().enumerate();
        let candidates = candidates.filter_map(|(place, conjunct)| Some((place, keys(conjunct, resource_type)?)));
        let best = candidates.min_by_key(|(_, keys)| keys.rank);
        let settled = best.as_ref().filter(|(_, keys)| keys.exact).map(|(place, _)| *place);

        let mut plan = Self { keys: best.map(|(_, keys)| keys), ..Self::everything() };
        for (place, conjunct) in conjuncts.into_iter().enumerate() {
            match predicate(conjunct, resource_type) {
                _ if settled == Some(place) => {}
                Some(Predicate::Always(true)) => {}
                Some(Predicate::Always(false)) => plan.nothing = true,
                Some(Predicate::Sql(sql)) => plan.conditions.push(sql),
                None => plan.remaining.push(conjunct),
            }
        }
        plan
    }

    /// Whether it finds every resource of the type.
    pub(crate) fn is_everything(&self) -> bool {
        !self.nothing && self.keys.is_none() && self.conditions.is_empty() && self.remaining.is_empty()
    }

    /// `FROM resources WHERE …` for the rows of the candidates.
    pub(crate) fn rows_found(&self) -> Fragment {
        let mut clause = match &self.keys {
            // The signs keep the planner of SQLite from preferring an index on tenant and type,
            // and then sorting: the keys come in order. OFFSET 0 keeps that of PostgreSQL from looking
            // at each row of the tenant for whether its key is among them.
            Some(keys) => Fragment::default()
                .and_texts(
                    " FROM resources WHERE +tenant = $1 AND +type = $2 AND pk IN (",
                    " FROM (SELECT DISTINCT pk AS key FROM (",
                )
                .and(&keys.sql())
                .and_texts(
                    ")",
                    ") AS found ORDER BY key OFFSET 0) AS keys CROSS JOIN LATERAL
                     (SELECT * FROM resources WHERE tenant = $1 AND type = $2 AND pk = keys.key OFFSET 0) AS resources
                     WHERE TRUE",
                ),
            None => Fragment::new(" FROM resources WHERE tenant = $1 AND type = $2", []),
        };
        for condition in &self.conditions {
            clause = clause.and_text(" AND ").and(condition);
        }
        clause
    }

    /// ` AND …` for the rows after the one with that key.
    pub(crate) fn after(&self, key: i64) -> Fragment {
        let postgres = if self.keys.is_some() { " AND key > ?" } else { " AND pk > ?" };
        Fragment::forked(" AND pk > ?", postgres, [Value::Int(key)])
    }

    /// `ORDER BY …` for the order of creation.
    pub(crate) fn in_order(&self) -> Fragment {
        // What PostgreSQL has of a row before it has read it.
        let postgres = if self.keys.is_some() { " ORDER BY key" } else { " ORDER BY pk" };
        Fragment::forked(" ORDER BY pk", postgres, [])
    }
}

impl Keys {
    /// One statement that gives the keys.
    fn sql(&self) -> Fragment {
        let mut parts = self.parts.iter();
        let first = parts.next().cloned().unwrap_or_default();
        parts.fold(first, |sql, part| sql.and_text(" UNION ").and(part))
    }
}

fn flatten<'c, 'a>(condition: &'c Condition<'a>, conjuncts: &mut Vec<&'c Condition<'a>>) {
    if let Condition::And(left, right) = condition {
        flatten(left, conjuncts);
        flatten(right, conjuncts);
    } else {
        conjuncts.push(condition);
    }
}

/// Keys among which all are for which `condition` holds.
fn keys(condition: &Condition<'_>, resource_type: &ResourceType) -> Option<Keys> {
    match condition {
        Condition::Compare(comparison) => leaf::keys(comparison, resource_type),
        Condition::Present(target) => leaf::keys_of_extension(target),
        Condition::Not(_) => None,
        Condition::And(left, right) => {
            let both = [keys(left, resource_type), keys(right, resource_type)];
            let best = both.into_iter().flatten().min_by_key(|keys| keys.rank)?;
            Some(Keys { exact: false, ..best })
        }
        Condition::Or(left, right) => {
            let (mut one, other) = (keys(left, resource_type)?, keys(right, resource_type)?);
            one.parts.extend(other.parts);
            // Two unique keys are two rows already.
            let rank = one.rank.max(other.rank).max(Rank::Point);
            Some(Keys { rank, exact: one.exact && other.exact, ..one })
        }
        // If some value fits all of the inner condition, then some value fits a part of it.
        Condition::Values(_, inner) => keys(inner, resource_type),
    }
}

fn predicate(condition: &Condition<'_>, resource_type: &ResourceType) -> Option<Predicate> {
    match condition {
        Condition::Compare(comparison) => leaf::predicate(comparison, resource_type),
        Condition::Present(target) => leaf::present(target, resource_type),
        Condition::And(left, right) => match (predicate(left, resource_type), predicate(right, resource_type)) {
            (Some(Predicate::Always(false)), _) | (_, Some(Predicate::Always(false))) => Some(Predicate::Always(false)),
            (Some(Predicate::Always(true)), other) | (other, Some(Predicate::Always(true))) => other,
            (left, right) => Some(Predicate::Sql(joined(left?, " AND ", right?)?)),
        },
        Condition::Or(left, right) => match (predicate(left, resource_type), predicate(right, resource_type)) {
            (Some(Predicate::Always(true)), _) | (_, Some(Predicate::Always(true))) => Some(Predicate::Always(true)),
            (Some(Predicate::Always(false)), other) | (other, Some(Predicate::Always(false))) => other,
            (left, right) => Some(Predicate::Sql(joined(left?, " OR ", right?)?)),
        },
        Condition::Not(inner) => Some(match predicate(inner, resource_type)? {
            Predicate::Always(value) => Predicate::Always(!value),
            Predicate::Sql(sql) => Predicate::Sql(sql.within("NOT (", ")")),
        }),
        Condition::Values(_, inner) => value_predicate(inner, resource_type),
    }
}

/// A condition in brackets: only where it does not matter that it is about one and the same value.
fn value_predicate(inner: &Condition<'_>, resource_type: &ResourceType) -> Option<Predicate> {
    match inner {
        // `ne` in brackets asks for a value that differs, outside for none that is equal or no value.
        Condition::Compare(comparison) if comparison.operator != scim::filter::Operator::Ne => {
            predicate(inner, resource_type)
        }
        Condition::Or(left, right) => {
            match (value_predicate(left, resource_type)?, value_predicate(right, resource_type)?) {
                (Predicate::Always(true), _) | (_, Predicate::Always(true)) => Some(Predicate::Always(true)),
                (Predicate::Always(false), other) | (other, Predicate::Always(false)) => Some(other),
                (left, right) => Some(Predicate::Sql(joined(left, " OR ", right)?)),
            }
        }
        Condition::Compare(_)
        | Condition::Present(_)
        | Condition::And(..)
        | Condition::Not(_)
        | Condition::Values(..) => None,
    }
}

/// The numbers of the indexes that could be used for `condition`.
pub(crate) fn collect_indexes(condition: &Condition<'_>, resource_type: &ResourceType, found: &mut Vec<u32>) {
    match condition {
        Condition::And(left, right) | Condition::Or(left, right) => {
            collect_indexes(left, resource_type, found);
            collect_indexes(right, resource_type, found);
        }
        Condition::Not(inner) | Condition::Values(_, inner) => collect_indexes(inner, resource_type, found),
        Condition::Present(target) => found.extend(leaf::presence(target)),
        Condition::Compare(comparison) => {
            if let Some(Place::Indexed(number)) = Place::of(&comparison.target, resource_type) {
                found.push(number);
            }
        }
    }
}

fn joined(left: Predicate, word: &'static str, right: Predicate) -> Option<Fragment> {
    match (left, right) {
        (Predicate::Sql(left), Predicate::Sql(right)) => Some(left.and_text(word).and(&right).within("(", ")")),
        _ => None,
    }
}
