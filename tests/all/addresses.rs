//! The address of a connection, with the real binary: what is a part of a host leads nowhere else, and
//! a system of one's own is reached when its address is given on purpose.

use crate::program;
use crate::stage::{SECRET, Stage};

#[tokio::test]
async fn a_shops_name_leads_to_no_other_host_and_a_base_that_is_given_may_be_private() {
    let mut stage = Stage::set().await;
    stage.own_project();
    stage.collective_customer().await;
    let (order, _) = stage.order("card").await;
    let credentials = format!("access_token=shpat_sandbox\napi_secret={SECRET}\n");
    let add = ["connection", "add", "shopify", "--credentials", "-"];
    let host = stage.sandbox_url.trim_start_matches("http://");
    // The manifest's address is https://{shop}.myshopify.com.
    for shop in [format!("{host}/x"), "evil.example#".to_owned(), "a@evil.example/".to_owned()] {
        let set = format!("shop={shop}");
        let said = stage.run(&[&add[..], &["--set", &set]].concat(), &credentials);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.text.contains(&format!("`{set}` is missing, or can't be used")), "{said:?}");
    }
    let base = format!("{}/shopify/sandbox-shop", stage.sandbox_url);
    let said = stage.run(&[&add[..], &["--base", &base]].concat(), &credentials);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.text.contains(&base), "{said:?}");
    stage.serve();
    let answer = stage.tell("orders/create", &order).await;
    stage.state(answer["tasks"][0].as_str().unwrap(), "done").await;
    let explained = program::run(&["explain", "ADDRESS_PRIVATE"]).stdout;
    assert!(String::from_utf8(explained).unwrap().contains("--base"));
}
