use serde_json::{Value as Json, json};

use super::{ask, shop, shop_with};
use crate::Limits;
use crate::shopify::changes::Change;
use crate::shopify::graphql::cost;
use crate::shopify::graphql::versions;
use crate::shopify::kinds::Kind;

const ORDER: &str = r#"
query order($id: ID!) {
  order(id: $id) {
    id name createdAt updatedAt cancelledAt test currencyCode taxesIncluded email note
    displayFinancialStatus displayFulfillmentStatus paymentGatewayNames poNumber
    customer { id displayName defaultEmailAddress { emailAddress } }
    purchasingEntity {
      __typename
      ... on Customer { id }
      ... on PurchasingCompany { company { name externalId } location { name } }
    }
    billingAddress { name company address1 zip city countryCodeV2 formatted }
    totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount } }
    totalPrice
    transactions(first: 10) { id kind status gateway amountSet { shopMoney { amount } } order { name } parentTransaction { id } }
    agreements(first: 2) {
      nodes {
        __typename reason happenedAt
        sales(first: 5) {
          edges {
            cursor
            node {
              __typename lineType quantity
              totalAmount { shopMoney { amount } }
              taxes { amount { shopMoney { amount } } taxLine { rate ratePercentage title } }
              ... on ProductSale { lineItem { sku title quantity variant { id inventoryItem { id } } } }
              ... on ShippingLineSale { shippingLine { title code } }
            }
          }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
    metafields(first: 5) { nodes { namespace key value } }
    metafield(namespace: "custom", key: "organisation_number") { value }
    fulfillments(first: 5) { status createdAt }
    refunds { id totalRefundedSet { shopMoney { amount } } }
    shippingLine { title code }
    paymentTerms { dueInDays paymentTermsName }
  }
}"#;

fn errors(answer: &Json) -> String {
    answer["errors"].to_string()
}

#[test]
fn an_order_is_answered_by_both_versions_for_every_kind() {
    let shop = shop();
    for (n, (kind, name, _)) in Kind::ALL.iter().enumerate() {
        let id = shop.create(*kind, n as u64).unwrap();
        for version in ["2026-01", "2026-10"] {
            let answer = ask(&shop, version, ORDER, json!({"id": id}));
            assert_eq!(answer.get("errors"), None, "{name}: {}", errors(&answer));
            let order = &answer["data"]["order"];
            assert_eq!(order["totalPrice"], order["totalPriceSet"]["shopMoney"]["amount"]);
            assert!(
                order["agreements"]["nodes"][0]["sales"]["edges"][0]["node"]["__typename"]
                    .is_string()
            );
        }
    }
}

#[test]
fn a_company_and_a_person_are_told_apart_in_the_union() {
    let shop = shop();
    let company = shop.create(Kind::B2bInvoice, 0).unwrap();
    let person = shop.create(Kind::Card, 0).unwrap();
    let of = |id: &str| ask(&shop, "2026-10", ORDER, json!({"id": id}))["data"]["order"].clone();
    assert_eq!(of(&company)["purchasingEntity"]["company"]["name"], "Kaffestugan i Ängelholm AB");
    assert_eq!(of(&company)["metafield"]["value"], of(&company)["metafields"]["nodes"][0]["value"]);
    assert_eq!(of(&person)["purchasingEntity"]["__typename"], "Customer");
    assert_eq!(of(&person)["metafield"], Json::Null);
}

#[test]
fn an_order_that_is_not_there_is_null() {
    let answer = ask(&shop(), "2026-10", ORDER, json!({"id": "gid://shopify/Order/1"}));
    assert_eq!(answer["data"]["order"], Json::Null);
    assert_eq!(answer.get("errors"), None);
}

const PAGES: &str = "query($first: Int!, $after: String, $query: String, $reverse: Boolean) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {
    nodes { id name updatedAt } pageInfo { hasNextPage endCursor }
  }
}";

fn names_by_page(shop: &crate::shopify::Shop, mut variables: Json) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let answer = ask(shop, "2026-10", PAGES, variables.clone());
        assert_eq!(answer.get("errors"), None, "{}", errors(&answer));
        let orders = &answer["data"]["orders"];
        let names = orders["nodes"].as_array().unwrap();
        pages.push(names.iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect());
        if orders["pageInfo"]["hasNextPage"] == false {
            return pages;
        }
        variables["after"] = orders["pageInfo"]["endCursor"].clone();
    }
}

#[test]
fn cursors_lead_through_every_order_once() {
    let shop = shop();
    shop.seed_demo().unwrap();
    for reverse in [false, true] {
        let pages = names_by_page(&shop, json!({"first": 10, "reverse": reverse}));
        let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 10, 5]);
        let mut all: Vec<_> = pages.concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 25);
    }
}

