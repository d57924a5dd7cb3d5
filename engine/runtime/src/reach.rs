//! How far a request may go: which addresses are public, and names that lead to others.
//!
//! What is looked at is the address a connection is made to, not the name: whoever controls a name can
//! let it stand for any address, and for another one a moment later.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is one of the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// By the registry of special addresses: what is for this machine, a private network, a link, many at
/// once, tests, documentation or translation is none of a peer's.
fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// Only global unicast; where an older address stands inside, that one counts.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Mapped, and translated.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inside(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => inside(high, low),
        // Protocol assignments and Teredo, and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// Whether a host says by itself that it is none of the public internet: a private address, or a name
/// that stands for this machine wherever it is looked up.
pub(crate) fn is_private_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return !is_public(address);
    }
    let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// A name that leads to no public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Barred {
    pub(crate) host: String,
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lies in a private network", self.host)
    }
}

impl std::error::Error for Barred {}

/// What an error of the client came from, where it is a barred name.
pub(crate) fn barred(error: &(dyn std::error::Error + 'static)) -> Option<Barred> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(barred) = error.downcast_ref::<Barred>() {
            return Some(barred.clone());
        }
        next = error.source();
    }
    None
}

/// Of what a name stands for, the public addresses.
fn public_of(name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Barred> {
    let first = found.first().map(SocketAddr::ip);
    let public: Vec<SocketAddr> =
        found.into_iter().filter(|address| is_public(address.ip())).collect();
    match first {
        Some(first) if public.is_empty() => Err(Barred { host: format!("{name} ({first})") }),
        _ => Ok(public),
    }
}

/// Finds the addresses of a name as the system does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anywhere;

impl Resolve for Anywhere {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the client's matter.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Of what another finds, gives only the public addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicOnly<R>(pub(crate) R);

impl<R: Resolve> Resolve for PublicOnly<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let text = name.as_str().to_owned();
        let finding = self.0.resolve(name);
        Box::pin(async move {
            let public = public_of(&text, finding.await?.collect())?;
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        let public = ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.0.1", "100.128.0.1"];
        let more = ["172.15.0.1", "172.32.0.1", "192.167.1.1", "223.255.255.255", "2a00:1450::1"];
        let inside = ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"];
        for text in public.iter().chain(&more).chain(&inside) {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let own = ["127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "::1", "::", "::127.0.0.1"];
        let private =
            ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fd00::1", "fc00::1"];
        let link = ["169.254.169.254", "fe80::1", "febf::1", "fec0::1"];
        let shared = ["100.64.0.1", "100.127.255.255", "192.0.0.1", "198.18.0.1", "198.19.255.255"];
        let many = ["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "ff02::1"];
        let papers = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"];
        let hidden = ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"];
        let carried =
            ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "100::1", "4000::1"];
        let all = [&own[..], &private, &link, &shared, &many, &papers, &hidden, &carried].concat();
        for text in all {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn of_a_name_that_leads_inside_and_out_only_the_outside_is_taken() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let both = vec![address("127.0.0.1:0"), address("1.1.1.1:0")];
        assert_eq!(public_of("both.example", both), Ok(vec![address("1.1.1.1:0")]));
        let inside = vec![address("[::ffff:10.0.0.1]:0")];
        let told = public_of("rebound.example", inside).unwrap_err();
        assert_eq!(told.host, "rebound.example (::ffff:10.0.0.1)");
        assert_eq!(public_of("nothing.example", Vec::new()), Ok(Vec::new()));
    }
}
