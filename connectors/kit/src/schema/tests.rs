use tenon_value::json;

use super::*;

const API: &str = r##"{"openapi":"3.0.3","info":{"title":"T","version":"1","description":"prose","license":{"name":"MIT"}},
"paths":{"/3/orders/{n}":{"get":{"summary":"prose","parameters":[{"name":"n","in":"path","required":true,"description":"prose","schema":{"type":"string"}}],
"responses":{"200":{"description":"prose","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Wrap"}}}}}}},
"/3/orders/sum":{"get":{"responses":{}}}},
"components":{"schemas":{"Wrap":{"type":"object","properties":{"Order":{"$ref":"#/components/schemas/Order"}}},
"Order":{"type":"object","required":["Name"],"properties":{"Name":{"type":"string","maxLength":5,"minLength":1},
"description":{"type":"string","description":"prose"},
"Type":{"type":"string","enum":["A","B"]},"Day":{"type":"string","format":"date"},
"Account":{"type":"integer","minimum":1000,"maximum":9999},"Amount":{"type":"number"},"Sent":{"type":"boolean"},
"Rows":{"type":"array","maxItems":2,"items":{"type":"object","properties":{"Q":{"type":"string"}}}}}}}}}"##;

fn rules(record: &str, manner: Manner) -> Vec<(String, Rule)> {
    let api = OpenApi::load(API).unwrap();
    api.validate("Wrap", &json::read(record).unwrap(), manner)
        .into_iter()
        .map(|v| (v.path, v.rule))
        .collect()
}

#[test]
fn each_rule_is_found_at_its_place() {
    let record = r#"{"Order":{"Name":"too long","Type":"C","Day":"24/11","Account":99,"Amount":"x","Sent":1,
        "Rows":[{"Q":1},{"Z":1},{}],"Extra":1}}"#;
    assert_eq!(
        rules(record, Manner::Published),
        [
            ("Order.Name", Rule::MaxLength),
            ("Order.Type", Rule::Choice),
            ("Order.Day", Rule::Format),
            ("Order.Account", Rule::Minimum),
            ("Order.Amount", Rule::Kind),
            ("Order.Sent", Rule::Kind),
            ("Order.Rows", Rule::Items),
            ("Order.Rows[0].Q", Rule::Kind),
            ("Order.Rows[1].Z", Rule::Unknown),
            ("Order.Extra", Rule::Unknown),
        ]
        .map(|(p, r)| (p.to_owned(), r))
    );
    let record = r#"{"Order":{"Name":null,"Account":100.5}}"#;
    assert_eq!(
        rules(record, Manner::Published),
        [
            ("Order.Name", Rule::Kind),
            ("Order.Account", Rule::Kind),
            ("Order.Account", Rule::Minimum),
            ("Order.Name", Rule::Required),
        ]
        .map(|(p, r)| (p.to_owned(), r))
    );
}

#[test]
fn answers_are_taken_as_real_services_give_them() {
    let record = r#"{"Order":{"Name":null,"Type":"","Day":"","Account":"0","Amount":"12.50","Sent":"true","New":1,
        "Rows":[{"Q":1.0}]}}"#;
    assert_eq!(rules(record, Manner::Answer), []);
    assert_eq!(rules(r#"{"Order":[]}"#, Manner::Answer), [("Order".to_owned(), Rule::Kind)]);
}

#[test]
fn a_fixed_path_wins_over_a_parameter() {
    let api = OpenApi::load(API).unwrap();
    assert_eq!(api.endpoint("get", "/3/orders/sum").unwrap().path, "/3/orders/sum");
    assert_eq!(api.endpoint("GET", "/3/orders/7/").unwrap().path, "/3/orders/{n}");
    assert!(api.endpoint("POST", "/3/orders/7").is_none());
}

#[test]
fn import_drops_prose_and_keeps_names_licence_and_limits() {
    let kept = import_openapi(API).unwrap();
    assert!(!kept.contains("prose"), "{kept}");
    assert!(kept.contains("MIT") && kept.contains("maxLength"));
    let api = OpenApi::load(&kept).unwrap();
    let order = api.schema("Order").unwrap();
    assert!(api.field(order, "description").is_some(), "a field named like a keyword stays");
    assert_eq!(import_openapi(&kept).unwrap(), kept);
}

#[test]
fn import_of_sdl_drops_descriptions() {
    let sdl = "\"prose\" type Query { \"prose\" a(\"prose\" b: Int = 1): String @deprecated(reason: \"Use c.\") c: E! } enum E { \"prose\" X }";
    let kept = import_sdl(sdl).unwrap();
    assert!(!kept.contains("prose") && kept.contains("Use c."), "{kept}");
    let sdl = Sdl::load(&kept).unwrap();
    let document = sdl.document("query($n: Int!) { a(b: $n) }", "q.graphql").unwrap();
    assert!(sdl.check_variables(&document, &json::read(r#"{"n":1}"#).unwrap()).is_ok());
    assert!(sdl.check_variables(&document, &json::read(r#"{"n":"1"}"#).unwrap()).is_err());
    assert!(sdl.document("{ nothing }", "q.graphql").is_err());
}

#[test]
fn a_notice_names_origin_and_licence() {
    let text = notice("api.json", "https://example.com/api", " MIT License \n");
    assert!(text.starts_with("api.json\n  Origin: https://example.com/api\n"));
    assert!(text.ends_with("\n\nMIT License\n"));
}

#[test]
fn a_broken_document_with_characters_of_several_bytes_is_refused_with_its_place() {
    let sdl = Sdl::load("type Query { thing(id: ID!): String }").unwrap();
    let text =
        "query thing($id: [[[[[[[[[[[[4[[[ID!) { thing(i\u{fffd}d: $id) { id t\r\ngtal } }\n";
    let refused = sdl.document(text, "thing.graphql").map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("1:30: "), "{refused}");
}
