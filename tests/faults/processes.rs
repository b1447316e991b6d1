//! A backend process that is killed under load, and started again as the main process does: with LOGIN
//! for every user.

use std::io;
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::thread::{self, JoinHandle};

use spectrum2::frame::{FrameReader, FrameWriter};
use spectrum2::host::{BackendCommand, BackendProcess, Host};
use spectrum2::{ConversationMessage, Login, Payload, Status, StatusType};

use super::example::example;
use super::support::{Random, TIMEOUT};
use super::watch::watch;

const USERS: usize = 50;

/// How many messages come back in a life that nobody ends.
const ENOUGH: usize = 2000;

fn user(number: usize) -> String {
    format!("user{}@localhost", number % USERS)
}

/// Sends messages with numbers to all users in turn, until the connection ends or all are sent. The
/// next number, and how far it came: the last frame may have been cut off.
fn spawn_writer(
    mut writer: FrameWriter<TcpStream>,
    first: usize,
    last: usize,
) -> JoinHandle<(usize, FrameWriter<TcpStream>)> {
    thread::spawn(move || {
        for number in first..last {
            let message = ConversationMessage {
                user_name: &user(number),
                buddy_name: "echo",
                message: &number.to_string(),
                ..ConversationMessage::default()
            };
            if writer.write(&Payload::ConvMessage(message)).and_then(|()| writer.flush()).is_err() {
                return (number + 1, writer);
            }
        }
        (last, writer)
    })
}

fn log_in(reader: &mut FrameReader<TcpStream>, writer: &mut FrameWriter<TcpStream>) -> io::Result<()> {
    for number in 0..USERS {
        let user = &user(number);
        writer.write(&Payload::Login(Login { user, legacy_name: "legacy", password: "secret", ..Login::default() }))?;
        let status = Status { user_name: user, status: StatusType::Online, status_message: None };
        writer.write(&Payload::StatusChanged(status))?;
    }
    writer.flush()?;
    // Of each user: logged in, the contact, and its presence.
    for answers in 0..3 * USERS {
        let frame = reader.read_frame()?.expect("an answer");
        let payload = frame.decode().unwrap();
        assert!(matches!(payload, Payload::Connected(_) | Payload::BuddyChanged(_)), "{answers}: {payload:?}");
    }
    Ok(())
}

/// Starts a backend, and logs all users in.
fn start(host: &Host) -> (BackendProcess, FrameReader<TcpStream>, FrameWriter<TcpStream>) {
    let mut backend = host.spawn(&BackendCommand::new(example("echo"))).unwrap();
    let mut connection = host.connect(&mut backend, TIMEOUT).unwrap();
    // The configuration and the rooms come first.
    connection.ping(TIMEOUT, drop).unwrap();
    let frame = connection.receive(TIMEOUT).unwrap();
    let Payload::Stats(stats) = frame.decode().unwrap() else { panic!("{frame:?}") };
    assert_eq!(stats.id, backend.id().to_string());
    connection.stream().set_read_timeout(None).unwrap();
    let (mut reader, mut writer) = connection.split();
    log_in(&mut reader, &mut writer).unwrap();
    (backend, reader, writer)
}

/// In each life, what comes back is what was sent from its beginning on, without a gap: nothing is lost
/// but what the closed connection carried.
#[test]
fn a_backend_killed_under_load_loses_what_its_connection_carried() {
    let _watchdog = watch();
    const LIVES: usize = 5;
    let host = Host::listen().unwrap();
    let mut random = Random::new(31);
    let (mut next, mut lost) = (0, 0);
    for life in 1..=LIVES {
        let (mut backend, mut reader, writer) = start(&host);
        let is_killed = life < LIVES;
        let last = if is_killed { usize::MAX } else { next + ENOUGH };
        let killed_at = next + 1 + random.below(ENOUGH);
        let writer = spawn_writer(writer, next, last);
        let mut heard = next;
        while heard < last {
            // An error is a reset, or the end within a frame.
            let Ok(Some(frame)) = reader.read_frame() else { break };
            let Payload::ConvMessage(message) = frame.decode().unwrap() else { panic!("{frame:?}") };
            assert_eq!((message.user_name, message.message), (user(heard).as_str(), heard.to_string().as_str()));
            heard += 1;
            if is_killed && heard == killed_at {
                backend.kill().unwrap();
            }
        }
        let (sent, mut writer) = writer.join().unwrap();
        if is_killed {
            assert_eq!(backend.wait(TIMEOUT).unwrap().signal(), Some(libc::SIGKILL));
            assert!((killed_at..=sent).contains(&heard), "{heard}");
            lost += sent - heard;
        } else {
            assert_eq!((heard, sent), (last, last));
            writer.write(&Payload::Exit).and_then(|()| writer.flush()).unwrap();
            assert!(backend.wait(TIMEOUT).unwrap().success());
        }
        next = sent;
    }
    println!(
        "figure: a backend killed {} times under load: of {next} messages {lost} were on their way and lost, none beside",
        LIVES - 1
    );
}

/// The example checks order, memory and ends itself; here with fewer messages.
#[test]
fn a_soak_of_many_users_and_threads() {
    let _watchdog = watch();
    let soak = Command::new(example("soak")).args(["50000", "10000", "30"]).output().unwrap();
    assert!(soak.status.success(), "{}", String::from_utf8_lossy(&soak.stderr));
    println!("{}", String::from_utf8_lossy(&soak.stdout));
}
