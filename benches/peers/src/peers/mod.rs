//! The implementations that are compared.

use crate::measure::Operation;
use crate::peer::Codec;

#[cfg(feature = "peers")]
mod buffa;
#[cfg(feature = "peers")]
mod femtopb;
#[cfg(feature = "peers")]
mod google;
#[cfg(not(feature = "peers"))]
mod harness;
#[cfg(feature = "peers")]
mod micropb;
#[cfg(any(peer_libprotobuf, peer_nanopb))]
mod native;
#[cfg(feature = "peers")]
mod prost;
#[cfg(feature = "peers")]
mod quick_protobuf;
#[cfg(feature = "peers")]
mod rust_protobuf;
mod spectrum2;

use spectrum2::{Decoding, Spectrum2};

/// An implementation that is there.
pub struct Entry {
    pub name: &'static str,
    /// Where the strings of a decoded message are.
    pub strings: &'static str,
    pub codec: Box<dyn Codec>,
    /// Its encoder leaves out required fields that hold their type's default.
    pub drops_defaults: bool,
    /// Its encoder is that of another entry.
    only_decodes: bool,
}

impl Entry {
    fn new(name: &'static str, strings: &'static str, codec: impl Codec + 'static) -> Self {
        Self { name, strings, codec: Box::new(codec), drops_defaults: false, only_decodes: false }
    }

    pub fn does(&self, operation: Operation) -> bool {
        operation == Operation::Decode || !self.only_decodes
    }
}

/// This crate.
pub fn spectrum2() -> Spectrum2 {
    Spectrum2::new(Decoding::InPlace)
}

const BORROWED: &str = "borrowed from the frame";

/// All that could be built, this crate first.
pub fn all() -> Vec<Entry> {
    let mut entries = own();
    entries.extend(others());
    entries
}

/// This crate, in the ways that it is used.
fn own() -> Vec<Entry> {
    let returned = Spectrum2::new(Decoding::Returned);
    vec![
        Entry::new("spectrum2", BORROWED, spectrum2()),
        Entry { only_decodes: true, ..Entry::new("spectrum2, returned", BORROWED, returned) },
    ]
}

/// The name of what the harness itself takes.
pub const HARNESS: &str = "harness";

/// This crate alone, and what of its figures is the harness's.
#[cfg(not(feature = "peers"))]
fn others() -> Vec<Entry> {
    vec![Entry::new(HARNESS, BORROWED, harness::Harness::default())]
}

#[cfg(feature = "peers")]
#[allow(unused_mut, reason = "peers may be skipped")]
fn others() -> Vec<Entry> {
    use crate::peer::Bench;
    const OWNED: &str = "owned, one allocation each";
    let mut entries = vec![
        Entry::new("quick-protobuf", BORROWED, Bench::new(quick_protobuf::QuickProtobuf::default())),
        Entry::new("buffa, views", BORROWED, Bench::new(buffa::view::Buffa::default())),
        Entry::new("buffa, owned", OWNED, Bench::new(buffa::owned::Buffa::default())),
        Entry { drops_defaults: true, ..Entry::new("femtopb", BORROWED, femtopb::Femtopb::default()) },
        Entry::new("micropb", OWNED, Bench::new(micropb::Micropb::default())),
        Entry::new("prost, Vec", OWNED, Bench::new(prost::vec::Prost::default())),
        Entry::new("prost, Bytes", OWNED, Bench::new(prost::bytes_fields::Prost::default())),
        Entry::new("rust-protobuf", OWNED, Bench::new(rust_protobuf::RustProtobuf::default())),
        Entry::new("Google's crate", "in an arena", Bench::new(google::Google)),
    ];
    #[cfg(peer_nanopb)]
    entries.push(Entry::new("nanopb", "in a buffer used again", native::Native::new(native::nanopb_codec)));
    #[cfg(peer_libprotobuf)]
    entries.extend([
        Entry::new("C++, reused", "owned, used again", native::Native::new(native::libprotobuf_reused)),
        Entry::new("C++, plugin", OWNED, native::Native::new(native::libprotobuf_plugin)),
    ]);
    entries
}

/// Peers whose tools were missing when this was built.
pub const SKIPPED: &[&str] = &[
    #[cfg(not(peer_nanopb))]
    "nanopb",
    #[cfg(not(peer_libprotobuf))]
    "C++, reused",
    #[cfg(not(peer_libprotobuf))]
    "C++, plugin",
];

/// Name and version of each peer's package.
pub fn versions() -> Vec<String> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    const PEERS: [&str; 6] = ["buffa", "femtopb", "micropb", "prost", "protobuf", "quick-protobuf"];
    fn field<'a>(package: &'a str, name: &str) -> &'a str {
        package.lines().find_map(|line| line.strip_prefix(name)?.split('"').nth(1)).unwrap_or_default()
    }
    let packages = || LOCK.split("[[package]]");
    let own = packages().find(|package| field(package, "name = ") == env!("CARGO_PKG_NAME")).unwrap_or_default();
    // A dependency of ours is named with its version only where the lock file has several.
    let is_ours = |package: &&str| {
        let (name, version) = (field(package, "name = "), field(package, "version = "));
        let named = |dependency: &str| own.contains(&format!("\"{dependency}\""));
        PEERS.contains(&name) && (named(name) || named(&format!("{name} {version}")))
    };
    let mut versions: Vec<_> = packages()
        .filter(is_ours)
        .map(|package| format!("crate {} {}", field(package, "name = "), field(package, "version = ")))
        .collect();
    versions.extend(option_env!("PEER_nanopb").map(|version| format!("nanopb {version}")));
    versions.extend(option_env!("PEER_libprotobuf").map(|version| format!("libprotobuf for C++ {version}")));
    versions
}
