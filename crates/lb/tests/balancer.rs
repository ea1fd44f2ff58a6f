//! Active servers, backups, and transitions that reach the balancer by themselves.

use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_lb::{Balance, Balancer};
use plimsoll_server::{Admin, ServerOptions, Set, Settings};

const NOW: Tick = Tick::from_micros(1);

/// Servers by one letter each: `a` active, `b` backup, `d` disabled.
fn balancer(servers: &str, allbackups: bool) -> Arc<Balancer> {
    let settings: Vec<Settings> = servers
        .chars()
        .enumerate()
        .map(|(index, kind)| Settings {
            name: index.to_string().into(),
            options: ServerOptions { backup: kind == 'b', disabled: kind == 'd', ..ServerOptions::default() },
            ..Settings::default()
        })
        .collect();
    Balancer::new(&Balance::default(), allbackups, Set::new("be", &settings, 1, NOW))
}

fn picks(balancer: &Balancer, count: usize) -> Vec<Option<usize>> {
    (0..count).map(|_| balancer.pick(0, None, &mut || 0)).collect()
}

fn admin(balancer: &Balancer, server: usize, admin: Admin) {
    balancer.set().servers()[server].administer(NOW, admin);
}

#[test]
fn backups_wait_while_any_active_server_is_usable() {
    let balancer = balancer("abab", false);
    assert_eq!(picks(&balancer, 4), [Some(0), Some(2), Some(0), Some(2)]);
    admin(&balancer, 0, Admin::Drain);
    assert_eq!(picks(&balancer, 2), [Some(2), Some(2)]);
}

#[test]
fn only_the_first_usable_backup_serves_without_allbackups() {
    let balancer = balancer("abb", false);
    admin(&balancer, 0, Admin::Maint);
    assert_eq!(picks(&balancer, 3), [Some(1), Some(1), Some(1)]);
    admin(&balancer, 1, Admin::Maint);
    assert_eq!(picks(&balancer, 2), [Some(2), Some(2)]);
    admin(&balancer, 1, Admin::Ready);
    assert_eq!(picks(&balancer, 2), [Some(1), Some(1)]);
    admin(&balancer, 0, Admin::Ready);
    assert_eq!(picks(&balancer, 2), [Some(0), Some(0)]);
}

#[test]
fn all_backups_share_with_allbackups() {
    let balancer = balancer("abb", true);
    admin(&balancer, 0, Admin::Maint);
    assert_eq!(picks(&balancer, 4), [Some(1), Some(2), Some(1), Some(2)]);
}

#[test]
fn a_disabled_server_joins_when_it_is_made_ready() {
    let balancer = balancer("ad", false);
    assert_eq!(picks(&balancer, 2), [Some(0), Some(0)]);
    admin(&balancer, 1, Admin::Ready);
    assert!(picks(&balancer, 3).contains(&Some(1)));
    admin(&balancer, 0, Admin::Maint);
    admin(&balancer, 1, Admin::Maint);
    assert_eq!(picks(&balancer, 1), [None]);
}

#[test]
fn what_is_taken_is_counted_on_the_server() {
    let balancer = balancer("aa", false);
    let server = &balancer.set().find("1").unwrap();
    balancer.took(server);
    balancer.took(server);
    balancer.released(server);
    assert_eq!(server.served(), 1);
}

#[test]
fn the_redispatched_request_goes_elsewhere_if_there_is_an_elsewhere() {
    let balancer = balancer("aab", false);
    for _ in 0..10 {
        assert_eq!(balancer.pick(0, Some(0), &mut || 0), Some(1));
    }
    admin(&balancer, 1, Admin::Maint);
    assert_eq!(balancer.pick(0, Some(0), &mut || 0), Some(0));
}
