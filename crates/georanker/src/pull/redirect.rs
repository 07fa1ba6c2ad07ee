//! Where a redirect leads, and whether the token may go there.
//!
//! Own code, because ureq's rule for the token is the host alone: another port of a host is another server, which may
//! belong to somebody else.

use ureq::http::Uri;

/// Redirects in a row that are followed.
pub(super) const MOST_REDIRECTS: usize = 10;

/// The address that a `location` header names, as seen from the address that sent it. `None` if it names none.
pub(super) fn target(from: &str, location: &str) -> Option<String> {
    let location = location.trim();
    let base: Uri = from.parse().ok()?;
    let scheme = base.scheme_str()?;
    let is_whole = location.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|letter| letter.is_ascii_alphanumeric())
    });
    let origin = || Some(format!("{scheme}://{}", base.authority()?));
    let address = if is_whole {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{}{location}", origin()?)
    } else if location.is_empty() {
        return None;
    } else if location.starts_with('?') {
        format!("{}{}{location}", origin()?, base.path())
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{}{folder}/{location}", origin()?)
    };
    let address = address.split('#').next().unwrap_or_default().to_owned();
    let uri: Uri = address.parse().ok()?;
    let known = matches!(uri.scheme_str()?.to_ascii_lowercase().as_str(), "http" | "https");
    (known && uri.host().is_some_and(|host| !host.is_empty())).then_some(address)
}

/// Whether two addresses belong to the same server: scheme, host and port.
pub(super) fn same_origin(one: &str, other: &str) -> bool {
    let (one, other) = (origin(one), origin(other));
    one.is_some() && one == other
}

/// Whether the second address is read in clear text and the first one was not: checksums must not travel so.
pub(super) fn is_downgrade(from: &str, to: &str) -> bool {
    let scheme = |address: &str| origin(address).map(|(scheme, ..)| scheme);
    scheme(from).as_deref() == Some("https") && scheme(to).as_deref() != Some("https")
}

fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
    let port = uri.port_u16();
    Some((scheme, host, port.unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_their_header_says() {
        let from = "https://hub.example:8443/api/models/a?x=1";
        for (location, address) in [
            ("https://cdn.example/file?sig=a%2Fb", "https://cdn.example/file?sig=a%2Fb"),
            ("/blob/1", "https://hub.example:8443/blob/1"),
            ("b/c", "https://hub.example:8443/api/models/b/c"),
            ("?x=2", "https://hub.example:8443/api/models/a?x=2"),
            ("//cdn.example/f#part", "https://cdn.example/f"),
        ] {
            assert_eq!(target(from, location).as_deref(), Some(address), "{location}");
        }
        for location in ["", "ftp://cdn.example/f", "file:///etc/passwd", "https:///f", "http://a b/"] {
            assert_eq!(target(from, location), None, "{location}");
        }
    }

    #[test]
    fn another_port_or_scheme_is_another_server() {
        let hub = "https://hub.example/a";
        for same in ["https://hub.example/b", "https://hub.example:443/", "HTTPS://HUB.example./c?d"] {
            assert!(same_origin(hub, same), "{same}");
        }
        for other in [
            "https://hub.example:8443/a",
            "http://hub.example/a",
            "http://hub.example:443/a",
            "https://cdn.hub.example/a",
            "https://hub.example.evil/a",
            "https://hub.example@evil.example/a",
            "https://evil.example#hub.example",
            "not an address",
        ] {
            assert!(!same_origin(hub, other), "{other}");
        }
        assert!(is_downgrade("https://hub.example/a", "http://hub.example/a"));
        assert!(!is_downgrade("https://hub.example/a", "https://cdn.example/a"));
        assert!(!is_downgrade("http://hub.example/a", "http://cdn.example/a"));
        assert!(!same_origin("http://127.0.0.1:80", "http://127.0.0.1:8080"));
        assert!(same_origin("http://[::1]:8080/a", "http://[::1]:8080/b"));
    }
}
