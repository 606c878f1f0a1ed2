use super::{each_engine, presented};
use crate::{Credential, ServiceError};

#[tokio::test]
async fn a_key_that_another_process_made_is_known_within_a_second() {
    each_engine(async |fixture| {
        fixture.app.jwks().await.unwrap();
        let neighbour = fixture.neighbour().await;
        fixture.settings.clock.advance(1000);

        let kid = neighbour.rotate_signing_key(&neighbour.operator("command-line")).await.unwrap().kid;

        let ring = fixture.app.key_ring_since(fixture.app.now() - 999).await.unwrap();
        assert!(ring.verifying.contains_key(&kid));
    })
    .await;
}

#[tokio::test]
async fn a_token_is_found_by_id_and_by_slug_of_its_tenant() {
    each_engine(async |fixture| {
        let dev = fixture.app.bootstrap_dev().await.unwrap();
        let header = format!("Bearer {}", dev.scim_token.reveal());

        for segment in ["dev".to_owned(), dev.tenant.id.to_string()] {
            let caller = fixture.app.authenticate_scim(&segment, &presented(&header)).await.unwrap();
            assert_eq!((caller.tenant.id, caller.request_id.as_str()), (dev.tenant.id, "r1"));
        }
        for segment in ["DEV", "other", "", "tnt_00000000000000000000000000"] {
            let refused = fixture.app.authenticate_scim(segment, &presented(&header)).await;
            let refused = refused.unwrap_err().error;
            assert!(matches!(refused, ServiceError::Unauthenticated(Credential::Refused)), "{segment}");
        }
    })
    .await;
}

#[tokio::test]
async fn counts_that_cannot_be_written_are_kept() {
    each_engine(async |fixture| {
        let dev = fixture.app.bootstrap_dev().await.unwrap();
        let header = format!("Bearer {}", dev.scim_token.reveal());
        let caller = fixture.app.authenticate_scim("dev", &presented(&header)).await.unwrap();
        fixture.app.count_scim_answer(&caller, true);

        fixture.store.close().await;

        for _ in 0..2 {
            assert!(fixture.app.flush_usage().await.is_err());
        }
    })
    .await;
}
