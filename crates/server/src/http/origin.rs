//! Where a request comes from, and by which name the client reached us.
//!
//! What a client says about itself is believed only when it comes through a proxy that the
//! operator trusts; everybody else could forge an address past an allow list that way.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Uri, header};
use ipnet::IpNet;

/// The two ends of a request, as far as they can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Scheme and authority, and the prefix of the public URL; no slash at the end.
    pub(crate) base: String,
    /// The client's address; `None` when the request did not come over a network.
    pub(crate) client: Option<IpAddr>,
}

/// What the operator says about names and proxies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Names<'a> {
    /// Where clients reach us, if that is configured.
    pub(crate) public_url: Option<&'a str>,
    /// From these addresses `Forwarded` and `X-Forwarded-*` are believed.
    pub(crate) trusted_proxies: &'a [IpNet],
}

/// A `Host` that no link can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadHost;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl Origin {
    /// Reads the head of a request that arrived from `peer`.
    ///
    /// # Errors
    /// [`BadHost`] when there is no public URL and the host is missing or not a host.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap, peer: Option<IpAddr>, names: &Names<'_>) -> Result<Self, BadHost> {
        let trusts = |address: IpAddr| names.trusted_proxies.iter().any(|net| net.contains(&address));
        let through_proxy = peer.is_some_and(trusts);
        let forwarded = if through_proxy { Forwarded::read(headers) } else { Forwarded::default() };
        // The nearest address that is not one of our proxies; further left anybody may have lied.
        let client =
            if through_proxy { forwarded.addresses.iter().rev().copied().find(|a| !trusts(*a)).or(peer) } else { peer };
        let base = match names.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => forwarded.base(uri, headers)?,
        };
        Ok(Self { base, client })
    }
}

/// What a proxy says about the request that it passes on.
#[derive(Debug, Default)]
struct Forwarded {
    addresses: Vec<IpAddr>,
    host: Option<String>,
    https: bool,
}

impl Forwarded {
    /// Scheme and host, as the proxy or else the client named them.
    fn base(self, uri: &Uri, headers: &HeaderMap) -> Result<String, BadHost> {
        // HTTP/2 has the host in `:authority`, which is there as the URI's; with HTTP/1.1 a URI that is absolute
        // counts more than `Host` (RFC 9112 §3.2.2).
        let host = self.host.or_else(|| uri.authority().map(|authority| authority.as_str().to_owned()));
        let host = host.or_else(|| text(headers, &header::HOST).map(str::to_owned));
        let host = host.filter(|host| is_host(host)).ok_or(BadHost)?;
        Ok(format!("{}://{host}", if self.https { "https" } else { "http" }))
    }

    /// `Forwarded` (RFC 7239) if it is there, or else the older `X-Forwarded-*`.
    fn read(headers: &HeaderMap) -> Self {
        let standard: Vec<&str> =
            headers.get_all(header::FORWARDED).iter().filter_map(|value| value.to_str().ok()).collect();
        if standard.is_empty() { Self::read_older(headers) } else { Self::read_standard(&standard.join(",")) }
    }

    fn read_standard(value: &str) -> Self {
        let mut forwarded = Self::default();
        for pair in value.split([',', ';']) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => forwarded.addresses.extend(address(value)),
                // The last hop is the proxy that we trust.
                "host" => forwarded.host = Some(value.to_owned()),
                "proto" => forwarded.https = value.eq_ignore_ascii_case("https"),
                _ => {}
            }
        }
        forwarded
    }

    fn read_older(headers: &HeaderMap) -> Self {
        let hops = headers.get_all(&FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        Self {
            addresses: hops.flat_map(|hop| hop.split(',')).filter_map(|hop| address(hop.trim())).collect(),
            host: last(headers, &FORWARDED_HOST),
            https: last(headers, &FORWARDED_PROTO).is_some_and(|proto| proto.eq_ignore_ascii_case("https")),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn last(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    text(headers, name).and_then(|value| value.rsplit(',').next()).map(|value| value.trim().to_owned())
}

/// An address, with or without port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.trim_start_matches('[').split(']').next().and_then(|host| host.parse().ok());
    text.parse().ok().or_else(|| text.parse().ok().map(|socket: std::net::SocketAddr| socket.ip())).or_else(bare)
}

/// A name or address with an optional port: nothing that could end a link and begin another.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let name_fits = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !name.is_empty()
                && name.len() <= 253
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    port_fits && name_fits
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn origin(pairs: &[(&'static str, &str)], peer: &str, names: Names<'_>) -> Result<(String, String), BadHost> {
        let origin = Origin::of(&Uri::from_static("/x"), &headers(pairs), Some(peer.parse().unwrap()), &names)?;
        Ok((origin.base, origin.client.unwrap().to_string()))
    }

    fn behind_proxy() -> Names<'static> {
        static PROXIES: LazyLock<[IpNet; 1]> = LazyLock::new(|| ["10.0.0.0/8".parse().unwrap()]);
        Names { public_url: None, trusted_proxies: &*PROXIES }
    }

    #[test]
    fn the_public_url_wins_over_whatever_the_client_says() {
        let names = Names { public_url: Some("https://id.example.com/scim/"), ..behind_proxy() };

        let seen = origin(&[("host", "evil.example"), ("x-forwarded-host", "evil.example")], "10.0.0.1", names);

        assert_eq!(seen.unwrap().0, "https://id.example.com/scim");
    }

    #[test]
    fn forwarded_headers_of_strangers_are_not_believed() {
        let forged = [
            ("host", "us.example:8080"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
        ];

        let seen = origin(&forged, "192.0.2.7", behind_proxy());

        assert_eq!(seen, Ok(("http://us.example:8080".into(), "192.0.2.7".into())));
    }

    #[test]
    fn a_trusted_proxy_tells_host_scheme_and_client() {
        let older = [
            ("host", "inner"),
            ("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "id.example"),
        ];
        let standard =
            [("host", "inner"), ("forwarded", "for=6.6.6.6, for=\"[2001:db8::1]:4711\";host=id.example;proto=https")];

        assert_eq!(origin(&older, "10.0.0.1", behind_proxy()), Ok(("https://id.example".into(), "192.0.2.7".into())));
        assert_eq!(
            origin(&standard, "10.0.0.1", behind_proxy()),
            Ok(("https://id.example".into(), "2001:db8::1".into()))
        );
    }

    #[test]
    fn the_host_in_an_absolute_uri_counts_more_than_the_header() {
        let of = |uri: &'static str| {
            Origin::of(&Uri::from_static(uri), &headers(&[("host", "b.example")]), None, &Names::default())
        };

        assert_eq!(of("http://a.example:8080/x").unwrap().base, "http://a.example:8080");
        assert_eq!(of("/x").unwrap().base, "http://b.example");
        assert_eq!(of("http://user@a.example/x"), Err(BadHost));
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for wrong in ["", "a b", "a/b", "a\"b", "user@host", "host:99999", "host:", "[::1", "[zz]", "<x>"] {
            assert!(!is_host(wrong), "{wrong}");
        }
        for right in ["a", "a.example:80", "127.0.0.1:1", "[::1]:8080", "[::1]"] {
            assert!(is_host(right), "{right}");
        }
        assert_eq!(origin(&[], "192.0.2.7", Names::default()), Err(BadHost));
    }
}
