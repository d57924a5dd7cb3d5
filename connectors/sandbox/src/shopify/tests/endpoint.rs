use serde_json::{Value as Json, json};

use crate::{Sandbox, SandboxConfig};

async fn post(url: &str, token: Option<&str>, body: &str) -> (u16, Option<String>, Json) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(token) = token {
        request = request.header("X-Shopify-Access-Token", token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let served = answer.headers().get("x-shopify-api-version").map(|v| v.to_str().unwrap().into());
    let text = answer.text().await.unwrap();
    (status, served, serde_json::from_str(&text).unwrap_or(Json::String(text)))
}

const SHOP: &str = r#"{"query": "{ shop { name myshopifyDomain currencyCode } }"}"#;

#[tokio::test]
async fn the_endpoint_asks_for_the_token_the_shop_and_a_version() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let at = |shop: &str, version: &str| {
        format!("{}/shopify/{shop}/admin/api/{version}/graphql.json", sandbox.url())
    };
    let good = Some("shpat_sandbox");
    let (status, served, body) = post(&at("sandbox-shop", "2026-10"), good, SHOP).await;
    assert_eq!((status, served.as_deref()), (200, Some("2026-10")));
    assert_eq!(body["data"]["shop"]["myshopifyDomain"], "sandbox-shop.myshopify.com");
    let (_, served, _) = post(&at("sandbox-shop", "2025-04"), good, SHOP).await;
    assert_eq!(served.as_deref(), Some("2026-01"));
    for (shop, version, token, expected) in [
        ("sandbox-shop", "2026-10", None, 401),
        ("sandbox-shop", "2026-10", Some("shpat_other"), 401),
        ("another-shop", "2026-10", good, 404),
        ("sandbox-shop", "2027-01", good, 404),
    ] {
        let (status, _, body) = post(&at(shop, version), token, SHOP).await;
        assert_eq!(status, expected, "{shop} {version} {body}");
    }
    assert_eq!(post(&at("sandbox-shop", "2026-10"), good, "{").await.0, 400);
}

#[tokio::test]
async fn the_control_interface_makes_changes_and_shows_orders() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let at = |path: &str| format!("{}/control/shop/{path}", sandbox.url());
    let (status, _, body) = post(&at("seed"), None, "").await;
    assert_eq!((status, body), (200, json!({"orders": 25})));
    let new = r#"{"kind": "authorized", "count": 2}"#;
    let (_, _, body) = post(&at("orders"), None, new).await;
    assert_eq!(body["orders"].as_array().unwrap().len(), 2);
    let (status, _, body) = post(&at("orders/1026/capture"), None, "").await;
    assert_eq!((status, &body["captured"]), (200, &json!(true)));
    let (status, _, body) = post(&at("orders/1026/note"), None, r#"{"text": "hej"}"#).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(post(&at("orders/9/capture"), None, "").await.0, 404);
    assert_eq!(post(&at("orders/1026/capture"), None, "").await.0, 400);
    assert_eq!(post(&at("orders"), None, r#"{"kind": "odd"}"#).await.0, 400);
    let example = json!({
        "payload": super::vendors_example(), "open": true,
    });
    let (_, _, body) = post(&at("example"), None, &example.to_string()).await;
    assert_eq!(body["order"], "gid://shopify/Order/820982911946154508");
    let shown = reqwest::get(at("orders")).await.unwrap().text().await.unwrap();
    let shown: Json = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["orders"].as_array().unwrap().len(), 28);
    assert!(shown["sums"]["SEK"].is_string());
}
