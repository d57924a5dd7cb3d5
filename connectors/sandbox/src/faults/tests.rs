use super::*;

#[test]
fn a_pattern_with_stars_fits_any_text_between() {
    for (pattern, text, expected) in [
        ("/fortnox/3/orders*", "/fortnox/3/orders/7/createinvoice", true),
        ("*/createinvoice", "/fortnox/3/orders/7/createinvoice", true),
        ("/fortnox/*/orders/*/cancel", "/fortnox/3/orders/7/cancel", true),
        ("/fortnox/3/orders", "/fortnox/3/orders/7", false),
        ("/shopify/*", "/fortnox/3/orders", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} on {text}");
    }
}

#[test]
fn a_rule_for_the_next_two_requests_fires_twice() {
    let faults = Faults::new(1);
    faults.add([FaultRule::next(FaultKind::Down, 2, "/fortnox/*").method("POST")]);
    assert_eq!(faults.draw("GET", "/fortnox/3/orders", ""), None);
    assert!(faults.draw("POST", "/fortnox/3/orders", "").is_some());
    assert!(faults.draw("POST", "/fortnox/3/orders", "").is_some());
    assert_eq!(faults.draw("POST", "/fortnox/3/orders", ""), None);
    assert_eq!(faults.made().get(&FaultKind::Down), Some(&2));
}

#[test]
fn every_kind_happens_and_refreshing_is_spared() {
    let faults = Faults::new(3);
    faults.add(FaultRule::every_kind(20, 5));
    for _ in 0..3_000 {
        assert_eq!(faults.draw("POST", "/fortnox/oauth-v1/token", ""), None);
        let _ = faults.draw("POST", "/fortnox/3/orders", "");
        let shop = faults.draw("POST", "/shopify/s/admin/api/2026-01/graphql.json", "");
        assert!(shop.is_none_or(|(kind, _)| kind != FaultKind::TokenRevoked));
    }
    assert!(faults.made().values().all(|times| *times > 0), "{:?}", faults.made());
}

#[test]
fn chance_comes_from_the_seed_and_keeps_its_share() {
    let drawn = |seed| {
        let faults = Faults::new(seed);
        let rule =
            FaultRule { times: None, per_mille: 100, ..FaultRule::next(FaultKind::Slow, 0, "*") };
        faults.add([rule]);
        (0..2_000).map(|_| faults.draw("GET", "/", "").is_some()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(7), drawn(7));
    let hits = drawn(7).into_iter().filter(|hit| *hit).count();
    assert!((140..=260).contains(&hits), "{hits} of 2000 at 100 per mille");
}
