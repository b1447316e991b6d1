//! Takes the main process's requests to the sessions of its users.

mod session;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use session::{Request, Session, User};
use spectrum2::{
    Backend, BackendConfig, Buddy, Config, ConnectionError, ConversationMessage, LaunchError, Login, Logout, Sender,
    Status, StatusType, VCard,
};

/// Spectrum's statuses and the daemon's. Going either way, the first line that fits counts.
const STATUSES: [(StatusType, &str); 10] = [
    (StatusType::Online, "online"),
    (StatusType::FreeForChat, "online"),
    (StatusType::Away, "away"),
    (StatusType::ExtendedAway, "idle"),
    (StatusType::DoNotDisturb, "busy"),
    (StatusType::None, "offline"),
    (StatusType::Invisible, "hidden"),
    (StatusType::Away, "brb"),
    (StatusType::ExtendedAway, "lunch"),
    (StatusType::DoNotDisturb, "phone"),
];

fn to_daemon(status: StatusType) -> &'static str {
    STATUSES.iter().find(|line| line.0 == status).map_or("online", |line| line.1)
}

/// A status that is not known is some way of being there.
fn from_daemon(status: &str) -> StatusType {
    STATUSES.iter().find(|line| line.1 == status).map_or(StatusType::Online, |line| line.0)
}

/// The section `[msncd]` of the configuration.
pub struct Settings {
    /// The daemon's host.
    pub host: String,
    /// The daemon's port.
    pub port: u16,
    /// How often each user's events are fetched.
    pub poll_interval: Duration,
    /// How long the daemon may take to answer.
    pub timeout: Duration,
    /// The pause after a first failed connection.
    pub reconnect_delay: Duration,
    /// After how long somebody is taken to have stopped typing.
    pub typing_lasts: Duration,
    /// The group of contacts that the user gave none.
    pub group: String,
}

impl Settings {
    pub fn read(config: &Config) -> Result<Self, LaunchError> {
        let text = |key, default: &str| config.get(key).unwrap_or(default).to_owned();
        let time = |key, default| {
            let milliseconds = config.number(key)?.unwrap_or(default);
            if milliseconds == 0 {
                return Err(LaunchError::new(format!("{key} = 0: has to be at least 1")));
            }
            Ok(Duration::from_millis(milliseconds))
        };
        Ok(Self {
            host: text("msncd.host", "127.0.0.1"),
            port: config.number("msncd.port")?.ok_or_else(|| LaunchError::new("msncd.port is missing"))?,
            poll_interval: time("msncd.poll_interval", 1000)?,
            timeout: time("msncd.timeout", 10_000)?,
            reconnect_delay: time("msncd.reconnect_delay", 1000)?,
            typing_lasts: time("msncd.typing_lasts", 10_000)?,
            group: text("msncd.group", "msncd"),
        })
    }
}

/// The backend.
pub struct Bridge {
    settings: Arc<Settings>,
    /// By JID. A user who logged out stays until the next login, which has to wait for the thread.
    users: HashMap<String, Running>,
}

struct Running {
    /// None when the user logged out.
    requests: Option<mpsc::Sender<Request>>,
    thread: JoinHandle<User>,
}

impl Bridge {
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), users: HashMap::new() }
    }

    /// Gives a request back that there is no session for.
    fn request(&self, user: &str, request: Request) -> Result<(), Request> {
        match self.users.get(user).and_then(|running| running.requests.as_ref()) {
            Some(requests) => requests.send(request).map_err(|error| error.0),
            None => Err(request),
        }
    }

    /// A request that means nothing without a session.
    fn try_request(&self, user: &str, request: Request) -> io::Result<()> {
        // The user knows that there is none: it was told with DISCONNECTED.
        let _ = self.request(user, request);
        Ok(())
    }
}

impl Backend for Bridge {
    fn start(&mut self, sender: &mut Sender) -> io::Result<()> {
        sender.backend_config(&BackendConfig::builder().receipts(true).build()?)
    }

    fn login(&mut self, sender: &mut Sender, login: Login<'_>) -> io::Result<()> {
        let previous = self.users.remove(login.user).map(|running| running.thread);
        let (requests, inbox) = mpsc::channel();
        let settings = Arc::clone(&self.settings);
        let (jid, account, password) = (login.user.to_owned(), login.legacy_name.to_owned(), login.password.to_owned());
        let own_sender = sender.buffered();
        let run = move || {
            // Two sessions of one user would throw each other out.
            let user = previous.and_then(|thread| thread.join().ok()).unwrap_or_default();
            Session::new(settings, own_sender, jid, inbox, user).run(&account, &password)
        };
        match thread::Builder::new().stack_size(256 << 10).spawn(run) {
            Ok(thread) => {
                self.users.insert(login.user.to_owned(), Running { requests: Some(requests), thread });
                Ok(())
            }
            Err(error) => {
                sender.disconnected(login.user, ConnectionError::INVALID_SETTINGS, &format!("no thread: {error}"))
            }
        }
    }

    fn logout(&mut self, _: &mut Sender, logout: Logout<'_>) -> io::Result<()> {
        if let Some(running) = self.users.get_mut(logout.user) {
            // The session sees that nobody asks it any more.
            running.requests = None;
        }
        Ok(())
    }

    fn status_changed(&mut self, _: &mut Sender, status: Status<'_>) -> io::Result<()> {
        self.try_request(status.user_name, Request::Status(status.status))
    }

    fn message(&mut self, sender: &mut Sender, message: ConversationMessage<'_>) -> io::Result<()> {
        let request = Request::Message {
            to: message.buddy_name.to_owned(),
            text: message.message.to_owned(),
            id: message.id.map(str::to_owned),
        };
        match self.request(message.user_name, request) {
            Ok(()) => Ok(()),
            Err(_) => session::return_message(
                sender,
                message.user_name,
                message.buddy_name,
                message.message,
                "you are not logged in",
            ),
        }
    }

    fn buddy_changed(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        let request = Request::Contact {
            name: buddy.buddy_name.to_owned(),
            alias: buddy.alias.unwrap_or_default().to_owned(),
            groups: buddy.group.iter().map(str::to_owned).collect(),
        };
        self.try_request(buddy.user_name, request)
    }

    fn buddy_removed(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.try_request(buddy.user_name, Request::Remove { name: buddy.buddy_name.to_owned() })
    }

    fn buddy_typing(&mut self, _: &mut Sender, buddy: Buddy<'_>) -> io::Result<()> {
        self.try_request(buddy.user_name, Request::Typing { to: buddy.buddy_name.to_owned() })
    }

    fn vcard_requested(&mut self, _: &mut Sender, request: VCard<'_>) -> io::Result<()> {
        self.try_request(request.user_name, Request::Card { name: request.buddy_name.to_owned(), id: request.id })
    }
}

/// However the backend ends, its users log off.
impl Drop for Bridge {
    fn drop(&mut self) {
        let threads: Vec<_> = self.users.drain().map(|(_, running)| running.thread).collect();
        for thread in threads {
            // A session that panicked is logged off by the end of its connection.
            let _ = thread.join();
        }
    }
}
