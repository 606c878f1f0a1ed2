//! An address of several hosts as one address for each.
//!
//! The library tries hosts one after the other, but waits without limit for one that takes the connection and
//! says nothing, and tries that one first each time. Here each has its time, and the one that answered last is
//! asked first.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};

/// Configurations that have one host each.
#[derive(Debug)]
pub(super) struct Hosts {
    each: Vec<Config>,
    /// The one that answered last.
    latest: AtomicUsize,
}

impl Hosts {
    pub(super) fn of(all: &Config) -> Self {
        let count = all.get_hosts().len().max(all.get_hostaddrs().len()).max(1);
        Self { each: (0..count).map(|place| only(all, place)).collect(), latest: AtomicUsize::new(0) }
    }

    /// In the order in which they are to be tried, with their places.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Config)> {
        let (before, from) = self.each.split_at(self.latest.load(Ordering::Relaxed).min(self.each.len()));
        from.iter().enumerate().map(|(place, it)| (place + before.len(), it)).chain(before.iter().enumerate())
    }

    /// Remembers who answered. Where any server will do, the order is the operator's.
    pub(super) fn answered(&self, place: usize) {
        if self.each.get(place).is_some_and(|it| it.get_target_session_attrs() != TargetSessionAttrs::Any) {
            self.latest.store(place, Ordering::Relaxed);
        }
    }
}

/// All that is said of the host at `place`, and nothing of the others.
fn only(all: &Config, place: usize) -> Config {
    let mut one = Config::new();
    one.ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .target_session_attrs(all.get_target_session_attrs())
        .channel_binding(all.get_channel_binding())
        .keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle());
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(password) = all.get_password() {
        one.password(password);
    }
    if let Some(name) = all.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    if let Some(name) = all.get_application_name() {
        one.application_name(name);
    }
    if let Some(limit) = all.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(limit) = all.get_tcp_user_timeout() {
        one.tcp_user_timeout(*limit);
    }
    if let Some(interval) = all.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    match all.get_hosts().get(place) {
        Some(Host::Tcp(name)) => {
            one.host(name);
        }
        Some(Host::Unix(path)) => {
            one.host_path(path);
        }
        None => {}
    }
    if let Some(address) = all.get_hostaddrs().get(place) {
        one.hostaddr(*address);
    }
    let ports = all.get_ports();
    if let Some(port) = ports.get(place).or(ports.first()) {
        one.port(*port);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Hosts {
        Hosts::of(&url.parse().unwrap())
    }

    fn ports(hosts: &Hosts) -> Vec<u16> {
        hosts.in_order().map(|(_, it)| it.get_ports()[0]).collect()
    }

    #[test]
    fn each_host_keeps_all_that_is_said_of_it() {
        for alone in [
            "postgres://u:p%40@a:1/d?options=-cwork_mem%3D4MB&application_name=x&connect_timeout=3&keepalives_idle=7",
            "postgres://u@%2Frun%2Fpostgresql/d?target_session_attrs=read-write&channel_binding=require",
            "postgres://u@a/d?hostaddr=192.0.2.1&tcp_user_timeout=9&keepalives_retries=2&keepalives_interval=4",
        ] {
            let config: Config = alone.parse().unwrap();
            let hosts = Hosts::of(&config);
            // The library gives a port where none is said.
            assert_eq!(hosts.each, [config], "{alone}");
        }
    }

    #[test]
    fn the_one_that_answered_last_is_asked_first_where_it_matters_which() {
        let hosts_of_two = hosts("postgres://a:1,b:2,c:3/d?target_session_attrs=read-write");
        assert_eq!(ports(&hosts_of_two), [1, 2, 3]);
        hosts_of_two.answered(1);
        assert_eq!(ports(&hosts_of_two), [2, 3, 1]);

        let any = hosts("postgres://a:1,b:2/d");
        any.answered(1);
        assert_eq!(ports(&any), [1, 2]);
        assert_eq!(ports(&hosts("postgres://a,b:7/d")), [5432, 7]);
    }
}