#[test]
fn an_order_that_changes_between_two_pages_is_not_lost() {
    let (shop, clock, _) = shop_with(Limits { on: false, ..Limits::default() });
    shop.seed_demo().unwrap();
    let first = ask(&shop, "2026-10", PAGES, json!({"first": 20}));
    let moved = first["data"]["orders"]["nodes"][0]["name"].clone();
    clock.advance(60_000);
    shop.change(moved.as_str().unwrap(), &Change::Note("later".to_owned())).unwrap();
    let after = first["data"]["orders"]["pageInfo"]["endCursor"].clone();
    let rest = ask(&shop, "2026-10", PAGES, json!({"first": 20, "after": after}));
    let rest = rest["data"]["orders"]["nodes"].as_array().unwrap();
    assert_eq!(rest.len(), 6);
    assert_eq!(rest[5]["name"], moved);
}

#[test]
fn a_filter_finds_what_was_changed_since_to_the_second() {
    let (shop, clock, _) = shop_with(Limits { on: false, ..Limits::default() });
    shop.seed_demo().unwrap();
    clock.advance(60_000);
    shop.change("1003", &Change::Note("changed".to_owned())).unwrap();
    let find = |query: &str| names_by_page(&shop, json!({"first": 50, "query": query})).concat();
    assert_eq!(find("updated_at:>='2026-11-02T12:01:00Z'"), ["#1003"]);
    assert_eq!(find("updated_at:>2026-11-02T12:01:00Z"), Vec::<String>::new());
    assert_eq!(find("name:#1004"), ["#1004"]);
    assert_eq!(find("name:1002 OR name:1003"), ["#1002", "#1003"]);
    assert_eq!(find("id:5600000001007"), ["#1007"]);
    assert_eq!(find("test:true"), ["#1018"]);
    assert_eq!(find("financial_status:authorized AND -status:cancelled"), ["#1017"]);
}

#[test]
fn an_unknown_filter_is_passed_over_with_a_warning() {
    let shop = shop();
    shop.seed_demo().unwrap();
    let answer = ask(&shop, "2026-10", PAGES, json!({"first": 50, "query": "colour:red"}));
    assert_eq!(answer["data"]["orders"]["nodes"].as_array().unwrap().len(), 25);
    assert_eq!(answer["extensions"]["search"][0]["warnings"][0]["field"], "colour");
}

#[test]
fn a_wrong_document_is_refused_with_its_place_in_a_200() {
    let answer = ask(&shop(), "2026-10", "{ orders(first: 1) { nodes { colour } } }", json!({}));
    assert_eq!(answer["data"], Json::Null);
    assert_eq!(answer["errors"][0]["locations"][0]["line"], 1);
    assert!(errors(&answer).contains("colour"), "{answer}");
}

#[test]
fn a_field_that_only_the_newer_version_has_is_refused_by_the_older() {
    let shop = shop();
    let query = "{ orders(first: 1) { nodes { cartToken } } }";
    assert_eq!(ask(&shop, "2026-10", query, json!({})).get("errors"), None);
    assert!(errors(&ask(&shop, "2026-01", query, json!({}))).contains("cartToken"));
}

#[test]
fn a_variable_that_is_missing_is_a_fault_of_the_request() {
    let answer = ask(&shop(), "2026-10", ORDER, json!({}));
    assert!(errors(&answer).contains("id"), "{answer}");
    assert_eq!(answer.get("data"), None);
}

#[test]
fn a_page_needs_a_size_of_at_most_250() {
    let shop = shop();
    let say = |query: &str| errors(&ask(&shop, "2026-10", query, json!({})));
    assert!(say("{ orders { nodes { id } } }").contains("you must provide one of first or last"));
    assert!(say("{ orders(first: 251) { nodes { id } } }").contains("250"));
    assert!(!say("{ orders(first: 250) { nodes { id } } }").contains("250"));
}

fn weigh(query: &str) -> u64 {
    let version = &versions::all().unwrap()[1];
    let document = version.document(query).unwrap();
    let operation = document.operations.get(None).unwrap();
    cost::expected(&version.schema, &document, operation, &Default::default()).unwrap()
}

#[test]
fn a_query_costs_its_objects_times_the_size_of_its_pages() {
    assert_eq!(weigh("{ shop { name } }"), 1);
    // 10 × (order 1 + customer 1)
    assert_eq!(weigh("{ orders(first: 10) { nodes { id customer { id } } } }"), 20);
    assert_eq!(weigh("{ orders(first: 10) { edges { cursor node { id customer { id } } } } }"), 20);
    // 2 × (order 1 + 3 lines × 1)
    assert_eq!(weigh("{ orders(first: 2) { nodes { lineItems(first: 3) { nodes { id } } } } }"), 8);
    // The dearer branch of a union counts: order 1 + entity 1 + (company 1 + location 1).
    let branches = "{ order(id: \"1\") { purchasingEntity { ... on Customer { id } ... on PurchasingCompany { company { id } location { id } } } } }";
    assert_eq!(weigh(branches), 4);
    assert_eq!(weigh("mutation { tagsAdd(id: \"1\", tags: []) { node { id } } }"), 12);
}

