//! How many connections each address has, so that no single one takes all that the server has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections of every address that has one: no more addresses than connections.
#[derive(Default)]
pub struct Clients(Mutex<HashMap<IpAddr, Held>>);

#[derive(Default)]
struct Held {
    connections: u32,
    /// It was said that there are too many, and is not said again before all have gone: who comes and
    /// goes at the bound must not fill the log.
    told: bool,
}

/// A connection, for as long as it is kept.
pub struct Place {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    /// A place for a connection from `address`; `None` where it has `most` already, which is counted
    /// and logged.
    pub fn enter(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Place> {
        let client = client(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(client).or_default();
        if held.connections >= most {
            metrics::counter!("undertone_connections_refused_total").increment(1);
            if !std::mem::replace(&mut held.told, true) {
                tracing::warn!(%client, most, "as many connections as max_connections_per_client allows");
            }
            return None;
        }
        held.connections += 1;
        Some(Place {
            clients: self.clone(),
            client,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let all = self.clients.0.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&self.client) {
            held.connections -= 1;
            if held.connections == 0 {
                all.remove(&self.client);
            }
        }
    }
}

/// Whom an address stands for: in IPv6 a network of 64 bits is one customer's (RFC 6177).
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        canonical => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_they_come_back() {
        let clients = Arc::new(Clients::default());
        let enter = |address: &str| clients.enter(address.parse().unwrap(), 2);
        let held = [enter("192.0.2.1"), enter("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(enter("192.0.2.1").is_none());
        let other = enter("192.0.2.2");
        assert!(other.is_some());
        drop(held);
        assert!(enter("192.0.2.1").is_some());
        drop(other);
        assert!(clients.0.lock().unwrap().is_empty(), "none is remembered");
    }

    #[test]
    fn a_network_of_64_bits_is_one_client() {
        let clients = Arc::new(Clients::default());
        let enter = |address: &str| clients.enter(address.parse().unwrap(), 1);
        let _held = enter("2001:db8:0:1::1");
        assert!(enter("2001:db8:0:1:ffff::2").is_none());
        assert!(enter("2001:db8:0:2::1").is_some());
    }
}
