//! `muster key …`: what access tokens are signed with, without the server.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use service::keys::KeyInfo;

use super::database::{OnDatabase, Shown, table, time, time_text};
use crate::failure::Failure;

/// Work on the keys that sign access tokens.
#[derive(Debug, Args)]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the key that signs, and those still shown for the tokens they signed
    List {
        #[command(flatten)]
        on: OnDatabase,
    },
    /// Sign with a new key; tokens that the old one signed stay good until they expire
    Rotate {
        #[command(flatten)]
        on: OnDatabase,
    },
}

impl KeyCommand {
    /// # Errors
    /// When the database cannot be used.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List { on } => on.run(async |app, operator| {
                let keys = app.list_signing_keys(operator).await?;
                Ok(Shown { json: keys.iter().map(to_json).collect(), text: to_table(&keys) })
            }),
            Action::Rotate { on } => on.run(async |app, operator| {
                let key = app.rotate_signing_key(operator).await?;
                let text = format!("{} signs from now on ({})", key.kid, key.algorithm);
                Ok(Shown { json: to_json(&key), text })
            }),
        }
    }
}

fn to_table(keys: &[KeyInfo]) -> String {
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let (made, until) = (time_text(Some(key.created_at)), time_text(key.shown_until));
            [key.kid.clone(), key.algorithm.clone(), key.status().to_owned(), made, until]
        })
        .collect();
    table(["KEY", "ALGORITHM", "STATUS", "CREATED", "SHOWN UNTIL"], &rows)
}

fn to_json(key: &KeyInfo) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "status": key.status(),
        "created_at": time(Some(key.created_at)),
        "shown_until": time(key.shown_until),
    })
}
