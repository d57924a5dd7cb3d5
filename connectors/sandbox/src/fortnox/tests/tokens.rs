use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Answer, Ask, Desk};
use crate::{Limits, SandboxConfig};

fn token(desk: &Desk, form: &str) -> Answer {
    let basic = STANDARD.encode("sandbox-client:sandbox-client-secret");
    let ask = Ask::to("POST", "/oauth-v1/token", form).unwrap();
    desk.ledger.answer(&Ask { authorization: Some(format!("Basic {basic}")), ..ask })
}

fn error(answer: &Answer) -> String {
    answer.body.field("error").plain().unwrap()
}

#[test]
fn a_code_gives_tokens_once() {
    let desk = Desk::open();
    let form = format!("grant_type=authorization_code&code={}", desk.ledger.consent());
    let first = token(&desk, &form);
    assert_eq!(first.status, 200);
    assert_eq!(first.body.field("expires_in").plain().unwrap(), "3600");
    assert_eq!(error(&token(&desk, &form)), "invalid_grant");
}

#[test]
fn a_refresh_token_is_spent_at_once() {
    let desk = Desk::open();
    let first = desk.ledger.issue_tokens().body.field("refresh_token").plain().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={first}");
    let second = token(&desk, &form);
    assert_eq!(second.status, 200);
    let again = token(&desk, &form);
    assert_eq!((again.status, error(&again)), (400, "invalid_grant".to_owned()));
    let next = second.body.field("refresh_token").plain().unwrap();
    assert_eq!(token(&desk, &format!("grant_type=refresh_token&refresh_token={next}")).status, 200);
}

#[test]
fn an_access_token_dies_after_its_lifetime_and_by_revocation() {
    let desk = Desk::open();
    desk.clock.advance(3_599_999);
    desk.get("/3/companyinformation");
    desk.clock.advance(1);
    let dead = desk.ask("GET", "/3/companyinformation", "");
    assert_eq!(
        (dead.status, dead.body.field("message").plain()),
        (401, Some("unauthorized".into()))
    );
    let desk = Desk::open();
    desk.ledger.revoke(&desk.token);
    assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 401);
}

#[test]
fn wrong_clients_codes_and_grants_are_refused() {
    let desk = Desk::open();
    let ask = Ask::to("POST", "/oauth-v1/token", "grant_type=refresh_token").unwrap();
    let answer = desk.ledger.answer(&ask);
    assert_eq!((answer.status, error(&answer)), (401, "invalid_client".to_owned()));
    assert_eq!(error(&token(&desk, "grant_type=password")), "unsupported_grant_type");
    assert_eq!(error(&token(&desk, "grant_type=client_credentials")), "invalid_request");
    let code = desk.ledger.consent();
    desk.clock.advance(600_001);
    assert_eq!(
        error(&token(&desk, &format!("grant_type=authorization_code&code={code}"))),
        "invalid_grant"
    );
}

#[test]
fn a_tenant_gets_an_access_token_by_client_credentials() {
    let desk = Desk::open();
    let basic = STANDARD.encode("sandbox-client:sandbox-client-secret");
    let answer = desk.ledger.answer(&Ask {
        authorization: Some(format!("Basic {basic}")),
        tenant: Some(super::super::TENANT.to_owned()),
        ..Ask::to("POST", "/oauth-v1/token", "grant_type=client_credentials").unwrap()
    });
    assert_eq!(answer.status, 200);
    assert!(answer.body.field("refresh_token").is_absent());
}

#[test]
fn the_consent_page_sends_the_browser_back_with_a_code() {
    let desk = Desk::open();
    let path =
        "/oauth-v1/auth?client_id=sandbox-client&redirect_uri=http://127.0.0.1:9/back&state=s1";
    let answer = desk.ledger.answer(&Ask::to("GET", path, "").unwrap());
    let location = answer.location.unwrap();
    assert!(location.starts_with("http://127.0.0.1:9/back?code="), "{location}");
    assert!(location.ends_with("&state=s1"), "{location}");
}

#[test]
fn the_26th_request_in_five_seconds_is_refused_whatever_its_token() {
    let desk = Desk::with(SandboxConfig::default());
    for _ in 0..25 {
        assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 200);
    }
    assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 429);
    desk.clock.advance(4_999);
    assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 429);
    desk.clock.advance(1);
    assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 200);
    desk.limits.set(Limits { on: false, ..Limits::default() });
    for _ in 0..100 {
        assert_eq!(desk.ask("GET", "/3/companyinformation", "").status, 200);
    }
}
