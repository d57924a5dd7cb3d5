//! Accounts, credentials and tokens.

use std::collections::BTreeMap;

use tenon_value::Class;

use super::support::{answer, connector, get};
use crate::{Account, Credentials, Grant, Response};

fn credentials() -> Credentials {
    let mut credentials = Credentials::default();
    for (name, value) in [
        ("client_id", "abc"),
        ("client_secret", "s3cret"),
        ("access_token", "token-1"),
        ("refresh_token", "refresh/1"),
    ] {
        credentials.set(name, value);
    }
    credentials
}

fn account(name: &str, environment: &str, given: &[(&str, &str)]) -> Result<Account, String> {
    let given: BTreeMap<String, String> =
        given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    connector(name).account(environment, &given)
}

#[test]
fn accounts_have_their_addresses() {
    let shop = account("shopify", "live", &[("shop", "kollen")]).unwrap();
    assert_eq!(shop.base, "https://kollen.myshopify.com");
    let sandbox = [("sandbox", "http://127.0.0.1:4010/"), ("shop", "kollen")];
    let shop = account("shopify", "sandbox", &sandbox).unwrap();
    assert_eq!(shop.base, "http://127.0.0.1:4010/shopify/kollen");
    let ledger = account("fortnox", "sandbox", &sandbox).unwrap();
    assert_eq!(ledger.base, "http://127.0.0.1:4010/fortnox/3");
    assert_eq!(ledger.token.as_deref(), Some("http://127.0.0.1:4010/fortnox/oauth-v1/token"));
    assert!(ledger.own_host, "the whole host was given");
    assert!(!account("shopify", "live", &[("shop", "kollen")]).unwrap().own_host, "a part of it");
    for shop in
        ["127.0.0.1:1/x", "evil.example/", "evil.example?", "a@evil.example#", "a b", "", "å"]
    {
        let refused = account("shopify", "live", &[("shop", shop)]);
        assert_eq!(refused, Err(format!("shop={shop}")), "it would lead elsewhere");
    }
    assert!(!account("fortnox", "live", &[]).unwrap().own_host, "the manifest names it");
    assert_eq!(account("shopify", "live", &[]), Err("shop".to_owned()));
    assert_eq!(account("shopify", "moon", &[]), Err("moon".to_owned()));
}

#[test]
fn requests_carry_the_accounts_secret() {
    let shopify = connector("shopify");
    let request = shopify.plan(&get("order", "gid")).unwrap();
    let account = account("shopify", "live", &[("shop", "kollen")]).unwrap();
    let sent = shopify.authenticate(&request, &account, &credentials()).ok().unwrap();
    assert_eq!(sent.url, "https://kollen.myshopify.com/admin/api/2026-10/graphql.json");
    assert!(sent.headers.contains(&("X-Shopify-Access-Token".into(), "token-1".into())));
    let fault = shopify.authenticate(&request, &account, &Credentials::default()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.class), ("CREDENTIAL_MISSING", Class::Auth));
    let fortnox = connector("fortnox");
    let request = fortnox.plan(&get("order", "1")).unwrap();
    let sent = fortnox.authenticate(&request, &account, &credentials()).ok().unwrap();
    assert!(sent.headers.contains(&("Authorization".into(), "Bearer token-1".into())));
    assert_eq!(shopify.secrets(), ["access_token", "api_secret"]);
    assert_eq!(fortnox.secrets(), ["client_id", "client_secret", "refresh_token"]);
}

#[test]
fn a_refresh_is_a_form_with_the_client_named_by_basic() {
    let fortnox = connector("fortnox");
    let account = account("fortnox", "live", &[]).unwrap();
    let sent = fortnox.token_request(&account, &credentials(), Grant::Refresh).ok().unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str()),
        ("POST", "https://apps.fortnox.se/oauth-v1/token")
    );
    assert_eq!(sent.body.as_deref(), Some("grant_type=refresh_token&refresh_token=refresh%2F1"));
    // printf 'abc:s3cret' | base64
    assert!(sent.headers.contains(&("Authorization".into(), "Basic YWJjOnMzY3JldA==".into())));
    let grant = Grant::Code { code: "c d", redirect_uri: "https://x/y" };
    let sent = fortnox.token_request(&account, &credentials(), grant).ok().unwrap();
    let body = "grant_type=authorization_code&code=c%20d&redirect_uri=https%3A%2F%2Fx%2Fy";
    assert_eq!(sent.body.as_deref(), Some(body));
    let url = fortnox.authorize_url("abc", "https://x/y", "st").unwrap();
    assert!(url.starts_with("https://apps.fortnox.se/oauth-v1/auth?client_id=abc&"), "{url}");
    assert!(
        url.contains("access_type=offline") && url.contains("scope=companyinformation%20customer")
    );
}

#[test]
fn tokens_rotate_and_a_lost_answer_parks_the_account() {
    let fortnox = connector("fortnox");
    let body = r#"{"access_token":"token-2","refresh_token":"refresh/2","scope":"order","expires_in":3600,"token_type":"bearer"}"#;
    let tokens = fortnox.read_tokens(&answer(200, body)).ok().unwrap();
    assert_eq!(tokens.expires_in_s, 3600);
    let mut kept = credentials();
    kept.renew(&tokens);
    let kept = Credentials::from_json(&kept.to_json());
    assert_eq!(kept.get("refresh_token").unwrap().reveal(), "refresh/2");
    assert_eq!(kept.get("access_token").unwrap().reveal(), "token-2");
    assert_eq!(kept.get("client_id").unwrap().reveal(), "abc");
    assert_eq!(kept.names().count(), 4);
    let fault = |response: &Response| {
        let fault = fortnox.read_tokens(response).err().unwrap();
        (fault.code, fault.class)
    };
    let refused = r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;
    assert_eq!(fault(&answer(400, refused)), ("UNAUTHORISED".into(), Class::Auth));
    let lost = Response::Lost { reason: "closed".into() };
    assert_eq!(fault(&lost), ("TOKEN_ANSWER_LOST".into(), Class::Auth));
    assert_eq!(fault(&answer(200, "<html>")), ("TOKEN_ANSWER_LOST".into(), Class::Auth));
    assert_eq!(fault(&answer(200, "{}")), ("TOKEN_ANSWER_LOST".into(), Class::Auth));
    assert_eq!(fault(&answer(503, "")), ("PEER_FAILED".into(), Class::Transient));
    let unsent = Response::NotSent { reason: "refused".into() };
    assert_eq!(fault(&unsent), ("NOT_SENT".into(), Class::Transient));
    let barred = Response::Barred { host: "localhost".into() };
    assert_eq!(fault(&barred), ("ADDRESS_PRIVATE".into(), Class::Auth));
}
