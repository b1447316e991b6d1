//! The implementations that are compared.

use crate::peer::{Bench, Codec};

mod buffa;
#[cfg(any(peer_libprotobuf, peer_nanopb))]
mod native;
mod femtopb;
mod google;
mod micropb;
mod prost;
mod quick_protobuf;
mod rust_protobuf;
mod spectrum2;

use spectrum2::{Decoding, Spectrum2};

/// An implementation that is there.
pub struct Entry {
    pub name: &'static str,
    pub codec: Box<dyn Codec>,
}

/// All that could be built, this crate first.
pub fn all() -> Vec<Entry> {
    fn entry(name: &'static str, codec: impl Codec + 'static) -> Entry {
        Entry { name, codec: Box::new(codec) }
    }
    let mut entries = vec![
        entry("spectrum2", Spectrum2::new(Decoding::InPlace)),
        entry("spectrum2, decode()", Spectrum2::new(Decoding::Returned)),
        entry("quick-protobuf", Bench::new(quick_protobuf::QuickProtobuf::default())),
        entry("buffa, owned", Bench::new(buffa::owned::Buffa::default())),
        entry("buffa, views", Bench::new(buffa::view::Buffa::default())),
        entry("prost", Bench::new(prost::vec::Prost::default())),
        entry("prost, Bytes", Bench::new(prost::bytes_fields::Prost::default())),
        entry("femtopb", femtopb::Femtopb::default()),
        entry("micropb", Bench::new(micropb::Micropb::default())),
        entry("rust-protobuf", Bench::new(rust_protobuf::RustProtobuf::default())),
        entry("Google's crate", Bench::new(google::Google)),
    ];
    #[cfg(peer_libprotobuf)]
    entries.extend([
        entry("C++, plugin library", native::Native::new(native::libprotobuf_plugin)),
        entry("C++, reused objects", native::Native::new(native::libprotobuf_reused)),
    ]);
    #[cfg(peer_nanopb)]
    entries.push(entry("nanopb", native::Native::new(native::nanopb_codec)));
    entries
}
