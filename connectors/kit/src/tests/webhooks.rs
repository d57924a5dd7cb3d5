//! Proof of origin, against signatures made by another tool, and what deliveries are about.

use super::support::connector;
use crate::{Delivery, Rejection, Secret};

const BODY: &str = r##"{"admin_graphql_api_id":"gid://shopify/Order/820982911946154508","id":820982911946154500,"name":"#9999"}"##;
const SECRET: &str = "hush: a secret of the app";
const NEXT: &str = "the next secret";
// openssl dgst -sha256 -hmac SECRET -binary body.json | base64 (OpenSSL 3).
const SIGNED: &str = "dxGESwlwb4VK/bnIIfK+vcbpnNJA01iEjbrwS+/rA1c=";
const SIGNED_NEXT: &str = "q3Jwj4kVCIg3TUkfgWuU9a6lPRnhOooTkfJDKOLzZ9o=";

fn headers(topic: &str, signature: &str) -> Vec<(String, String)> {
    [
        ("x-shopify-topic", topic),
        ("X-Shopify-Hmac-SHA256", signature),
        ("x-shopify-shop-domain", "kollen.myshopify.com"),
        ("x-shopify-webhook-id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
        ("x-shopify-event-id", "event-1"),
        ("x-shopify-triggered-at", "2026-11-24T10:00:00.000Z"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .to_vec()
}

fn verify(
    topic: &str,
    signature: &str,
    body: &str,
    secrets: &[&str],
) -> Result<Delivery, Rejection> {
    let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(s)).collect();
    connector("shopify").webhook_verify(&headers(topic, signature), body.as_bytes(), &secrets)
}

/// A signature by our own hand, for bodies other than the vector's.
fn sign(body: &str) -> String {
    use base64::Engine as _;
    use hmac::Mac as _;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn a_good_signature_is_taken_and_the_record_is_named_exactly() {
    let delivery = verify("orders/create", SIGNED, BODY, &[SECRET]).unwrap();
    assert_eq!(delivery.record, "gid://shopify/Order/820982911946154508");
    assert_eq!((delivery.topic.as_str(), delivery.resource.as_str()), ("orders/create", "order"));
    assert_eq!(delivery.delivery_id, "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043");
    assert_eq!(delivery.event_id.as_deref(), Some("event-1"));
    assert_eq!(delivery.triggered_at.as_deref(), Some("2026-11-24T10:00:00.000Z"));
    assert_eq!(delivery.account.as_deref(), Some("kollen.myshopify.com"));
    assert_eq!(sign(BODY), SIGNED);
}

#[test]
fn while_a_secret_is_rotated_both_hold_and_afterwards_the_old_one_does_not() {
    assert!(verify("orders/create", SIGNED, BODY, &[NEXT, SECRET]).is_ok());
    assert!(verify("orders/create", SIGNED_NEXT, BODY, &[NEXT, SECRET]).is_ok());
    assert_eq!(verify("orders/create", SIGNED, BODY, &[NEXT]), Err(Rejection::BadSignature));
}

#[test]
fn a_bad_signature_is_refused() {
    let changed = BODY.replace("#9999", "#9998");
    for (signature, body) in [
        (SIGNED, changed.as_str()),
        ("", BODY),
        ("not base64 at all!", BODY),
        ("AAAA", BODY),
        (&SIGNED.replace('=', ""), BODY),
    ] {
        let rejected = verify("orders/create", signature, body, &[SECRET]).unwrap_err();
        assert_eq!(rejected.status(), 401, "{rejected}");
    }
    assert_eq!(verify("orders/create", SIGNED, BODY, &[]), Err(Rejection::BadSignature));
}

#[test]
fn what_a_proven_delivery_lacks_is_said() {
    let kind = |topic: &str, body: &str| verify(topic, &sign(body), body, &[SECRET]).unwrap_err();
    assert_eq!(kind("orders/unheard_of", BODY).kind(), "unknown_topic");
    assert_eq!(kind("orders/create", "{\"id\":").kind(), "malformed");
    assert_eq!(
        kind("orders/create", "{\"id\":5}"),
        Rejection::NoRecord("admin_graphql_api_id".to_owned())
    );
    let mut headers = headers("orders/create", SIGNED);
    headers.retain(|(name, _)| name != "x-shopify-webhook-id");
    let found =
        connector("shopify").webhook_verify(&headers, BODY.as_bytes(), &[Secret::new(SECRET)]);
    assert_eq!(found, Err(Rejection::NoHeader("X-Shopify-Webhook-Id".to_owned())));
    let none = connector("fortnox").webhook_verify(&headers, BODY.as_bytes(), &[]);
    assert_eq!(none, Err(Rejection::NoWebhooks));
}

#[test]
fn deliveries_of_other_records_name_their_order() {
    let body = r#"{"admin_graphql_api_id":"gid://shopify/OrderTransaction/1","order_id":5678901234567890123}"#;
    for topic in ["order_transactions/create", "refunds/create", "fulfillments/create"] {
        let delivery = verify(topic, &sign(body), body, &[SECRET]).unwrap();
        assert_eq!(delivery.record, "gid://shopify/Order/5678901234567890123");
    }
    let edited = r#"{"order_edit":{"id":1,"order_id":42}}"#;
    let delivery = verify("orders/edited", &sign(edited), edited, &[SECRET]).unwrap();
    assert_eq!(delivery.record, "gid://shopify/Order/42");
    assert_eq!(connector("shopify").topics().count(), 13);
}
