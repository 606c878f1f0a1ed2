//! Values of settings: each is read from text and shown as the text that reads back to it.
//!
//! All sources (flag, environment, file, default) meet here as text, so a duration is written
//! the same way everywhere.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

/// A type that a setting can have.
pub(crate) trait Value: Sized {
    /// What an operator is told to write, as in "a duration such as 30s".
    const KIND: &'static str;

    /// Whether it must not be printed.
    const SECRET: bool = false;

    /// Reads the text of any source. `None` when it is not of this kind.
    fn read(text: &str) -> Option<Self>;

    /// Text that [`Value::read`] reads back.
    fn show(&self) -> String;

    /// What `check-config` prints: the same, unless the value is a secret.
    fn show_masked(&self) -> String {
        if Self::SECRET { "********".to_owned() } else { self.show() }
    }
}

/// A span of time: `250ms`, `30s`, `15m`, `12h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Units of [`Span`] in milliseconds, the longest first.
const SPAN_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Value for Span {
    const KIND: &'static str = "a duration such as 250ms, 30s, 15m, 12h or 7d";

    fn read(text: &str) -> Option<Self> {
        let (number, unit) = number_and_unit(text)?;
        let (_, ms) = SPAN_UNITS.iter().find(|(name, _)| *name == unit)?;
        Some(Self(Duration::from_millis(number.checked_mul(*ms)?)))
    }

    fn show(&self) -> String {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        with_largest_unit(ms, &SPAN_UNITS, "s")
    }
}

/// A number of bytes: `512B`, `64KiB`, `16MiB`, `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// Units of [`Size`] in bytes, the largest first.
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Size {
    /// The size for an API that counts in `u32`: 4 GiB at most.
    pub(crate) fn bytes_u32(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl Value for Size {
    const KIND: &'static str = "a size such as 512B, 64KiB, 16MiB or 2GiB";

    fn read(text: &str) -> Option<Self> {
        let (number, unit) = number_and_unit(text)?;
        let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
        Some(Self(number.checked_mul(*bytes)?))
    }

    fn show(&self) -> String {
        with_largest_unit(self.0, &SIZE_UNITS, "B")
    }
}

/// Splits `16MiB` into 16 and `MiB`.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Writes `amount` in the largest unit that divides it; zero in `zero_unit`.
fn with_largest_unit(amount: u64, units: &[(&str, u64)], zero_unit: &str) -> String {
    if amount == 0 {
        return format!("0{zero_unit}");
    }
    units
        .iter()
        .find(|(_, size)| amount.is_multiple_of(*size))
        .map_or_else(|| amount.to_string(), |(name, size)| format!("{}{name}", amount / size))
}

/// A base URL: scheme and host, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// The URL as text, never ending in a slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for BaseUrl {
    const KIND: &'static str = "a URL such as https://scim.example.com, without query or fragment";

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let clean = !rest.is_empty()
            && !rest.starts_with('/')
            && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '\\' | '<' | '>' | '@'));
        clean.then(|| Self(text.trim_end_matches('/').to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// A listener that can be left out: an address, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listener(pub(crate) Option<SocketAddr>);

impl Value for Listener {
    const KIND: &'static str = "an address and port such as 127.0.0.1:9464, or off";

    fn read(text: &str) -> Option<Self> {
        if text == "off" { Some(Self(None)) } else { text.parse().ok().map(|address| Self(Some(address))) }
    }

    fn show(&self) -> String {
        self.0.map_or_else(|| "off".to_owned(), |address| address.to_string())
    }
}

/// A network, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network(pub(crate) IpNet);

impl Value for Network {
    const KIND: &'static str = "addresses or networks such as 10.0.0.0/8,192.0.2.7";

    fn read(text: &str) -> Option<Self> {
        text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok().map(Self)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

impl Value for LogFormat {
    const KIND: &'static str = "human or json";

    fn read(text: &str) -> Option<Self> {
        match text {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Human => "human".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;
    const SECRET: bool = T::SECRET;

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }

    fn show_masked(&self) -> String {
        self.as_ref().map(T::show_masked).unwrap_or_default()
    }
}

/// A list is written with commas.
impl<T: Value> Value for Vec<T> {
    const KIND: &'static str = T::KIND;

    fn read(text: &str) -> Option<Self> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::read).collect()
    }

    fn show(&self) -> String {
        self.iter().map(T::show).collect::<Vec<_>>().join(",")
    }
}

/// Types whose own `FromStr` and `Display` are what an operator writes.
macro_rules! value_by_from_str {
    ($($type:ty: $kind:literal),+ $(,)?) => {$(
        impl Value for $type {
            const KIND: &'static str = $kind;

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

value_by_from_str! {
    bool: "true or false",
    u32: "a whole number",
    SocketAddr: "an address and port such as 0.0.0.0:8080",
}

impl Value for String {
    const KIND: &'static str = "text";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "a path";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_with_their_unit_and_shown_in_the_largest_that_fits() {
        for (text, shown) in [("250ms", "250ms"), ("1000ms", "1s"), ("90s", "90s"), ("120m", "2h"), ("0s", "0s")] {
            assert_eq!(Span::read(text).unwrap().show(), shown);
        }
        for (text, shown) in [("16MiB", "16MiB"), ("1024 KiB", "1MiB"), ("1000B", "1000B"), ("0B", "0B")] {
            assert_eq!(Size::read(text).unwrap().show(), shown);
        }
    }

    #[test]
    fn a_number_without_a_unit_or_with_an_unknown_one_is_refused() {
        for text in ["30", "30 seconds", "s", "", "-5s", "99999999999999999999s", "300000000000d"] {
            assert_eq!(Span::read(text), None, "{text}");
        }
        for text in ["16", "16MB", "1.5GiB", "99999999999GiB"] {
            assert_eq!(Size::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_base_url_loses_its_last_slash_and_may_not_carry_a_query_or_a_user() {
        assert_eq!(BaseUrl::read("https://scim.example.com/").unwrap().as_str(), "https://scim.example.com");

        for text in
            ["scim.example.com", "https://", "https:///x", "http://a?b=c", "http://a#b", "http://u:p@a", "http://a b"]
        {
            assert_eq!(BaseUrl::read(text), None, "{text}");
        }
    }
}
