//! The client over loopback: every kind of end, silence and ticks, and sending from many places.

#![cfg(feature = "std")]

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use spectrum2::frame::{FrameReader, encode_to_vec};
use spectrum2::{
    Backend, Client, Connected, ConversationMessage, Error, Event, Login, Logout, Payload, Sender, Status, StatusType,
};

mod ends;
mod sending;
#[cfg(target_os = "linux")]
mod signals;
mod time;

#[path = "../support/numbered.rs"]
mod numbered;
#[cfg(target_os = "linux")]
#[path = "../support/signals.rs"]
mod signals_to;
#[cfg(target_os = "linux")]
#[path = "../support/sockets.rs"]
mod sockets;
#[cfg(target_os = "linux")]
#[path = "../support/system_calls.rs"]
mod system_calls;

/// Far longer than anything here takes: the silence that tests do not wait for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client, and the main process's end of its connection.
fn connect() -> (Client, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = Client::connect_to(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// As [`connect`]; the second is the client's stream.
fn connect_watched() -> (Client, TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Client::from_stream(stream.try_clone().unwrap()).unwrap(), stream, listener.accept().unwrap().0)
}

/// As [`connect_watched`], with socket buffers of a few kilobytes on the way to the main
/// process.
#[cfg(target_os = "linux")]
fn connect_narrow() -> (Client, TcpStream, TcpStream) {
    let (stream, peer) = sockets::narrow_pair();
    (Client::from_stream(stream.try_clone().unwrap()).unwrap(), stream, peer)
}

fn frames(payloads: &[Payload<'_>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for payload in payloads {
        encode_to_vec(payload, &mut stream).unwrap();
    }
    stream
}

fn send(peer: &mut TcpStream, payloads: &[Payload<'_>]) {
    peer.write_all(&frames(payloads)).unwrap();
}

/// All frames up to the end of the stream, by name.
fn receive_all(peer: TcpStream) -> Vec<String> {
    let mut reader = FrameReader::new(peer);
    let mut names = Vec::new();
    while let Some(frame) = reader.read_frame().unwrap() {
        names.push(name(&frame.decode().unwrap()));
    }
    names
}

/// Closes with bytes unread, which resets the connection.
fn reset(peer: TcpStream) {
    assert_eq!(peer.peek(&mut [0]).unwrap(), 1, "something to leave unread");
}

/// Sends, and waits until all of it is there for the client to read: a reset may overtake it.
fn deliver(peer: &mut TcpStream, bytes: &[u8], client: &TcpStream) {
    peer.write_all(bytes).unwrap();
    let mut received = vec![0; bytes.len()];
    while client.peek(&mut received).unwrap() < bytes.len() {
        std::thread::yield_now();
    }
}

fn login(user: &str) -> Payload<'_> {
    Payload::Login(Login { user, legacy_name: "legacy", password: "secret", ..Login::default() })
}

fn message(text: &str) -> Payload<'_> {
    Payload::ConvMessage(conversation(text))
}

fn conversation(text: &str) -> ConversationMessage<'_> {
    ConversationMessage { user_name: "alice", buddy_name: "echo", message: text, ..ConversationMessage::default() }
}

fn status(user_name: &str) -> Payload<'_> {
    Payload::StatusChanged(Status { user_name, status: StatusType::Away, status_message: None })
}

/// The type, and who or what it is about.
fn name(payload: &Payload<'_>) -> String {
    let about = match payload {
        Payload::Login(login) => login.user,
        Payload::Connected(Connected { user }) => user,
        Payload::ConvMessage(message) => message.message,
        Payload::StatusChanged(status) => status.user_name,
        payload => return payload.type_name().to_owned(),
    };
    format!("{} {about}", payload.type_name())
}

/// A backend that is one function, which gets every event.
struct OnEvent<F>(F);

impl<F: FnMut(&mut Sender, Event<'_>) -> io::Result<()>> Backend for OnEvent<F> {
    fn handle(&mut self, sender: &mut Sender, event: Event<'_>) -> io::Result<()> {
        (self.0)(sender, event)
    }
    fn login(&mut self, _: &mut Sender, _: Login<'_>) -> io::Result<()> {
        unreachable!()
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        unreachable!()
    }
    fn message(&mut self, _: &mut Sender, _: ConversationMessage<'_>) -> io::Result<()> {
        unreachable!()
    }
}

fn run(client: Client, on_event: impl FnMut(&mut Sender, Event<'_>) -> io::Result<()>) -> Result<(), Error> {
    client.run(&mut OnEvent(on_event))
}

/// Runs a backend that does nothing. Returns how the loop ended, and what it got until then.
fn run_quietly(client: Client) -> (Result<(), Error>, Vec<String>) {
    let mut names = Vec::new();
    let ended = run(client, |_, event| {
        names.push(match event {
            Event::Payload(payload) => name(&payload),
            event => format!("{event:?}"),
        });
        Ok(())
    });
    (ended, names)
}
