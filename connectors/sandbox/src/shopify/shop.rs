//! The shop: its orders and customers, and what others may ask of it.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use tenon_value::{Number, NumberError};

use super::graphql::bucket::Bucket;
use super::graphql::versions;
use super::graphql::world::{Customers, Orders, World};
use super::kinds::{self, Kind, Set};
use super::order::Order;
use super::webhooks::Webhooks;
use super::{amounts, graph, rest, time};
use crate::books::ExpectedOrder;
use crate::config::Limits;
use crate::{Clock, LimitsCell, SandboxConfig};

/// How many orders the demonstration has.
pub const DEMO_ORDERS: usize = 25;
/// The number before the first order's.
const FIRST_NUMBER: u32 = 1_000;
/// How long before now generated orders end, so that nothing of them lies in the future.
const AGE_MS: i64 = 3 * 60 * 60 * 1_000;

/// An order with the forms it is given out in.
#[derive(Debug)]
pub struct Stored {
    /// The order.
    pub order: Order,
    /// As a node of the GraphQL interface.
    pub graph: Json,
    /// What the ledger should hold.
    pub expected: ExpectedOrder,
    hundredths: i64,
}

impl Stored {
    /// Computes the forms of an order.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn new(order: Order) -> Result<Stored, NumberError> {
        let both = graph::Both::of(&order)?;
        let expected = ExpectedOrder {
            id: order.id.clone(),
            name: order.name.clone(),
            currency: order.currency.clone(),
            total: both.shop.invoice_total,
            vat: both.shop.invoice_tax,
            captured: invoice_due(&order, &both)?,
            must_skip: order.must_skip(),
            must_fail: order.must_fail.clone(),
        };
        let cents = both.presentment.total.multiply(Number::from(100))?;
        let hundredths = cents.to_i64().unwrap_or(i64::MAX);
        Ok(Stored { graph: graph::order(&order)?, expected, hundredths, order })
    }

    /// Its running number.
    #[must_use]
    pub fn number(&self) -> i64 {
        i64::from(self.order.number)
    }

    /// The total in hundredths of the buyer's currency, to sort by.
    #[must_use]
    pub fn hundredths(&self) -> i64 {
        self.hundredths
    }

    /// The financial status the shop shows.
    #[must_use]
    pub fn status(&self) -> &str {
        self.graph.get("displayFinancialStatus").and_then(Json::as_str).unwrap_or_default()
    }

    /// Its customer's id.
    #[must_use]
    pub fn customer_id(&self) -> Option<String> {
        self.graph.pointer("/customer/id").and_then(Json::as_str).map(str::to_owned)
    }
}

#[derive(Default)]
struct State {
    orders: Arc<Orders>,
    customers: Arc<Customers>,
    last_number: u32,
}

/// The shop. Its methods may be called from any thread.
pub struct Shop {
    names: Vec<String>,
    token: String,
    clock: Arc<Clock>,
    limits: Arc<LimitsCell>,
    state: Mutex<State>,
    bucket: Bucket,
    webhooks: Arc<Webhooks>,
}

