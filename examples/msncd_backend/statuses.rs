//! Spectrum's statuses, and the daemon's.

use spectrum2::StatusType;

/// Going either way, the first line that fits counts.
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

pub fn to_daemon(status: StatusType) -> &'static str {
    STATUSES.iter().find(|line| line.0 == status).map_or("online", |line| line.1)
}

/// A status that is not known is some way of being there.
pub fn from_daemon(status: &str) -> StatusType {
    STATUSES.iter().find(|line| line.1 == status).map_or(StatusType::Online, |line| line.0)
}
