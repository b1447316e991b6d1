extern crate alloc;

mod build;
mod peer;
mod peers;
mod schema;
mod show;
#[path = "../../workloads/mod.rs"]
mod workloads;

fn main() {
    for workload in workloads::all() {
        let messages = workload.messages.leak();
        let mut all = peers::all();
        let stream = { all[0].codec.prepare(messages); bytes::Bytes::copy_from_slice(all[0].codec.encode()) };
        let want = all[0].codec.record(&stream);
        for peer in &mut all {
            peer.codec.prepare(messages);
            let e = peer.codec.encode() == stream;
            let b = peer.codec.build(messages) == stream;
            let r = peer.codec.record(&stream) == want;
            println!("{} {} {e} {b} {r} {:?}", workload.name, peer.name, peer.codec.decode(&stream));
        }
    }
}
