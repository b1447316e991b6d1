//! The main job without a Spectrum: plays the main process for the echo backend, over loopback.
//!
//! Prints each frame of a session as it passes, then exchanges 200,000 messages and says how fast.
//! `cargo run --release --features host --example demo`

#[allow(dead_code)]
#[path = "echo.rs"]
mod echo;

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use spectrum2::descriptor::{Reflect, Value};
use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::host::{Connection, Host};
use spectrum2::{
    Buddy, ConversationMessage, List, Login, Logout, Payload, Room, Status, StatusType, StrMap, UserSettings, VCard,
};

const USER: &str = "alice@example.org";
const TIMEOUT: Duration = Duration::from_secs(10);
const MESSAGES: usize = 200_000;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let host = Host::listen()?;
    let backend = host.run_in_thread(echo::Echo::default());
    let mut connection = host.accept(TIMEOUT)?;

    session(&mut connection)?;
    let (mut reader, mut writer) = connection.split();
    exchange(&mut reader, &mut writer)?;

    println!("\n-- the end");
    writer.write(&Payload::Exit)?;
    writer.flush()?;
    print_frame("->", &Payload::Exit);
    let (_, ended) = backend.join().map_err(|_| "the backend panicked")?;
    ended?;
    println!("the backend ended well");
    Ok(())
}

/// Everything that a user does on a day.
fn session(connection: &mut Connection) -> Result<()> {
    println!("-> main process to backend, <- backend to main process");
    step(connection, "the backend connects", Payload::Ping)?;
    let settings = [("enable_transport", "1"), ("send_headlines", "0"), ("stay_connected", "1")];
    let login = Login {
        user: USER,
        legacy_name: "alice",
        password: "secret",
        settings: Some(UserSettings { value: StrMap::from(&settings) }),
        ..Login::default()
    };
    step(connection, "login", Payload::Login(login))?;
    let status = Status { user_name: USER, status: StatusType::Away, status_message: Some("out for lunch") };
    step(connection, "presence", Payload::StatusChanged(status))?;

    let contact =
        Buddy { alias: Some("Bob"), group: List::from(&["Friends"]), status: Some(StatusType::None), ..buddy("bob") };
    step(connection, "a new contact", Payload::BuddyChanged(contact))?;
    step(connection, "the contact is removed", Payload::BuddyRemoved(buddy("bob")))?;

    step(connection, "a message", Payload::ConvMessage(message("echo", "Hello, žluťoučký kůň")))?;
    let receipt = ConversationMessage { id: Some("message-1"), ..message("echo", "Did it arrive?") };
    step(connection, "a message with a receipt", Payload::ConvMessage(receipt))?;
    step(connection, "typing", Payload::BuddyTyping(buddy("echo")))?;
    step(connection, "a buzz", Payload::Attention(message("echo", "wake up")))?;
    let card = VCard { user_name: USER, buddy_name: "echo", id: 1, ..VCard::default() };
    step(connection, "a business card", Payload::VCard(card))?;

    let room = Room { user_name: USER, nickname: "alice", room: "#test", password: Some("") };
    step(connection, "a room", Payload::JoinRoom(room))?;
    step(connection, "a message in the room", Payload::ConvMessage(message("#test", "Hello, everybody")))?;
    step(connection, "out of the room", Payload::LeaveRoom(Room { nickname: "", ..room }))?;
    step(connection, "logout", Payload::Logout(Logout { user: USER, legacy_name: "alice" }))
}

/// Sends a request, and prints what the backend says up to the answer to a PING behind it.
fn step(connection: &mut Connection, title: &str, request: Payload<'_>) -> Result<()> {
    println!("\n-- {title}");
    if request != Payload::Ping {
        print_frame("->", &request);
        connection.send(&request)?;
    }
    let mut answers = Vec::new();
    connection.ping(TIMEOUT, |frame| answers.push(frame))?;
    for answer in answers {
        print_frame("<-", &answer.decode()?);
    }
    let stats = connection.receive(TIMEOUT)?;
    if request == Payload::Ping {
        print_frame("->", &request);
        print_frame("<-", &Payload::Pong);
        print_frame("<-", &stats.decode()?);
    }
    Ok(())
}

