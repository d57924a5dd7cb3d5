//! A connection whose address leads into a private network, with the real binary.

use crate::stage::{SECRET, Stage};

#[tokio::test]
async fn a_shop_that_leads_inside_parks_its_tasks_until_its_address_is_given_on_purpose() {
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.collective_customer().await;
    let (order, _) = stage.order("card").await;
    let credentials = format!("access_token=shpat_sandbox\napi_secret={SECRET}\n");
    let add = ["connection", "add", "shopify", "--credentials", "-"];
    let host = stage.sandbox_url.trim_start_matches("http://");
    // The manifest's address is https://{shop}.myshopify.com.
    let astray = format!("shop={host}/x");
    let said = stage.run(&[&add[..], &["--set", &astray]].concat(), &credentials);
    assert_eq!(said.code, 0, "{said:?}");
    stage.serve();
    let answer = stage.tell("orders/create", &order).await;
    let task = answer["tasks"][0].as_str().unwrap().to_owned();
    let waiting = stage.state(&task, "waiting").await;
    assert_eq!(waiting["reason"]["reason"], "connection_auth", "{waiting:#}");
    assert_eq!(waiting["reason"]["fault"]["code"], "ADDRESS_PRIVATE", "{waiting:#}");
    let why = stage.tenon(&["task", "why", &task]);
    assert!(why.contains("lies in a private network"), "{why}");
    let checked = stage.run(&["connection", "check"], "");
    assert_eq!(checked.code, 3, "{checked:?}");
    assert!(
        checked.text.contains("needs new credentials") || checked.text.contains("ADDRESS_PRIVATE")
    );
    let base = format!("{}/shopify/sandbox-shop", stage.sandbox_url);
    let said = stage.run(&[&add[..], &["--base", &base]].concat(), &credentials);
    assert_eq!(said.code, 0, "{said:?}");
    stage.state(&task, "done").await;
    let books = stage.control("GET", "/control/books", serde_json::Value::Null).await;
    assert_eq!((&books["synced"], &books["duplicates"]), (&1.into(), &0.into()), "{books:#}");
}
