//! Who buys: invented people and companies, one set per country.

use super::order::{Address, Company, Person};

/// First name, last name, street, postal code, city.
type Entry = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SE: [Entry; 6] = [
    ("Åsa", "Lindqvist", "Tallvägen 4", "413 27", "Göteborg"),
    ("Mårten", "Öberg", "Sjögatan 18 B", "852 34", "Sundsvall"),
    ("Ingrid", "Ek", "Lilla Torg 7", "211 34", "Malmö"),
    ("Per-Olof", "Wiklund", "Björkstigen 112", "903 25", "Umeå"),
    ("Leila", "Haddad", "Storgatan 1", "582 23", "Linköping"),
    ("Sven", "af Ugglas", "Norr Mälarstrand 60", "112 35", "Stockholm"),
];
const FI: [Entry; 2] = [
    ("Aino", "Mäkelä", "Mannerheimintie 12 A 5", "00100", "Helsinki"),
    ("Juhani", "Väisänen", "Hämeenkatu 3", "33100", "Tampere"),
];
const DE: [Entry; 2] = [
    ("Jürgen", "Weiß", "Goethestraße 8", "80336", "München"),
    ("Hannah", "Schröder", "Alsterufer 21", "20354", "Hamburg"),
];
const DK: [Entry; 2] = [
    ("Søren", "Kjær", "Vesterbrogade 44, 2. tv", "1620", "København V"),
    ("Mette", "Østergaard", "Åboulevarden 9", "8000", "Aarhus C"),
];
const NO: [Entry; 2] = [
    ("Øystein", "Bråten", "Karl Johans gate 3", "0154", "Oslo"),
    ("Ragnhild", "Ås", "Strandgaten 77", "5004", "Bergen"),
];
const US: [Entry; 2] = [
    ("Mary", "O'Brien", "450 Maple Street", "05401", "Burlington"),
    ("Luis", "Ortega", "1200 W 5th Ave", "99501", "Anchorage"),
];

fn entries(country: &str) -> &'static [Entry] {
    match country {
        "FI" => &FI,
        "DE" => &DE,
        "DK" => &DK,
        "NO" => &NO,
        "US" => &US,
        _ => &SE,
    }
}

/// The country's name as the shop writes it.
#[must_use]
pub fn country_name(code: &str) -> &'static str {
    match code {
        "SE" => "Sweden",
        "FI" => "Finland",
        "DE" => "Germany",
        "DK" => "Denmark",
        "NO" => "Norway",
        "US" => "United States",
        "CA" => "Canada",
        _ => "",
    }
}

/// The n-th person of a country; after the last name the count goes on with other house numbers.
#[must_use]
pub fn person(country: &str, n: u64) -> Person {
    let all = entries(country);
    let count = u64::try_from(all.len()).unwrap_or(1).max(1);
    let place = usize::try_from(n % count).unwrap_or(0);
    let (first, last, street, zip, city) = all.get(place).copied().unwrap_or((
        "Åsa",
        "Lindqvist",
        "Tallvägen 4",
        "413 27",
        "Göteborg",
    ));
    let again = n / count;
    let street =
        if again == 0 { street.to_owned() } else { format!("{street}, lgh {}", 1_000 + again) };
    let country_digits = country.bytes().fold(0_u64, |sum, byte| sum * 100 + u64::from(byte));
    let mail: String =
        format!("{first}.{last}{}", if again == 0 { String::new() } else { again.to_string() })
            .to_lowercase()
            .chars()
            .map(plain)
            .collect();
    Person {
        number: 7_000_000_000_000 + country_digits * 1_000_000 + n,
        email: format!("{mail}@example.com"),
        address: Address {
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            company: None,
            street,
            street2: None,
            zip: zip.to_owned(),
            city: city.to_owned(),
            country: country.to_owned(),
            phone: Some(phone(country, n)),
        },
        reverse_charge: false,
    }
}

/// The n-th company of a country.
#[must_use]
pub fn company(country: &str, n: u64) -> Company {
    let text = organisation_number(556_004_321 + (n % 9_000) * 17);
    let (head, tail) = text.split_at_checked(6).unwrap_or((&text, ""));
    let (name, organisation_number, vat_number) = if country == "DE" {
        (
            ["Nordlicht Möbel GmbH", "Café Kaiser KG"],
            format!("HRB {}", 10_000 + n),
            format!("DE{}", 811_000_000 + n),
        )
    } else {
        (
            ["Kaffestugan i Ängelholm AB", "Brygghuset Åre HB"],
            format!("{head}-{tail}"),
            format!("SE{head}{tail}01"),
        )
    };
    let place = usize::from(n % 2 == 1);
    Company {
        number: 4_100_000_000 + n + if country == "DE" { 500_000 } else { 0 },
        name: name.get(place).copied().unwrap_or("Kaffestugan i Ängelholm AB").to_owned(),
        organisation_number,
        vat_number,
        location: if country == "DE" { "Berlin".to_owned() } else { "Huvudkontoret".to_owned() },
    }
}

/// Nine digits with their check digit (Luhn).
fn organisation_number(nine: u64) -> String {
    let text = nine.to_string();
    let sum: u32 = text
        .bytes()
        .enumerate()
        .map(|(n, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0')) * if n % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{text}{}", (10 - sum % 10) % 10)
}

fn phone(country: &str, n: u64) -> String {
    let code = match country {
        "FI" => "+358",
        "DE" => "+49",
        "DK" => "+45",
        "NO" => "+47",
        "US" => "+1",
        _ => "+46",
    };
    format!("{code}70{}", 1_740_600 + n % 100)
}

fn plain(letter: char) -> char {
    match letter {
        'å' | 'ä' | 'æ' => 'a',
        'ö' | 'ø' => 'o',
        'ü' => 'u',
        'ß' => 's',
        ' ' | '\'' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organisation_numbers_carry_their_check_digit() {
        // 5 5 6 0 0 4 3 2 1 doubled at every other place from the first: 1+0, 5, 1+2, 0, 0, 4, 6, 2, 2
        // come to 23, so 7.
        assert_eq!(organisation_number(556_004_321), "5560043217");
        assert_eq!(company("SE", 0).organisation_number, "556004-3217");
        assert_eq!(company("SE", 0).vat_number, "SE556004321701");
    }
}
