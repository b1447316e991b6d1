//! The implementations that are compared.

use crate::measure::Operation;
use crate::peer::{Bench, Codec};

mod buffa;
mod femtopb;
mod google;
mod micropb;
#[cfg(any(peer_libprotobuf, peer_nanopb))]
mod native;
mod prost;
mod quick_protobuf;
mod rust_protobuf;
mod spectrum2;

use spectrum2::{Decoding, Spectrum2};

/// An implementation that is there.
pub struct Entry {
    pub name: &'static str,
    pub codec: Box<dyn Codec>,
    /// Its encoder leaves out required fields that hold their type's default.
    pub drops_defaults: bool,
    /// Its encoder is that of another entry.
    only_decodes: bool,
}

impl Entry {
    fn new(name: &'static str, codec: impl Codec + 'static) -> Self {
        Self { name, codec: Box::new(codec), drops_defaults: false, only_decodes: false }
    }

    pub fn does(&self, operation: Operation) -> bool {
        operation == Operation::Decode || !self.only_decodes
    }
}

/// This crate.
pub fn spectrum2() -> Spectrum2 {
    Spectrum2::new(Decoding::InPlace)
}

/// All that could be built, this crate first.
pub fn all() -> Vec<Entry> {
    let mut entries = vec![
        Entry::new("spectrum2", spectrum2()),
        Entry { only_decodes: true, ..Entry::new("spectrum2, returned", Spectrum2::new(Decoding::Returned)) },
        Entry::new("quick-protobuf", Bench::new(quick_protobuf::QuickProtobuf::default())),
        Entry::new("buffa, views", Bench::new(buffa::view::Buffa::default())),
        Entry::new("buffa, owned", Bench::new(buffa::owned::Buffa::default())),
        Entry { drops_defaults: true, ..Entry::new("femtopb", femtopb::Femtopb::default()) },
        Entry::new("micropb", Bench::new(micropb::Micropb::default())),
        Entry::new("prost, Vec", Bench::new(prost::vec::Prost::default())),
        Entry::new("prost, Bytes", Bench::new(prost::bytes_fields::Prost::default())),
        Entry::new("rust-protobuf", Bench::new(rust_protobuf::RustProtobuf::default())),
        Entry::new("Google's crate", Bench::new(google::Google)),
    ];
    #[cfg(peer_nanopb)]
    entries.push(Entry::new("nanopb", native::Native::new(native::nanopb_codec)));
    #[cfg(peer_libprotobuf)]
    entries.extend([
        Entry::new("C++, reused", native::Native::new(native::libprotobuf_reused)),
        Entry::new("C++, plugin", native::Native::new(native::libprotobuf_plugin)),
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
    const PACKAGES: [&str; 6] = ["buffa", "femtopb", "micropb", "prost", "protobuf", "quick-protobuf"];
    let packages = LOCK.split("[[package]]").filter_map(|package| {
        let field = |name| package.lines().find_map(|line: &str| line.strip_prefix(name)?.split('"').nth(1));
        Some((field("name = ")?, field("version = ")?))
    });
    let mut versions: Vec<_> = packages
        .filter(|(name, _)| PACKAGES.contains(name))
        .map(|(name, version)| format!("crate {name} {version}"))
        .collect();
    versions.extend(option_env!("PEER_nanopb").map(|version| format!("nanopb {version}")));
    versions.extend(option_env!("PEER_libprotobuf").map(|version| format!("libprotobuf for C++ {version}")));
    versions
}
