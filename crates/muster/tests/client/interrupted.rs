//! Ctrl-C: the run ends, what was made is removed, and the report says what was done and what is left.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::Value;

use crate::fault::Fault;
use crate::proxy::{Faulty, Servers};

/// A process that is to be interrupted, and what it says on standard error.
#[derive(Clone, Default)]
struct Player(Arc<Mutex<Option<Running>>>);

/// Its id, and its lines on standard error.
type Running = (u32, Receiver<String>);

impl Player {
    /// SIGINT, and waits until it says what it does, if it is to say something.
    fn interrupt(&self, words: Option<&str>) {
        let player = self.0.lock().unwrap();
        let (process, says) = player.as_ref().unwrap();
        assert!(Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap().success());
        if let Some(words) = words {
            let line = says.recv().unwrap();
            assert!(line.starts_with(words), "{line}");
        }
    }

    /// Plays Okta to the end, which is an early one; gives what was said on standard output and its status.
    fn play(&self, server: &Faulty) -> Output {
        let mut player = self.0.lock().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args([
                "simulate",
                "okta",
                "--users",
                "9",
                "--groups",
                "2",
                "--seed",
                "1",
                "--json",
                "--url",
                &server.url(),
            ])
            .env("SCIM_TOKEN", server.token())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (says, heard) = channel();
        let errors = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn(move || errors.lines().for_each(|line| drop(says.send(line.unwrap()))));
        *player = Some((process.id(), heard));
        drop(player);
        process.wait_with_output().unwrap()
    }
}

/// The third of nine users is created when the first signal comes.
fn at_the_third_user(player: &Player) -> Fault {
    let player = player.clone();
    Fault::answer_since("", "POST", "/Users", move |past, _, _| {
        if past.iter().filter(|(asked, _)| asked.method == Method::POST).count() == 2 {
            player.interrupt(Some("stopping"));
        }
    })
}

async fn played(player: &Player, server: &Arc<Faulty>) -> (Output, Value) {
    let (player, server) = (player.clone(), Arc::clone(server));
    let output = tokio::task::spawn_blocking(move || player.play(&server)).await.unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_ends_the_run_and_removes_what_was_made() {
    let player = Player::default();
    let servers = Servers::new().await;
    let server = Arc::new(servers.start(at_the_third_user(&player)).await);

    let (output, report) = played(&player, &server).await;

    assert_eq!(report["stopped"], true, "{report:#}");
    assert_eq!(report["findings"], serde_json::json!([]));
    assert_eq!(report["cleanup"], serde_json::json!({"kept": false, "removed": 3, "left": []}));
    assert_eq!(output.status.code(), Some(1));
    let asked = server.asked();
    let last = asked.iter().rposition(|asked| asked.method == Method::POST).unwrap();
    assert_eq!(asked.iter().filter(|asked| asked.method == Method::POST).count(), 3);
    let afterwards: Vec<&Method> = asked[last + 1..].iter().map(|asked| &asked.method).collect();
    assert_eq!(afterwards, [Method::DELETE; 3]);
    assert_eq!(server.made().failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_leaves_what_was_made_and_names_it() {
    let player = Player::default();
    let again = player.clone();
    let (ended, end) = channel::<()>();
    let end = Mutex::new(end);
    let servers = Servers::new().await;
    let fault = at_the_third_user(&player).and(Fault::answer("", "DELETE", "*", move |_, _| {
        again.interrupt(None);
        // Not answered before it has gone: it does not wait for the answer.
        end.lock().unwrap().recv().unwrap_err();
    }));
    let server = Arc::new(servers.start(fault).await);

    let (output, report) = played(&player, &server).await;
    drop(ended);

    assert_eq!(report["stopped"], true, "{report:#}");
    assert_eq!(report["cleanup"]["removed"], 0);
    let left = report["cleanup"]["left"].as_array().unwrap();
    assert!(left.len() == 3 && left.iter().all(|path| path.as_str().unwrap().starts_with("/Users/")), "{left:?}");
    assert_eq!(output.status.code(), Some(1));
}