impl Shop {
    /// A shop without orders.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn new(
        config: &SandboxConfig,
        clock: Arc<Clock>,
        limits: Arc<LimitsCell>,
    ) -> Result<Shop, String> {
        versions::all()?;
        let now_ms = clock.now_ms();
        let webhooks = Webhooks::new(config, Arc::clone(&clock), Arc::clone(&limits));
        let shop = Shop {
            names: config.shops.clone(),
            token: config.shop_token.clone(),
            clock,
            limits,
            state: Mutex::new(State { last_number: FIRST_NUMBER, ..State::default() }),
            bucket: Bucket::new(now_ms),
            webhooks: Arc::new(webhooks),
        };
        if let Some(target) = &config.webhook_target {
            shop.webhooks.subscribe_usual(target);
        }
        Ok(shop)
    }

    /// Takes every order away; subscriptions stay.
    pub fn reset(&self) {
        *self.state() = State { last_number: FIRST_NUMBER, ..State::default() };
    }

    /// The 25 orders of the demonstration: one of each usual kind, and one that fails until its
    /// payment method is put into the table. Gives back how many there are.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn seed_demo(&self) -> Result<usize, NumberError> {
        let kinds: Vec<Kind> = Kind::ALL
            .iter()
            .filter(|(_, _, set)| *set != Set::Asked)
            .map(|(kind, _, _)| *kind)
            .take(DEMO_ORDERS)
            .collect();
        let first_ms = self.first_ms(kinds.len(), 60_000);
        for (at_ms, (draw, kind)) in (first_ms..).step_by(60_000).zip((0_u64..).zip(&kinds)) {
            let order = kinds::make(*kind, self.next_number(), at_ms, draw)?;
            self.put(order)?;
        }
        Ok(kinds.len())
    }

    /// Makes orders of the usual kinds, the same for the same seed. Gives back their ids.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn generate(&self, count: usize, seed: u64) -> Result<Vec<String>, NumberError> {
        let usual: Vec<Kind> = Kind::ALL
            .iter()
            .filter(|(_, _, set)| *set == Set::Usual)
            .map(|(kind, _, _)| *kind)
            .collect();
        let step_ms = if count > 1_000 { 1_000 } else { 30_000 };
        let first_ms = self.first_ms(count, step_ms);
        let step = usize::try_from(step_ms).unwrap_or(1_000);
        let mut ids = Vec::with_capacity(count);
        for (n, at_ms) in (0..count).zip((first_ms..).step_by(step)) {
            let draw = mixed(seed, n);
            let many = u64::try_from(usual.len()).unwrap_or(1);
            let place = usize::try_from((draw >> 16) % many).unwrap_or(0);
            let kind = usual.get(place).copied().unwrap_or(Kind::Card);
            let order = kinds::make(kind, self.next_number(), at_ms, draw % 997)?;
            ids.push(order.id.clone());
            self.put(order)?;
        }
        Ok(ids)
    }

    /// A new order of a kind, placed two hours ago and last changed now, so that everything that
    /// happened to it lies behind. Webhooks are posted. Gives back its id.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn create(&self, kind: Kind, draw: u64) -> Result<String, NumberError> {
        let now_ms = self.now_ms();
        let placed_ms = now_ms.saturating_sub(2 * 60 * 60 * 1_000);
        let mut order = kinds::make(kind, self.next_number(), placed_ms, draw)?;
        order.updated_ms = now_ms - now_ms.rem_euclid(1_000);
        let stored = self.put(order)?;
        let mut topics = vec!["orders/create"];
        if stored.order.captured_ms().is_some() {
            topics.push("orders/paid");
        }
        if stored.order.fulfilled_ms.is_some() {
            topics.push("orders/fulfilled");
        }
        if stored.order.cancelled.is_some() {
            topics.push("orders/cancelled");
        }
        if !stored.order.refunds.is_empty() {
            topics.push("refunds/create");
        }
        self.announce(&stored, &topics);
        Ok(stored.order.id.clone())
    }

    /// Posts a topic's webhook for every order, in the order they were placed. Gives back how many.
    pub fn post_all(&self, topic: &str) -> usize {
        let orders = Arc::clone(&self.state().orders);
        for stored in orders.values() {
            self.announce(stored, &[topic]);
        }
        self.webhooks.flush();
        orders.len()
    }

    /// What the ledger should hold for each order, by the shop's own records.
    #[must_use]
    pub fn orders_expected(&self) -> Vec<ExpectedOrder> {
        self.state().orders.values().map(|stored| stored.expected.clone()).collect()
    }

    /// What is in the shop, in numbers.
    #[must_use]
    pub fn summary(&self) -> Json {
        let orders = self.orders_expected();
        let count = |test: fn(&ExpectedOrder) -> bool| orders.iter().filter(|o| test(o)).count();
        json!({
            "orders": orders.len(),
            "customers": self.state().customers.len(),
            "invoices_due": count(|o| o.captured && o.must_skip.is_none() && o.must_fail.is_none()),
            "must_skip": count(|o| o.must_skip.is_some()),
            "must_fail": count(|o| o.must_fail.is_some()),
            "webhooks": self.webhooks.summary(),
        })
    }

    /// An order by id, number or name.
    #[must_use]
    pub fn find(&self, which: &str) -> Option<Arc<Stored>> {
        let state = self.state();
        if let Some(stored) = state.orders.get(which) {
            return Some(Arc::clone(stored));
        }
        let wanted = which.trim_start_matches('#');
        let is = |stored: &&Arc<Stored>| stored.order.name.trim_start_matches('#') == wanted;
        state.orders.values().find(is).map(Arc::clone)
    }

    /// Keeps an order, a new one or a changed one.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn put(&self, order: Order) -> Result<Arc<Stored>, NumberError> {
        let stored = Arc::new(Stored::new(order)?);
        let mut state = self.state();
        if let Some(person) = &stored.order.customer {
            let node = graph::parties::customer(person, stored.order.at_ms);
            let id = format!("gid://shopify/Customer/{}", person.number);
            Arc::make_mut(&mut state.customers).entry(id).or_insert_with(|| Arc::new(node));
        }
        Arc::make_mut(&mut state.orders).insert(stored.order.id.clone(), Arc::clone(&stored));
        Ok(stored)
    }

    /// Posts webhooks about an order, all of one event.
    pub fn announce(&self, stored: &Stored, topics: &[&str]) {
        let mut news = Vec::with_capacity(topics.len());
        for topic in topics {
            match rest::topics::body(&stored.order, topic) {
                Ok(Some(body)) => news.push((*topic, body.to_string())),
                Ok(None) => {}
                Err(error) => tracing::warn!(order = stored.order.name, %error, "no webhook"),
            }
        }
        self.webhooks.post(&news);
    }

    /// The webhooks of the shop.
    #[must_use]
    pub fn webhooks(&self) -> &Arc<Webhooks> {
        &self.webhooks
    }

    /// The next order's number.
    pub fn next_number(&self) -> u32 {
        let mut state = self.state();
        state.last_number = state.last_number.saturating_add(1);
        state.last_number
    }

    /// Now, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits.now()
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        let name = name.trim_end_matches(".myshopify.com");
        self.names.iter().any(|own| own.trim_end_matches(".myshopify.com") == name)
    }

    pub(super) fn opens(&self, token: &str) -> bool {
        token == self.token
    }

    pub(super) fn world(&self) -> World {
        let (orders, customers) = {
            let state = self.state();
            (Arc::clone(&state.orders), Arc::clone(&state.customers))
        };
        World {
            orders,
            customers,
            shop: self.node(),
            subscriptions: self.webhooks.nodes(),
            objects: std::cell::Cell::new(0),
            ignored: std::cell::RefCell::new(Vec::new()),
        }
    }

    fn node(&self) -> Json {
        let name = self.names.first().map_or("sandbox-shop", String::as_str);
        let domain = format!("{}.myshopify.com", name.trim_end_matches(".myshopify.com"));
        let url = format!("https://{domain}");
        json!({
            "__typename": "Shop",
            "id": "gid://shopify/Shop/548380009",
            "name": "Brygg & Co",
            "email": "butik@example.com",
            "contactEmail": "butik@example.com",
            "shopOwnerName": "Brygg & Co AB",
            "myshopifyDomain": domain,
            "url": url,
            "primaryDomain": {
                "id": "gid://shopify/Domain/1", "host": domain, "url": url, "sslEnabled": true,
            },
            "currencyCode": "SEK",
            "enabledPresentmentCurrencies": ["SEK", "EUR", "USD"],
            "taxesIncluded": true,
            "taxShipping": true,
            "ianaTimezone": "Europe/Stockholm",
            "timezoneAbbreviation": "CET",
            "timezoneOffset": "+0100",
            "timezoneOffsetMinutes": 60,
            "weightUnit": "KILOGRAMS",
            "unitSystem": "METRIC_SYSTEM",
            "customerAccounts": "OPTIONAL",
            "orderNumberFormatPrefix": "#",
            "orderNumberFormatSuffix": "",
            "shipsToCountries": ["SE", "FI", "DE", "DK", "NO", "US"],
            "plan": {
                "displayName": "Basic", "publicDisplayName": "Basic",
                "partnerDevelopment": true, "shopifyPlus": false,
            },
            "shopAddress": {
                "id": "gid://shopify/ShopAddress/1", "address1": "Rosterigatan 2",
                "zip": "117 61", "city": "Stockholm", "country": "Sweden", "countryCodeV2": "SE",
                "coordinatesValidated": true, "company": "Brygg & Co AB",
                "formatted": ["Rosterigatan 2", "117 61 Stockholm", "Sweden"],
            },
            "createdAt": time::text(1_640_995_200_000),
            "updatedAt": time::text(1_640_995_200_000),
            "metafields": [],
        })
    }

    fn first_ms(&self, count: usize, step_ms: i64) -> i64 {
        let span = i64::try_from(count).unwrap_or(0).saturating_mul(step_ms);
        let first = self.now_ms().saturating_sub(AGE_MS).saturating_sub(span);
        first - first.rem_euclid(1_000)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an invoice is due: on terms once it was sent off, otherwise once what was agreed is paid.
/// A part of it does not make it due.
fn invoice_due(order: &Order, both: &graph::Both) -> Result<bool, NumberError> {
    if order.terms_days.is_some() {
        return Ok(order.fulfilled_ms.is_some());
    }
    let received = amounts::received(&order.transactions)?;
    Ok(received.presentment >= both.presentment.invoice_total)
}

/// A number drawn from a seed and a place (SplitMix64).
fn mixed(seed: u64, place: usize) -> u64 {
    let place = u64::try_from(place).unwrap_or(0).wrapping_add(1);
    let mut z = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Totals of every order as the control interface shows them.
#[must_use]
pub fn shown(orders: &[ExpectedOrder]) -> Vec<Json> {
    orders
        .iter()
        .map(|order| {
            json!({
                "id": order.id,
                "name": order.name,
                "currency": order.currency,
                "total": order.total.to_string(),
                "vat": order.vat.to_string(),
                "captured": order.captured,
                "must_skip": order.must_skip,
                "must_fail": order.must_fail,
            })
        })
        .collect()
}

/// Adds up the totals of orders by currency.
///
/// # Errors
/// [`NumberError`] where a sum has more digits than can be held.
pub fn sums(orders: &[ExpectedOrder]) -> Result<IndexMap<String, String>, NumberError> {
    let mut sums: IndexMap<String, Number> = IndexMap::new();
    for order in orders {
        let sum = sums.entry(order.currency.clone()).or_insert_with(amounts::zero);
        *sum = sum.add(order.total)?;
    }
    Ok(sums.into_iter().map(|(currency, sum)| (currency, sum.to_string())).collect())
}
