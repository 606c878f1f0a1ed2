//! What the workloads need besides users: groups, and cursors.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::connection::Connection;
use crate::sizes::Sizes;
use crate::user;
use crate::workload::{Target, Workload};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Users on a page on the way to a cursor.
const STRIDE: usize = 1000;

/// Two tenants, ready to be asked.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The largest tenant. Its users belong to no group, as those of the smaller ones do not.
    pub(crate) main: Arc<Target>,
    /// A tenant with groups.
    pub(crate) grouped: Arc<Target>,
    /// Numbers of members, and ids, the largest last.
    pub(crate) groups: Vec<(usize, String)>,
    /// How many users of the largest tenant are before them, the deepest last.
    pub(crate) cursors: Vec<(usize, String)>,
}

impl Prepared {
    /// Which of the two a workload is for.
    pub(crate) fn target(&self, workload: &Workload) -> &Arc<Target> {
        match workload {
            Workload::Member(_) | Workload::Group(_) => &self.grouped,
            _ => &self.main,
        }
    }
}

pub(crate) async fn prepare(main: Arc<Target>, grouped: Arc<Target>, sizes: &Sizes) -> Prepared {
    let mut connection = Connection::open(&main.address).await;
    let mut groups = Vec::new();
    for size in &sizes.groups {
        groups.push((*size, group(&mut connection, &grouped, *size).await));
    }
    let users = main.tenant.users;
    let mut depths: Vec<usize> =
        std::iter::successors(Some(100), |depth| Some(depth * 10)).take_while(|depth| depth * 2 < users).collect();
    depths.push(users * 9 / 10);
    let cursors = cursors(&mut connection, &main, &depths).await;
    eprintln!("  {} groups, {} cursors", groups.len(), cursors.len());
    Prepared { main, grouped, groups, cursors }
}

async fn group(connection: &mut Connection, target: &Target, members: usize) -> String {
    let members: Vec<Value> = (0..members).map(|number| json!({ "value": user::id(number).to_string() })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": format!("Group of {}", members.len()), "members": members });
    let mut request = target.request();
    request.write("POST", "/Groups?attributes=id", Some(body.to_string().as_bytes()));
    let answer = connection.ask(request.bytes()).await;
    assert_eq!(answer.status, 201, "{:.500}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Cursors at these depths, which go up.
async fn cursors(connection: &mut Connection, target: &Target, depths: &[usize]) -> Vec<(usize, String)> {
    let mut request = target.request();
    let (mut cursors, mut cursor, mut seen) = (Vec::new(), String::new(), 0);
    for depth in depths {
        while seen < *depth {
            let count = (depth - seen).min(STRIDE);
            request.write("GET", &format!("/Users?attributes=id&count={count}&cursor={cursor}"), None);
            let answer = connection.ask(request.bytes()).await;
            assert_eq!(answer.status, 200, "{:.500}", answer.text());
            answer.json()["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
            seen += count;
        }
        cursors.push((*depth, cursor.clone()));
    }
    cursors
}
