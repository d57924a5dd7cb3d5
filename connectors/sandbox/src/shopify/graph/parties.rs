//! Who takes part: customers, companies and addresses, and metafields.

use serde_json::{Value as Json, json};

use super::money::plain;
use crate::shopify::amounts::zero;
use crate::shopify::order::{Address, Company, Metafield, Order, Person};
use crate::shopify::{people, time};

/// The fields of an order that name its parties.
pub fn of_order(order: &Order) -> Json {
    let customer = order.customer.as_ref().map(|person| customer(person, order.at_ms));
    let address = |address: &Option<Address>, kind: u64| {
        address.as_ref().map(|address| mailing(address, order.id_number() * 10 + kind))
    };
    let purchasing = order
        .company
        .as_ref()
        .map(|company| purchasing_company(company, order))
        .or_else(|| customer.clone());
    json!({
        "customer": customer,
        "purchasingEntity": purchasing,
        "billingAddress": address(&order.billing, 1),
        "shippingAddress": address(&order.delivery, 2),
        "displayAddress": address(&order.delivery, 2),
        "billingAddressMatchesShippingAddress": order.billing == order.delivery,
    })
}

/// A customer as a node; `since_ms` is when it came to the shop.
pub fn customer(person: &Person, since_ms: i64) -> Json {
    let address = mailing(&person.address, person.number);
    let at = time::text(since_ms);
    json!({
        "__typename": "Customer",
        "id": format!("gid://shopify/Customer/{}", person.number),
        "legacyResourceId": person.number.to_string(),
        "firstName": person.address.first_name,
        "lastName": person.address.last_name,
        "displayName": format!("{} {}", person.address.first_name, person.address.last_name),
        "email": person.email,
        "phone": person.address.phone,
        "defaultEmailAddress": {
            "emailAddress": person.email,
            "marketingState": "NOT_SUBSCRIBED",
            "marketingUnsubscribeUrl": "https://sandbox-shop.example/unsubscribe",
            "openTrackingLevel": "UNKNOWN",
            "openTrackingUrl": "https://sandbox-shop.example/open",
            "validFormat": true,
        },
        "defaultPhoneNumber": person.address.phone.as_ref().map(|phone| json!({
            "phoneNumber": phone, "marketingState": "NOT_SUBSCRIBED",
        })),
        "defaultAddress": address,
        "addresses": [address],
        "addressesV2": [address],
        "createdAt": at,
        "updatedAt": at,
        "locale": "sv",
        "state": "DISABLED",
        "note": null,
        "tags": [],
        "taxExempt": person.reverse_charge,
        "taxExemptions":
            if person.reverse_charge { vec!["EU_REVERSE_CHARGE_EXEMPTION_RULE"] } else { vec![] },
        "verifiedEmail": true,
        "validEmailAddress": true,
        "numberOfOrders": "1",
        "amountSpent": plain(zero(), "SEK"),
        "lifetimeDuration": "1 day",
        "productSubscriberStatus": "NEVER_SUBSCRIBED",
        "metafields": [],
        "companyContactProfiles": [],
    })
}

/// An address as a node.
pub fn mailing(address: &Address, number: u64) -> Json {
    let name = format!("{} {}", address.first_name, address.last_name).trim().to_owned();
    let country = people::country_name(&address.country);
    let formatted: Vec<String> = [
        address.company.clone(),
        Some(address.street.clone()),
        address.street2.clone(),
        Some(format!("{} {}", address.zip, address.city)),
        Some(country.to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    json!({
        "__typename": "MailingAddress",
        "id": format!("gid://shopify/MailingAddress/{number}"),
        "firstName": address.first_name,
        "lastName": address.last_name,
        "name": name,
        "company": address.company,
        "address1": address.street,
        "address2": address.street2,
        "zip": address.zip,
        "city": address.city,
        "country": country,
        "countryCode": address.country,
        "countryCodeV2": address.country,
        "province": null,
        "provinceCode": null,
        "phone": address.phone,
        "coordinatesValidated": true,
        "formatted": formatted,
        "formattedArea": format!("{}, {country}", address.city),
        "timeZone": "Europe/Stockholm",
    })
}

fn purchasing_company(company: &Company, order: &Order) -> Json {
    let at = time::text(order.at_ms);
    let fields = [Metafield {
        namespace: "custom".to_owned(),
        key: "organisation_number".to_owned(),
        kind: "single_line_text_field".to_owned(),
        value: company.organisation_number.clone(),
    }];
    let node = json!({
        "__typename": "Company",
        "id": format!("gid://shopify/Company/{}", company.number),
        "name": company.name,
        "externalId": company.organisation_number,
        "note": null,
        "createdAt": at,
        "updatedAt": at,
        "customerSince": at,
        "defaultCursor": company.number.to_string(),
        "lifetimeDuration": "1 day",
        "totalSpent": plain(zero(), &order.currency),
        "metafields": metafields(&fields, "COMPANY", &at),
    });
    json!({
        "__typename": "PurchasingCompany",
        "company": node,
        "location": {
            "__typename": "CompanyLocation",
            "id": format!("gid://shopify/CompanyLocation/{}", company.number + 1),
            "name": company.location,
            "externalId": company.organisation_number,
            "taxRegistrationId": company.vat_number,
            "company": node,
            "createdAt": at,
            "updatedAt": at,
            "currency": order.currency,
            "locale": "sv",
            "defaultCursor": company.number.to_string(),
            "totalSpent": plain(zero(), &order.currency),
            "metafields": [],
        },
        "contact": order.customer.as_ref().map(|person| json!({
            "__typename": "CompanyContact",
            "id": format!("gid://shopify/CompanyContact/{}", company.number + 2),
            "title": "Inköp",
            "isMainContact": true,
            "company": node,
            "customer": customer(person, order.at_ms),
            "createdAt": at,
            "updatedAt": at,
            "lifetimeDuration": "1 day",
            "locale": "sv",
        })),
    })
}

/// Metafields as nodes.
pub fn metafields(fields: &[Metafield], owner: &str, at: &str) -> Vec<Json> {
    fields
        .iter()
        .enumerate()
        .map(|(n, field)| {
            json!({
                "__typename": "Metafield",
                "id": format!("gid://shopify/Metafield/{}", 30_000_000 + n),
                "legacyResourceId": (30_000_000 + n).to_string(),
                "namespace": field.namespace,
                "key": field.key,
                "type": field.kind,
                "value": field.value,
                "jsonValue": field.value,
                "ownerType": owner,
                "compareDigest": format!("{:016x}", field.value.len()),
                "sizeInBytes": field.value.len(),
                "createdAt": at,
                "updatedAt": at,
            })
        })
        .collect()
}
