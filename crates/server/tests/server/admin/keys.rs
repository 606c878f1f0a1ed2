use serde_json::json;

use super::Admin;
use crate::harness::Harness;

#[tokio::test]
async fn a_platform_admin_rotates_the_signing_key_and_sees_the_old_one_until_its_last_token_has_expired() {
    let harness = Harness::new().await;
    let admin = Admin::platform(&harness).await;
    let before = admin.get("/signing-keys/").await.json();
    harness.app.settings().clock.advance(1000);

    let rotated = admin.post("/signing-keys/rotate", json!({})).await;

    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let new = rotated.json();
    assert_eq!(
        (&new["status"], &new["algorithm"], &new["shown_until"]),
        (&json!("signing"), &json!("EdDSA"), &json!(null))
    );
    let after = admin.get("/signing-keys/").await.json();
    assert_eq!(after["items"][0], new);
    assert_eq!(after["items"][1]["kid"], before["items"][0]["kid"]);
    assert_eq!(after["items"][1]["status"], "retired");
    let text = after.to_string();
    assert!(!text.contains("sealed") && !text.contains("\"d\""), "{text}");
    harness.app.settings().clock.advance(4_000_000);
    let admin = Admin::platform(&harness).await;
    assert_eq!(admin.get("/signing-keys/").await.json(), json!({"items": [new]}));
}

#[tokio::test]
async fn an_admin_of_one_tenant_sees_the_keys_and_rotates_none() {
    let harness = Harness::new().await;
    let admin = Admin::bound(&harness).await;

    let refused = admin.post("/signing-keys/rotate", json!({})).await;

    assert_eq!(refused.refusal(), "403 Only platform administrators may do this");
    assert_eq!(admin.get("/signing-keys/").await.json()["items"].as_array().unwrap().len(), 1);
}
