//! Tenants with many users. One user is made over HTTP; the others are like it, and come in the way in which a
//! tenant is moved from one database to another, which makes every index and count anew.

use std::fmt::Write as _;
use std::io::{BufReader, Cursor, Read};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use scim::id::Id;
use scim::schema::core;
use serde_json::{Value, json};
use service::secret::{SCIM_TOKEN, TokenSecret};
use sha2::{Digest, Sha256};
use store::Store;
use store::transfer::import::{Place, import};

use crate::connection::Connection;
use crate::request::Request;
use crate::server::Home;
use crate::user::{self, PATTERN};

/// A tenant to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Tells it from all others in its home.
    pub(crate) number: usize,
    pub(crate) users: usize,
    pub(crate) tokens: usize,
    /// What the request log keeps; `None` is what is usual.
    pub(crate) request_log: Option<&'static str>,
}

impl Tenant {
    pub(crate) fn slug(&self) -> String {
        format!("bench-{}", self.number)
    }

    /// One of its tokens.
    pub(crate) fn token(&self, token: usize) -> String {
        self.secret(token).reveal().to_owned()
    }

    fn secret(&self, token: usize) -> TokenSecret {
        let random: [u8; 32] = Sha256::digest(format!("{} {token}", self.number)).into();
        TokenSecret::new(SCIM_TOKEN, &random)
    }

    /// The id of a row of it.
    fn id(&self, prefix: [u8; 3], number: usize) -> Id {
        Id::new(prefix, (self.number as u128 + 1) << 80 | 7 << 76 | 2 << 62 | number as u128)
    }
}

/// What a home is filled by.
pub(crate) struct Filler {
    tenant: Value,
    token: Value,
    user: String,
    /// The key of the tenant of the next number.
    next: usize,
}

impl Filler {
    /// Learns how the server writes a tenant, a token and a user, in an empty home.
    pub(crate) async fn new(home: &Home) -> Self {
        let server = home.start();
        let mut connection = Connection::open(&server.address()).await;
        let mut request = Request::new(&server.address(), "dev", &server.dev_token());
        request.write("POST", "/Users", Some(user::pattern().to_string().as_bytes()));
        let answer = connection.ask(request.bytes()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json()["id"].as_str().unwrap().to_owned();
        server.stop();
        let file = home.path("pattern.ndjson");
        let exported = home.run(&["export", "--tenant", "dev", "--output", file.to_str().unwrap()]);
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        let text = std::fs::read_to_string(file).unwrap();
        let line = |name: &str| text.lines().find(|line| line.starts_with(&format!("{{\"{name}\""))).unwrap();
        Self {
            tenant: serde_json::from_str(line("tenants")).unwrap(),
            token: serde_json::from_str(line("scim_tokens")).unwrap(),
            user: line("resources").replace(&made, "USER_ID"),
            next: 0,
        }
    }

    /// Adds a tenant; it is in the home after [`Self::fill`].
    pub(crate) fn tenant(&mut self, users: usize, tokens: usize) -> Tenant {
        self.next += 1;
        Tenant { number: self.next - 1, users, tokens, request_log: None }
    }

    /// What the document of a user takes, as it is stored.
    pub(crate) fn document_bytes(&self) -> usize {
        let line: Value = serde_json::from_str(&self.user).unwrap();
        line["resources"]["body"].to_string().len()
    }

    /// Brings tenants into a home on which no server runs.
    pub(crate) async fn fill(&self, home: &Home, tenants: &[Tenant]) {
        let begun = Instant::now();
        let store = Store::open(&home.store_options()).await.unwrap();
        self.fill_store(&store, tenants).await;
        store.close().await;
        home.settle();
        let users: usize = tenants.iter().map(|tenant| tenant.users).sum();
        eprintln!("  {} tenants with {users} users in {:.0} s", tenants.len(), begun.elapsed().as_secs_f64());
    }

    /// [`Self::fill`], of a store that is open.
    pub(crate) async fn fill_store(&self, store: &Store, tenants: &[Tenant]) {
        for tenant in tenants {
            let input = Arc::new(Mutex::new(Some(BufReader::new(File::new(self, tenant)))));
            let place = Place { slug: None, registry: core::registry(), unique: |_, _| Vec::new() };
            let imported = store.write(move |tx| {
                let (input, place) = (input.lock().unwrap().take().unwrap(), place.clone());
                Box::pin(async move { import(tx, Box::new(input), &place).await })
            });
            imported.await.unwrap().unwrap();
        }
    }
}

/// The file of a tenant, made while it is read.
struct File {
    user: String,
    users: usize,
    tokens: usize,
    next: usize,
    lines: u64,
    sum: Sha256,
    ready: Cursor<Vec<u8>>,
    ended: bool,
}

impl File {
    fn new(filler: &Filler, of: &Tenant) -> Self {
        let mut tenant = filler.tenant.clone();
        tenant["tenants"]["id"] = of.id(*b"tnt", 0).to_string().into();
        tenant["tenants"]["slug"] = of.slug().into();
        if let Some(setting) = of.request_log {
            tenant["tenants"]["settings"]["request_log"] = setting.into();
        }
        let mut file = Self {
            user: filler.user.clone(),
            users: of.users,
            tokens: of.tokens,
            next: 0,
            lines: 0,
            sum: Sha256::new(),
            ready: Cursor::default(),
            ended: false,
        };
        let header = json!({ "muster_export": { "format": 1, "version": "bench", "exported_at": 0, "credentials": true,
                                                "history": false } });
        let mut text = format!("{header}\n{tenant}\n");
        for number in 0..of.tokens {
            let secret = of.secret(number);
            let mut line = filler.token.clone();
            let token = &mut line["scim_tokens"];
            token["id"] = of.id(*b"sct", number).to_string().into();
            token["hash"] = hex(&secret.hash()).into();
            token["prefix"] = secret.prefix(SCIM_TOKEN).into();
            token["last_four"] = secret.last_four().into();
            writeln!(text, "{line}").unwrap();
        }
        file.make(&text, 2 + of.tokens as u64);
        file
    }

    fn make(&mut self, text: &str, lines: u64) {
        self.sum.update(text);
        self.lines += lines;
        self.ready = Cursor::new(text.as_bytes().to_vec());
    }

    fn make_more(&mut self) {
        let end = (self.next + 1000).min(self.users);
        let mut text = String::new();
        for number in self.next..end {
            let user =
                self.user.replace(PATTERN, &user::digits(number)).replace("USER_ID", &user::id(number).to_string());
            text += &user;
            text.push('\n');
        }
        let count = (end - self.next) as u64;
        self.next = end;
        if count > 0 {
            return self.make(&text, count);
        }
        let mut rows = json!({ "tenants": 1 });
        for (name, count) in [("resources", self.users), ("scim_tokens", self.tokens)] {
            if count > 0 {
                rows[name] = count.into();
            }
        }
        let sum = hex(&std::mem::take(&mut self.sum).finalize());
        let last = json!({ "end": { "lines": self.lines, "rows": rows, "sha256": sum } });
        self.ready = Cursor::new(format!("{last}\n").into_bytes());
        self.ended = true;
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.ready.read(buffer)?;
        if read > 0 || self.ended {
            return Ok(read);
        }
        self.make_more();
        self.ready.read(buffer)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
