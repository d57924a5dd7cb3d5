//! Addresses in private networks, as an operator meets them.

use std::collections::BTreeMap;

use tenon_kit::Connector;
use tenon_store::MemoryStore;

use super::*;
use crate::{Connected, Http, HttpBounds, Refusal, SystemSeam};

async fn engine(store: &Arc<MemoryStore>) -> Runtime {
    let mut files = tenon_kit::catalog("shopify").unwrap();
    // As if the shop's name led inside.
    let manifest = files.get_mut("connector.yaml").unwrap();
    let named = "https://{shop}.myshopify.com";
    assert!(manifest.contains(named));
    *manifest = manifest.replace(named, "http://127.0.0.1:1/{shop}");
    let connector = Connector::load(&files).0.unwrap();
    let peer: Arc<dyn Peer> = Arc::new(Connected::new(Arc::new(connector)));
    let deployment = Deployment {
        integration: "shop".to_owned(),
        connections: BTreeMap::from([("shopify".to_owned(), peer)]),
        ..Deployment::default()
    };
    let ground = Ground {
        store: store.clone(),
        seam: Arc::new(SystemSeam),
        transport: Arc::new(Http::new(HttpBounds::default()).unwrap()),
        vault: Vault::with_key([7; 32]),
    };
    Runtime::start(ground, vec![deployment], Config::default()).await.unwrap()
}

async fn add(runtime: &Runtime, place: &str) {
    let given =
        format!(r#"{{{place}, "credentials": {{"access_token": "t", "api_secret": "s"}}}}"#);
    runtime.add_connection("shopify", &json::read(&given).unwrap(), &by()).await.unwrap();
}

async fn checked(runtime: &Runtime) -> Refusal {
    runtime.check_connection("shopify").await.unwrap_err()
}

#[tokio::test]
async fn a_shop_whose_name_leads_inside_parks_and_an_address_given_on_purpose_can() {
    let store = Arc::new(MemoryStore::new());
    let runtime = engine(&store).await;
    let live = r#""environment": "live", "parameters": {"shop": "x"}"#;
    add(&runtime, live).await;
    let refusal = checked(&runtime).await;
    assert_eq!(refusal.code, "ADDRESS_PRIVATE", "{refusal:?}");
    assert!(refusal.message.contains("127.0.0.1"), "{refusal:?}");
    assert!(refusal.hint.as_deref().unwrap_or_default().contains("--base"), "{refusal:?}");
    let stands = runtime.connections().items()[0].clone();
    assert_eq!(stands.field("standing").as_text(), Some("auth"), "it parks: {stands:?}");
    assert_eq!(stands.field("private").as_bool(), Some(false));
    let why = stands.at("detail.why").as_text().unwrap().to_owned();
    assert!(why.contains("private network"), "{why}");
    // The sandbox's environment is nothing but a host that a person gives.
    let sandbox = r#""environment": "sandbox",
        "parameters": {"sandbox": "http://127.0.0.1:1", "shop": "x"}"#;
    for place in [r#""base": "http://127.0.0.1:1""#, sandbox] {
        add(&runtime, live).await;
        assert_eq!(checked(&runtime).await.code, "ADDRESS_PRIVATE");
        add(&runtime, place).await;
        assert_eq!(checked(&runtime).await.code, "NOT_SENT", "nobody listens there");
    }
    // New credentials alone change nothing about the address, and a restart does not either.
    add(&runtime, r#""note": """#).await;
    drop(runtime);
    let runtime = engine(&store).await;
    assert_eq!(checked(&runtime).await.code, "NOT_SENT");
}
