//! What the reading workloads read.

use super::found::Found;
use super::{Measuring, some};
use crate::raw::{Read, Value};
use crate::{rows, user};

/// Requests of the kind that lists are, for one that is not.
const LIST_IS: usize = 20;

impl Found {
    /// With the part of all rounds that is enough.
    pub(super) fn reads(&self, measuring: &Measuring<'_>) -> Vec<(&'static str, Read, usize)> {
        let users = measuring.prepared.main.lasting();
        let (tenant, user_type, email, deep) =
            (Value::Int(self.tenant), Value::Int(self.user_type), Value::Int(self.email), Value::Int(self.deep));
        let some = move |round: usize| some(round, users);
        let text = |value: String| Value::Text(value);
        let row = "r.pk, r.id, r.type, r.version, r.created, r.modified, r.body";
        let of_type = format!("SELECT {row} FROM resources AS r WHERE r.tenant = $1 AND r.type = $2 AND");
        let by_id = format!("SELECT {row} FROM resources AS r WHERE r.tenant = $1 AND r.id = $2");
        let by_email = format!(
            "SELECT {row} FROM attribute_values AS v JOIN resources AS r ON r.tenant = v.tenant AND r.pk = v.pk
             WHERE v.tenant = $1 AND v.attribute = $2 AND v.value = $3"
        );
        let page = format!("{of_type} r.pk > $3 ORDER BY r.pk LIMIT 100");
        let read = |sql: &str, params: Vec<Value>, last: Box<dyn Fn(usize) -> Value>| Read {
            sql: sql.to_owned(),
            params: Box::new(move |round| params.iter().cloned().chain([last(round)]).collect()),
        };
        let group = self.group.value("id").clone();
        let name = move |round| format!("user{}@example.com", user::digits(some(round)));
        let typed = || vec![tenant.clone(), user_type.clone()];
        vec![
            (
                rows::GET,
                read(
                    &by_id,
                    vec![tenant.clone()],
                    Box::new(move |round| Value::Bytes(user::id(some(round)).to_bytes().to_vec())),
                ),
                1,
            ),
            (
                rows::USER_NAME,
                read(&format!("{of_type} r.user_name = $3"), typed(), Box::new(move |round| text(name(round)))),
                1,
            ),
            (
                rows::EXTERNAL_ID,
                read(
                    &format!("{of_type} r.external_id = $3"),
                    typed(),
                    Box::new(move |round| text(format!("ext-{}", user::digits(some(round))))),
                ),
                1,
            ),
            (rows::EMAIL, read(&by_email, vec![tenant.clone(), email], Box::new(move |round| text(name(round)))), 1),
            (
                rows::NOBODY,
                read(
                    &format!("{of_type} r.user_name = $3"),
                    typed(),
                    Box::new(move |round| text(format!("nobody{}", name(round)))),
                ),
                1,
            ),
            (rows::FIRST_PAGE, read(&page, typed(), Box::new(|_| Value::Int(0))), LIST_IS),
            (
                rows::PAGE,
                read(
                    &page,
                    typed(),
                    Box::new({
                        let deep = deep.clone();
                        move |_| deep.clone()
                    }),
                ),
                LIST_IS,
            ),
            (rows::INDEX, read(&page, typed(), Box::new(move |_| deep.clone())), LIST_IS),
            (rows::GROUP, read(&by_id, vec![Value::Int(self.group_tenant)], Box::new(move |_| group.clone())), 1),
        ]
    }
}
