//! The running loop allocates nothing, once its buffers have grown.

#![cfg(feature = "std")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use spectrum2::frame::encode_to_vec;
use spectrum2::{
    Backend, Buddies, Buddy, Client, ConversationMessage, List, Login, Logout, Payload, Room, Sender, Status,
    StatusType, StrMap, UserSettings, VCard,
};

/// The system's allocator, with a count of what each thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: everything is left to the system's allocator; the counter is a constant of the thread, so
// that counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(memory, layout, size) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn connect() -> (Client, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = Client::connect_to(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Answers everything, and notes at each LOGOUT how often this thread allocated so far.
#[derive(Default)]
struct Answering {
    events: usize,
    allocations_at_logout: Vec<usize>,
}

impl Backend for Answering {
    /// As much as a batch may hold, so that no later one is the largest by chance.
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        let text = "x".repeat(1000);
        let message = ConversationMessage { message: &text, ..ConversationMessage::default() };
        (0..256).try_for_each(|_| sender.message(&message))
    }
    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        self.events += 1;
        sender.connected(login.user)
    }
    fn logout(&mut self, _: &mut Sender, _: Logout<'_>) -> io::Result<()> {
        self.allocations_at_logout.push(ALLOCATIONS.get());
        Ok(())
    }
    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        self.events += 1;
        sender.message_ack(message.user_name, message.buddy_name, message.id.unwrap_or_default())?;
        sender.message(&message)
    }
    fn status_changed(&mut self, sender: &mut Sender, status: Status<'_>) -> io::Result<()> {
        self.events += 1;
        let buddy = Buddy { user_name: status.user_name, buddy_name: "echo", ..Buddy::default() };
        sender.buddy_changed(&Buddy { status: Some(status.status), ..buddy })
    }
    fn buddies(&mut self, sender: &mut Sender, buddies: Buddies<'_>) -> io::Result<()> {
        self.events += 1;
        buddies.buddy.iter().try_for_each(|buddy| sender.buddy_changed(&buddy))
    }
    fn join_room(&mut self, sender: &mut Sender, room: Room<'_>) -> io::Result<()> {
        self.events += 1;
        sender.room_subject_changed(room.user_name, room.room, "subject", room.nickname)
    }
    fn vcard_requested(&mut self, sender: &mut Sender, card: VCard<'_>) -> io::Result<()> {
        self.events += 1;
        sender.vcard(&card)
    }
}

/// One of each request that is answered, and a PING.
fn requests() -> Vec<u8> {
    let groups = ["Friends", "Work"];
    let buddy = Buddy { user_name: "alice", buddy_name: "bob", group: List::from(&groups), ..Buddy::default() };
    let buddies = [buddy; 3];
    let settings = [("enable_transport", "1"), ("stay_connected", "0")];
    let payloads = [
        Payload::Ping,
        Payload::Login(Login {
            user: "alice",
            legacy_name: "legacy",
            password: "secret",
            settings: Some(UserSettings { value: StrMap::from(&settings) }),
            ..Login::default()
        }),
        Payload::StatusChanged(Status { user_name: "alice", status: StatusType::Away, status_message: Some("lunch") }),
        Payload::Buddies(Buddies { buddy: List::from(&buddies) }),
        Payload::ConvMessage(ConversationMessage {
            user_name: "alice",
            buddy_name: "echo",
            message: "Здравствуй, мир, and a text that is a little longer than most are",
            id: Some("1"),
            ..ConversationMessage::default()
        }),
        Payload::JoinRoom(Room { user_name: "alice", nickname: "al", room: "#test", password: None }),
        Payload::VCard(VCard { user_name: "alice", buddy_name: "echo", id: 7, ..VCard::default() }),
        // Nobody knows it, and nobody answers.
        Payload::Unknown { type_number: 77, bytes: b"new" },
    ];
    let mut stream = Vec::new();
    for payload in payloads {
        encode_to_vec(&payload, &mut stream).unwrap();
    }
    stream
}

fn logout() -> Vec<u8> {
    let mut stream = Vec::new();
    encode_to_vec(&Payload::Logout(Logout { user: "alice", legacy_name: "legacy" }), &mut stream).unwrap();
    stream
}

/// Reads everything up to the end, and returns its length.
fn drain(mut stream: TcpStream) -> usize {
    let mut buffer = [0; 65536];
    let mut length = 0;
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return length,
            count => length += count,
        }
    }
}

/// Batches as large as the reader takes, whose answers are larger than the requests; then requests
/// one by one.
#[test]
fn the_loop_allocates_nothing_after_warming_up() {
    const ROUNDS: usize = 50;
    let (client, mut peer) = connect();
    let answers = peer.try_clone().unwrap();
    let drained = thread::spawn(move || drain(answers));
    let requests = requests();
    let main_process = thread::spawn(move || {
        for _ in 0..ROUNDS {
            peer.write_all(&requests.repeat(200)).unwrap();
            peer.write_all(&logout()).unwrap();
        }
        for _ in 0..100 {
            peer.write_all(&requests).unwrap();
        }
        peer.write_all(&logout()).unwrap();
        let mut exit = Vec::new();
        encode_to_vec(&Payload::Exit, &mut exit).unwrap();
        peer.write_all(&exit).unwrap();
    });
    let mut backend = Answering { allocations_at_logout: Vec::with_capacity(ROUNDS + 1), ..Answering::default() };
    client.run(&mut backend).unwrap();
    main_process.join().unwrap();
    assert!(drained.join().unwrap() > 0);

    assert_eq!(backend.events, 6 * (200 * ROUNDS + 100));
    let counted = &backend.allocations_at_logout;
    assert_eq!(counted.len(), ROUNDS + 1);
    assert!(counted[0] > 0, "the buffers have to come from somewhere");
    assert_eq!(counted[0], counted[ROUNDS], "{counted:?}");
}

#[test]
fn a_clone_in_a_thread_allocates_nothing_after_warming_up() {
    let (client, peer) = connect();
    let drained = thread::spawn(move || drain(peer));
    let sender = client.sender();
    let (first, others) = thread::spawn(move || {
        let text = "x".repeat(1000);
        let message =
            ConversationMessage { user_name: "alice", buddy_name: "echo", message: &text, ..Default::default() };
        let say = || {
            sender.message(&message).unwrap();
            sender.buddy_typing("alice", "echo").unwrap();
        };
        let before = ALLOCATIONS.get();
        say();
        let first = ALLOCATIONS.get();
        (0..1000).for_each(|_| say());
        (first - before, ALLOCATIONS.get() - first)
    })
    .join()
    .unwrap();
    assert!(first > 0, "the buffer has to come from somewhere");
    assert_eq!(others, 0);
    drop(client);
    assert!(drained.join().unwrap() > 1_000_000);
}
