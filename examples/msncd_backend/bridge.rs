//! Takes the main process's requests to the sessions of its users.

mod inbox;
mod line;
mod session;
mod settings;
mod statuses;
mod translator;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use inbox::{Inbox, Leave, NOT_LOGGED_IN, Request};
#[allow(unused_imports, reason = "tests name them")]
pub use inbox::{MOST_BYTES, MOST_REQUESTS};
use line::Line;
use session::Session;
pub use settings::Settings;
use spectrum2::{
    Backend, BackendConfig, Buddy, ConnectionError, ConversationMessage, Login, Logout, Sender, Status, StatusType,
    VCard,
};
use translator::User;

/// A session needs little; a thousand of them should not take much.
const STACK_SIZE: usize = 256 << 10;

/// How long a session that is over has for what it has still to do. Then its connection is cut.
const FAREWELL: Duration = Duration::from_secs(2);

/// The backend.
pub struct Bridge {
    settings: Arc<Settings>,
    /// By JID. Of a user who is logged out, what is known stays for the next login.
    users: HashMap<String, Running>,
}

/// A session in a thread of its own, or what is left of it.
struct Running {
    inbox: Arc<Inbox>,
    line: Arc<Line>,
    ended: mpsc::Receiver<User>,
    /// What the user's status became since the session ended.
    status: Option<StatusType>,
}

impl Running {
    /// Waits for the end of a session whose user logged out.
    fn wait(self) -> User {
        let ended = self.ended.recv_timeout(FAREWELL).or_else(|error| {
            if error == RecvTimeoutError::Timeout {
                self.line.cut();
            }
            // No longer than it takes to connect.
            self.ended.recv()
        });
        // Of a session that panicked nothing is known.
        let mut user = ended.unwrap_or_default();
        user.status = self.status.or(user.status);
        user
    }
}

impl Bridge {
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), users: HashMap::new() }
    }

    /// Where there is no session, the user is told that nothing came of the request.
    fn request(&mut self, sender: &Sender, jid: &str, request: Request) -> io::Result<()> {
        let running = self.users.get_mut(jid);
        let pushed = match &running {
            Some(running) => running.inbox.push(request),
            None => Err((request, NOT_LOGGED_IN)),
        };
        let Err((request, why)) = pushed else { return Ok(()) };
        if let (Some(running), Request::Status(status)) = (running, &request) {
            running.status = Some(*status);
        }
        request.refuse(sender, jid, why)
    }
}

impl Backend for Bridge {
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        // A server's users log in with their accounts of the network.
        sender.backend_config(&BackendConfig::builder().need_registration(!self.settings.server_mode).build()?)
    }

    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        let previous = self.users.remove(login.user);
        if let Some(previous) = &previous {
            previous.inbox.leave(Leave::LoggedInAgain);
        }
        let (inbox, line) = (Arc::new(Inbox::default()), Arc::new(Line::default()));
        let (has_ended, ended) = mpsc::channel();
        let session = Session::new(&self.settings, sender, login.user, Arc::clone(&inbox), Arc::clone(&line));
        let (account, password) = (login.legacy_name.to_owned(), login.password.to_owned());
        let run = move || {
            // Two sessions of one user would throw each other out.
            let user = previous.map(Running::wait).unwrap_or_default();
            // Nobody waits for it where the backend has ended meanwhile.
            let _ = has_ended.send(session.run(user, &account, &password));
        };
        // A name ends at a NUL, and is cut to what the system takes.
        let name = login.user.replace('\0', "");
        match thread::Builder::new().name(name).stack_size(STACK_SIZE).spawn(run) {
            Ok(_) => {
                self.users.insert(login.user.to_owned(), Running { inbox, line, ended, status: None });
                Ok(())
            }
            Err(error) => {
                sender.disconnected(login.user, ConnectionError::INVALID_SETTINGS, &format!("no thread: {error}"))
            }
        }
    }

    fn logout(&mut self, _: &mut Sender, logout: Logout<'_>) -> io::Result<()> {
        if let Some(running) = self.users.get(logout.user) {
            running.inbox.leave(Leave::LoggedOut);
        }
        Ok(())
    }

    fn status_changed(&mut self, sender: &mut Sender, status: Status<'_>) -> io::Result<()> {
        self.request(sender, status.user_name, Request::Status(status.status))
    }

    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        let request = Request::Message { to: message.buddy_name.to_owned(), text: message.message.to_owned() };
        self.request(sender, message.user_name, request)
    }

    fn buddy_changed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        let request = Request::Contact {
            name: buddy.buddy_name.to_owned(),
            alias: buddy.alias.unwrap_or_default().to_owned(),
            groups: buddy.group.iter().map(str::to_owned).collect(),
        };
        self.request(sender, buddy.user_name, request)
    }

    fn buddy_removed(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.request(sender, buddy.user_name, Request::Remove { name: buddy.buddy_name.to_owned() })
    }

    fn buddy_typing(&mut self, sender: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.request(sender, buddy.user_name, Request::Typing { to: buddy.buddy_name.to_owned() })
    }

    fn vcard_requested(&mut self, sender: &mut Sender, request: VCard<'_>) -> io::Result<()> {
        let card = Request::Card { name: request.buddy_name.to_owned(), id: request.id };
        self.request(sender, request.user_name, card)
    }
}

/// However the backend ends, its users log off; it does not wait for a daemon that hangs.
impl Drop for Bridge {
    fn drop(&mut self) {
        for running in self.users.values() {
            running.inbox.leave(Leave::MainProcessGone);
        }
        self.wait(FAREWELL);
        for running in self.users.values() {
            running.line.cut();
        }
        self.wait(FAREWELL);
    }
}

impl Bridge {
    /// Waits for the sessions' ends. Those that have not ended in time are left.
    fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let is_running = |running: &Running| {
            let left = until.saturating_duration_since(Instant::now());
            matches!(running.ended.recv_timeout(left), Err(RecvTimeoutError::Timeout))
        };
        self.users.retain(|_, running| is_running(running));
    }
}
