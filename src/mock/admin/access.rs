use super::{Admin, Backstage, routes::refusal};
use crate::message::{Reply, Request};
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq as _;

impl Admin {
    /// Lets a request in, or gives the reply that turns it away.
    ///
    /// # Why
    /// A page of anybody's, open in a browser on this machine, can send requests to loopback. It cannot choose their
    /// `Host` or `Origin`, so both must be ours; a name of the attacker's that resolves to us (DNS rebinding) is not.
    pub(super) fn admit(&self, stage: &Backstage<'_>, request: &Request) -> Result<(), Reply> {
        if self.token.is_none() && !stage.listen.ip().is_loopback() {
            return Err(refusal(
                404,
                "the admin interface needs a token where the server listens beyond this machine (--admin-token-env)",
            ));
        }
        let mut hosts = request.headers.all("Host");
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) if self.is_ours(host, stage.listen) => host,
            _ => return Err(refusal(403, "this is not the Host of the admin interface")),
        };
        let scheme = if stage.secure { "https" } else { "http" };
        let own = format!("{scheme}://{host}");
        let foreign = request
            .headers
            .all("Origin")
            .any(|origin| !origin.eq_ignore_ascii_case(&own));
        let other_site = request
            .headers
            .all("Sec-Fetch-Site")
            .any(|site| !matches!(site, "same-origin" | "none"));
        if foreign || other_site {
            return Err(refusal(
                403,
                "the admin interface is not for pages of another origin",
            ));
        }
        let Some(token) = &self.token else {
            return Ok(());
        };
        let given = request.headers.get("Authorization").unwrap_or_default();
        let given = match given.split_once(' ') {
            Some((scheme, given)) if scheme.eq_ignore_ascii_case("Bearer") => given.trim(),
            _ => "",
        };
        // An empty token would let everybody in.
        if !token.is_empty() && bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
            return Ok(());
        }
        Err(refusal(
            403,
            "the admin interface wants its token: Authorization: Bearer TOKEN",
        ))
    }

    /// Whether a `Host` names this door: `localhost`, an address of it, or a name that it was given.
    fn is_ours(&self, host: &str, listen: SocketAddr) -> bool {
        let Some(name) = without_port(host) else {
            return false;
        };
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            let own = listen.ip();
            return ip.is_loopback() || ip == own || own.is_unspecified();
        }
        name.eq_ignore_ascii_case("localhost")
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The host of `host:port` or `[v6]:port`.
fn without_port(host: &str) -> Option<&str> {
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let right = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    right.then_some(name)
}