fn buddy(name: &str) -> Buddy<'_> {
    Buddy { user_name: USER, buddy_name: name, ..Buddy::default() }
}

fn message<'a>(to: &'a str, text: &'a str) -> ConversationMessage<'a> {
    ConversationMessage { user_name: USER, buddy_name: to, message: text, ..ConversationMessage::default() }
}

/// Prints direction, type and fields of a frame; passwords are hidden.
fn print_frame(direction: &str, payload: &Payload<'_>) {
    print!("{direction} {}", payload.type_name());
    if let Some(message) = payload.message() {
        print_fields(message);
    }
    println!();
}

fn print_fields(message: &dyn Reflect) {
    message.visit(&mut |field, value| {
        print!(" {}=", field.name);
        match value {
            Value::String(text) if field.name == "password" && !text.is_empty() => print!("(hidden)"),
            value => print_value(value),
        }
    });
}

fn print_value(value: Value<'_>) {
    match value {
        Value::String(text) => print!("{text:?}"),
        Value::Bytes(bytes) => print!("({} bytes)", bytes.len()),
        Value::Int32(number) => print!("{number}"),
        Value::Bool(on) => print!("{on}"),
        Value::Enum(name) => print!("{name}"),
        Value::Map(map) => print!("{map:?}"),
        Value::Message(message) => {
            print!("{{");
            print_fields(message);
            print!(" }}");
        }
        Value::List(list) => {
            print!("[");
            list.visit(&mut |element| {
                print_value(element);
                print!(",");
            });
            print!("]");
        }
    }
}

/// Sends messages from a thread while it counts those that come back.
fn exchange(reader: &mut FrameReader<TcpStream>, writer: &mut FrameWriter<TcpStream>) -> Result<()> {
    println!("\n-- {MESSAGES} messages, there and back");
    reader.get_mut().set_read_timeout(Some(TIMEOUT))?;
    let start = Instant::now();
    let bytes = std::thread::scope(|scope| {
        let sending = scope.spawn(|| send_messages(writer));
        let bytes = count_messages(reader, start)?;
        sending.join().map_err(|_| "the sending thread panicked")??;
        Ok::<_, Box<dyn Error>>(bytes)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    // Each message makes two frames, of about the same length.
    let frames = 2.0 * MESSAGES as f64 / seconds;
    let megabytes = 2.0 * bytes as f64 / seconds / 1e6;
    println!("{seconds:.2} s: {frames:.0} frames/s, {megabytes:.1} MB/s");
    Ok(())
}

fn send_messages(writer: &mut FrameWriter<TcpStream>) -> std::io::Result<()> {
    for number in 0..MESSAGES {
        writer.write(&Payload::ConvMessage(message("echo", "The quick brown fox jumps over the lazy dog")))?;
        if number % 500 == 499 {
            writer.flush()?;
        }
    }
    writer.flush()
}

/// Receives all messages, and returns their bytes.
fn count_messages(reader: &mut FrameReader<TcpStream>, start: Instant) -> Result<usize> {
    let mut progress = Progress::new(start);
    let mut bytes = 0;
    let mut count = 0;
    while count < MESSAGES {
        let frame = reader.read_frame()?.ok_or("the backend closed the connection")?;
        let Payload::ConvMessage(_) = frame.decode()? else { continue };
        bytes += 4 + frame.body().len();
        count += 1;
        progress.show(count);
    }
    progress.clear();
    Ok(bytes)
}

/// A line on the terminal that says how far the exchange is.
struct Progress {
    on_terminal: bool,
    shown: Instant,
}

impl Progress {
    fn new(start: Instant) -> Self {
        Self { on_terminal: std::io::stderr().is_terminal(), shown: start }
    }

    fn show(&mut self, count: usize) {
        if self.on_terminal && count.is_multiple_of(1000) && self.shown.elapsed() > Duration::from_millis(100) {
            self.shown = Instant::now();
            eprint!("\r{count} of {MESSAGES}");
            // A terminal that cannot be written to shows no progress.
            let _ = std::io::stderr().flush();
        }
    }

    fn clear(&self) {
        if self.on_terminal {
            eprint!("\r\x1b[K");
        }
    }
}
