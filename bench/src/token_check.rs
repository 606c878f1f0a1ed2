//! What it takes to know who calls, without HTTP around it: the service asked in this process.

use std::collections::HashMap;
use std::sync::Arc;

use service::settings::MasterKey;
use service::{App, Presented, Settings};
use sha2::{Digest, Sha256};
use store::Store;

use crate::arguments::Arguments;
use crate::data::{Filler, Tenant};
use crate::engine::Engine;
use crate::results::TokenCheck;
use crate::server::Home;
use crate::sizes::Sizes;
use crate::watch::Watched;

/// Checks, for one row of the limits.
const CHECKS: usize = 10;

pub(crate) async fn run(sizes: &Sizes, engine: Engine, arguments: &Arguments, filler: &Filler) -> TokenCheck {
    let home = Home::new(engine, &arguments.server());
    let tenants: Vec<Tenant> = sizes
        .tokens
        .iter()
        .enumerate()
        .map(|(number, tokens)| Tenant { number, users: 0, tokens: *tokens, request_log: None })
        .collect();
    filler.fill(&home, &tenants).await;
    let store = Store::open(&home.store_options()).await.unwrap();
    let app = App::open(Settings::new(MasterKey::new([7; 32])), store).await.unwrap();
    let checks = sizes.raw_rounds * CHECKS;
    let watched = Watched::ourselves(None);
    let mut by_tokens = Vec::new();
    for tenant in &tenants {
        let (slug, header) = (tenant.slug(), format!("Bearer {}", tenant.token(0)));
        let presented = Presented {
            authorization: Some(&header),
            address: Some([127, 0, 0, 1].into()),
            user_agent: Some("bench"),
            request_id: "req_bench",
        };
        app.authenticate_scim(&slug, &presented).await.unwrap();
        let before = watched.used_ns();
        for _ in 0..checks {
            std::hint::black_box(app.authenticate_scim(&slug, &presented).await.unwrap());
        }
        let us = (watched.used_ns() - before) as f64 / 1e3 / checks as f64;
        eprintln!("  token check, {} tokens: {us:.2} us", tenant.tokens);
        by_tokens.push((tenant.tokens, us));
    }
    app.close().await;
    let most = tenants.last().expect("there is one");
    TokenCheck { by_tokens, limit: limit(most, checks, &watched) }
}

/// The least that it takes: the hash, and finding it among as many.
fn limit(tenant: &Tenant, checks: usize, watched: &Watched) -> f64 {
    let token = tenant.token(0);
    let hash = |token: &str| -> [u8; 32] { Sha256::digest(token).into() };
    let known: HashMap<[u8; 32], Arc<usize>> =
        (0..tenant.tokens).map(|number| (hash(&tenant.token(number)), Arc::new(number))).collect();
    let before = watched.used_ns();
    for _ in 0..checks {
        std::hint::black_box(known.get(&hash(std::hint::black_box(&token))).cloned());
    }
    (watched.used_ns() - before) as f64 / 1e3 / checks as f64
}
