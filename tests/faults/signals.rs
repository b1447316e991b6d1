//! A storm of signals on all threads of a backend.

use std::thread;

use spectrum2::Payload;

use super::OnMessage;
use super::numbered::{Heard, say};
use super::sending::{Slow, hear_all, message, narrow_client, send};
use super::signals_to::Target;
use super::watch::watch;

/// Reads, and writes that wait, end early all the time; nothing is lost, repeated or mixed up.
#[test]
fn signals_during_all_reads_and_writes_lose_nothing() {
    let _watchdog = watch();
    const EACH: usize = 100;
    let (client, _, peer) = narrow_client();
    let speakers: Vec<_> = (0..4)
        .map(|who| {
            let (sender, who) = (client.sender(), who.to_string());
            Target::spawn(move || (0..EACH).try_for_each(|number| say(&who, number, |message| sender.message(message))))
        })
        .collect();
    let mut answers = 0;
    let backend = Target::spawn(move || {
        client.run(&mut OnMessage(move |sender: &mut spectrum2::Sender, _: spectrum2::ConversationMessage<'_>| {
            answers += 1;
            say("loop", answers - 1, |message| sender.message(message))
        }))
    });
    // The loop has nothing to read yet, and nobody reads what the threads write.
    backend.interrupt(10);
    let writes = || speakers.iter().map(Target::interrupted).sum::<usize>();
    while writes() < 10 {
        speakers.iter().for_each(Target::signal);
    }

    let main_process = peer.try_clone().unwrap();
    let heard = thread::spawn(move || hear_all(Slow::new(main_process, 21)));
    for _ in 0..EACH {
        send(&peer, &[message("answer this"), Payload::Ping]).unwrap();
        backend.signal();
        speakers.iter().for_each(Target::signal);
    }
    while speakers.iter().any(|speaker| !speaker.thread.is_finished()) {
        backend.signal();
        speakers.iter().for_each(Target::signal);
    }
    println!("figure: {} reads and {} writes interrupted by signals: nothing lost", backend.interrupted(), writes());
    for speaker in speakers {
        speaker.thread.join().unwrap().unwrap();
    }
    send(&peer, &[Payload::Exit]).unwrap();
    backend.thread.join().unwrap().unwrap();
    let (heard, pongs, ended) = heard.join().unwrap();
    ended.unwrap();
    let everybody = (0..4).map(|who| who.to_string()).chain(["loop".to_owned()]);
    assert_eq!((heard, pongs), (Heard::of_each(everybody, EACH), EACH));
}
