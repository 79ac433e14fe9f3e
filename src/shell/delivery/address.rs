//! Which addresses may be reached. Looked at when a name is resolved, just before the connection,
//! so that a name that changes its address in between gains nothing.
//!
//! Source: the IANA special-purpose address registries (RFC 6890); RFC 6052 and RFC 3056 for IPv4
//! inside IPv6.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Why `address` is not for a webhook; none where it is a public one.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

/// The same for the host of `url`, where it is an address and not a name. The URL parser has
/// already turned `0x7f.1`, `2130706433` and the like into plain addresses.
pub fn literal_refusal(url: &Url) -> Option<&'static str> {
    let host = url
        .host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']');
    refusal(host.parse().ok()?)
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Some("loopback"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (169, 254, _) => Some("link-local, where clouds keep their metadata"),
        (100, 64..=127, _) => Some("shared address space"),
        (0, ..) | (192, 0, 0) => Some("this network"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("documentation"),
        (198, 18..=19, _) => Some("benchmarking"),
        (192, 88, 99) => Some("a retired relay"),
        (224..=239, ..) => Some("multicast"),
        (240..=255, ..) => Some("reserved"),
        // Public by its number, but the inside of one cloud's hosts.
        (168, 63, 129) if address == Ipv4Addr::new(168, 63, 129, 16) => Some("cloud metadata"),
        _ => None,
    }
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let words = address.segments();
    let last = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match words {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("this network"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        // IPv4 written inside IPv6 is judged as what it is.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => v4(last(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(last(high, low)),
        [0x2002, high, low, ..] => v4(last(high, low)),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfeff, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("documentation"),
        [0x2001, 0..=0x01ff, ..] => Some("special purposes"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("not a public address"),
    }
}

/// Resolves names, and leaves out what [`refusal`] refuses unless `allow_private`.
pub struct Resolver {
    /// Whether every address is allowed.
    pub allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let all = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|it| all || refusal(it.ip()).is_none());
            if let (true, Some(first)) = (allowed.is_empty(), refused.first()) {
                let why = refusal(first.ip()).unwrap_or_default();
                return Err(Refused(format!("{} is {} ({why})", name.as_str(), first.ip())).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name that leads to an address that may not be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}, which is refused unless the destination says `allow_private = true`")]
pub struct Refused(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_addresses_are_refused_in_every_disguise() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "0",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[5f00::1]",
        ] {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert!(literal_refusal(&url).is_some(), "{host} became {url}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for host in [
            "1.1.1.1",
            "172.32.0.1",
            "168.63.129.17",
            "[2606:4700::1111]",
            "[64:ff9b::1.1.1.1]",
            "desk.example",
        ] {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert_eq!(literal_refusal(&url), None, "{host}");
        }
    }
}
