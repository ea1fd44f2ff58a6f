//! The PROXY protocol at both ends of `lb`: headers that are told and headers that are believed, with scripted peers and with haproxy.

mod checks;
mod haproxy;
mod receiving;
mod reloading;
mod sending;
mod site;