#[test]
fn an_answer_says_what_it_cost_and_gives_the_rest_back() {
    let (shop, _, _) = shop_with(Limits::default());
    let query = "{ orders(first: 100) { nodes { id } } }";
    let answer = ask(&shop, "2026-10", query, json!({}));
    let cost = &answer["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(100), &json!(0)));
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 2_000);
    assert_eq!(cost["throttleStatus"]["restoreRate"], 100);
}

#[test]
fn an_empty_bucket_throttles_until_it_is_restored() {
    let limits = Limits { shopify_bucket: 60, shopify_restore_per_s: 10, ..Limits::default() };
    let (shop, clock, _) = shop_with(limits);
    shop.seed_demo().unwrap();
    let query = "{ orders(first: 25) { nodes { id } } }";
    for _ in 0..2 {
        assert_eq!(ask(&shop, "2026-10", query, json!({})).get("errors"), None);
    }
    let refused = ask(&shop, "2026-10", query, json!({}));
    assert_eq!(refused["errors"][0]["message"], "Throttled");
    assert_eq!(refused["errors"][0]["extensions"]["code"], "THROTTLED");
    let cost = &refused["extensions"]["cost"];
    assert_eq!(cost["actualQueryCost"], Json::Null);
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 10);
    // 15 points are missing: 1.5 s at 10 a second.
    clock.advance(1_499);
    assert_eq!(ask(&shop, "2026-10", query, json!({}))["errors"][0]["message"], "Throttled");
    clock.advance(1);
    assert_eq!(ask(&shop, "2026-10", query, json!({})).get("errors"), None);
}

#[test]
fn a_query_that_is_too_dear_is_refused_for_ever() {
    let (shop, _, _) = shop_with(Limits::default());
    let query = "{ orders(first: 250) { nodes { lineItems(first: 10) { nodes { id } } } } }";
    let answer = ask(&shop, "2026-10", query, json!({}));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
}

#[test]
fn customers_are_found_by_id_and_email_with_their_orders() {
    let shop = shop();
    let id = shop.create(Kind::OssGermany, 0).unwrap();
    let stored = shop.find(&id).unwrap();
    let customer = stored.customer_id().unwrap();
    let query = "query($id: ID!, $q: String) {
      customer(id: $id) { id email orders(first: 5) { nodes { name } } lastOrder { name } }
      customers(first: 5, query: $q) { nodes { id } }
    }";
    let q = format!("email:{}", stored.order.email.clone().unwrap());
    let answer = ask(&shop, "2026-01", query, json!({"id": customer, "q": q}));
    assert_eq!(answer.get("errors"), None, "{}", errors(&answer));
    assert_eq!(answer["data"]["customer"]["orders"]["nodes"][0]["name"], "#1001");
    assert_eq!(answer["data"]["customers"]["nodes"][0]["id"], customer.as_str());
}

#[test]
fn a_mutation_changes_the_order_and_says_what_is_wrong_in_a_200() {
    let shop = shop();
    let id = shop.create(Kind::Card, 0).unwrap();
    let mutation = "mutation($input: OrderInput!) {
      orderUpdate(input: $input) { order { note updatedAt } userErrors { field message } }
    }";
    let answer = ask(&shop, "2026-10", mutation, json!({"input": {"id": id, "note": "ny"}}));
    assert_eq!(answer["data"]["orderUpdate"]["order"]["note"], "ny", "{answer}");
    assert_eq!(answer["data"]["orderUpdate"]["userErrors"], json!([]));
    let wrong = json!({"input": {"id": "gid://shopify/Order/1", "note": "ny"}});
    let answer = ask(&shop, "2026-10", mutation, wrong);
    assert_eq!(answer["data"]["orderUpdate"]["order"], Json::Null);
    assert_eq!(answer["data"]["orderUpdate"]["userErrors"][0]["message"], "Order does not exist");
}

#[test]
fn a_subscription_is_made_listed_and_removed_through_the_interface() {
    let shop = shop();
    let make = r#"mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
      webhookSubscription: {uri: "http://127.0.0.1:9/in"}) {
        webhookSubscription { id topic uri } userErrors { message } } }"#;
    let made = ask(&shop, "2026-10", make, json!({}));
    let id = made["data"]["webhookSubscriptionCreate"]["webhookSubscription"]["id"].clone();
    let list = "{ webhookSubscriptions(first: 5) { nodes { id topic uri format } } }";
    let listed = ask(&shop, "2026-10", list, json!({}));
    assert_eq!(listed["data"]["webhookSubscriptions"]["nodes"][0]["id"], id, "{listed}");
    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }";
    ask(&shop, "2026-10", delete, json!({"id": id}));
    assert_eq!(shop.webhooks().subscriptions(), []);
}

#[test]
fn a_version_no_longer_served_is_answered_by_the_oldest_and_a_future_one_by_none() {
    let all = versions::all().unwrap();
    let name = |asked: &str| versions::serving(all, asked).map(|version| version.name);
    assert_eq!(name("2024-07"), Some("2026-01"));
    assert_eq!(name("2026-04"), Some("2026-01"));
    assert_eq!(name("2026-10"), Some("2026-10"));
    assert_eq!(name("2027-01"), None);
    assert_eq!(name("unstable"), None);
}
