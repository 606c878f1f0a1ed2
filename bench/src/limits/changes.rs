//! What the changing workloads write.

use super::found::Found;
use super::some;
use crate::raw::{FIRST, Kind, Params, Step, Value};
use crate::user::{self, PATTERN};

impl Found {
    /// New users: their rows, and that they were created.
    pub(super) fn create(&self) -> Vec<Step> {
        let rows = self.rows.iter().chain(&self.created);
        rows.map(|sample| Step::insert(sample, self.user, self.free)).collect()
    }

    /// Changes in users who have long been there: `users` of them, here and there.
    pub(super) fn patch(&self, users: usize) -> Vec<Step> {
        let tenant = self.tenant;
        let body = self.rows[0].value("body").clone();
        let id = move |request| Value::Bytes(user::id(some(request, users)).to_bytes().to_vec());
        let mut steps = vec![
            Step::new(
                "SELECT pk, version, body FROM resources WHERE tenant = $1 AND id = $2",
                "SELECT r.pk, r.version, r.body FROM {given} CROSS JOIN LATERAL
                 (SELECT * FROM resources WHERE tenant = given.c1 AND id = given.c2 OFFSET 0) AS r",
                &[Kind::Int, Kind::Bytes],
                Box::new(move |request| vec![Value::Int(tenant), id(request)]),
            ),
            Step::new(
                "UPDATE resources SET version = version + 1, modified = modified + 1, body = $3
                 WHERE tenant = $1 AND id = $2",
                "UPDATE resources AS r SET version = r.version + 1, modified = r.modified + 1, body = given.c3
                 FROM {given} WHERE r.tenant = given.c1 AND r.id = given.c2",
                &[Kind::Int, Kind::Bytes, Kind::Text],
                Box::new(move |request| vec![Value::Int(tenant), id(request), body.clone()]),
            ),
        ];
        // Their events come after those of all that were created.
        steps.extend(self.patched.iter().map(|sample| Step::insert(sample, self.user, self.free + 10_000_000)));
        steps
    }

    /// Who comes, and who goes.
    pub(super) fn member(&self) -> (Vec<Step>, Vec<Step>) {
        let (tenant, group) = (self.group_tenant, self.group.int("pk"));
        let touch = || {
            Step::new(
                "UPDATE resources SET version = version + 1, modified = modified + 1 WHERE tenant = $1 AND pk = $2",
                "UPDATE resources AS r SET version = r.version + 1, modified = r.modified + 1
                 FROM {given} WHERE r.tenant = given.c1 AND r.pk = given.c2",
                &[Kind::Int, Kind::Int],
                Box::new(move |_| vec![Value::Int(tenant), Value::Int(group)]),
            )
        };
        let params = || -> Params {
            let members = self.members.clone();
            Box::new(move |request| vec![Value::Int(tenant), Value::Int(group), Value::Int(members[request])])
        };
        let kinds = [Kind::Int; 3];
        let come = Step::new(
            "INSERT INTO members (tenant, group_pk, member_pk) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            "INSERT INTO members (tenant, group_pk, member_pk) SELECT * FROM {given} ON CONFLICT DO NOTHING",
            &kinds,
            params(),
        );
        let go = Step::new(
            "DELETE FROM members WHERE tenant = $1 AND group_pk = $2 AND member_pk = $3",
            "DELETE FROM members AS m USING {given}
             WHERE m.tenant = given.c1 AND m.group_pk = given.c2 AND m.member_pk = given.c3",
            &kinds,
            params(),
        );
        let events = |from: i64| -> Vec<Step> {
            self.group_changed.iter().map(|sample| Step::insert(sample, self.user, self.free + from)).collect()
        };
        let with = |first: Step, from: i64| [first, touch()].into_iter().chain(events(from)).collect();
        (with(come, 20_000_000), with(go, 30_000_000))
    }

    /// The users of [`Self::create`] go.
    pub(super) fn delete(&self) -> Vec<Step> {
        let (tenant, free) = (self.tenant, self.free);
        let pk = move |request: usize| Value::Int(free + request as i64);
        let mut steps = Vec::new();
        for row in self.rows.iter().filter(|row| row.table == "attribute_values") {
            let (attribute, value) = (row.int("attribute"), row.value("value").clone());
            let value = move |request| match &value {
                Value::Text(text) => Value::Text(text.replace(PATTERN, &user::digits(FIRST + request))),
                other => other.clone(),
            };
            steps.push(Step::new(
                "DELETE FROM attribute_values WHERE tenant = $1 AND attribute = $2 AND value = $3 AND pk = $4",
                "DELETE FROM attribute_values AS v USING {given} WHERE v.tenant = given.c1
                 AND v.attribute = given.c2 AND v.value = given.c3 AND v.pk = given.c4",
                &[Kind::Int, Kind::Int, Kind::Text, Kind::Int],
                Box::new(move |request| vec![Value::Int(tenant), Value::Int(attribute), value(request), pk(request)]),
            ));
        }
        for (table, column) in [("members", "member_pk"), ("resources", "pk")] {
            steps.push(Step::new(
                &format!("DELETE FROM {table} WHERE tenant = $1 AND {column} = $2"),
                &format!(
                    "DELETE FROM {table} AS r USING {{given}} WHERE r.tenant = given.c1 AND r.{column} = given.c2"
                ),
                &[Kind::Int, Kind::Int],
                Box::new(move |request| vec![Value::Int(tenant), pk(request)]),
            ));
        }
        steps.extend(self.created.iter().map(|sample| Step::insert(sample, self.user, self.free + 40_000_000)));
        steps
    }
}
