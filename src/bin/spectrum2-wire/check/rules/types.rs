//! Which types a backend may send, and that each can be decoded.

use spectrum2::{DecodeError, Payload, Type};

use super::{Opinion, Rule};

/// Every frame can be decoded.
#[derive(Default)]
pub struct Decodable;

impl Rule for Decodable {
    fn received(&mut self, _: &Payload<'_>) -> Opinion {
        Some(Ok(()))
    }

    fn malformed(&mut self, error: &DecodeError) -> Opinion {
        Some(Err(format!("{error}.")))
    }
}

/// Only types that a backend has a reason to send.
#[derive(Default)]
pub struct Types;

impl Rule for Types {
    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        let name = payload.type_name();
        match Type::from_number(payload.type_number()) {
            None => Some(Err(format!("The backend sent a frame of the unknown type {}.", payload.type_number()))),
            Some(of) if is_of_main_process(of) => Some(Err(format!("The backend sent {name}."))),
            Some(of) if is_stalling(of) => None,
            Some(_) => Some(Ok(())),
        }
    }
}

fn is_of_main_process(of: Type) -> bool {
    matches!(
        of,
        Type::Logout | Type::Ping | Type::Exit | Type::JoinRoom | Type::LeaveRoom | Type::StatusChanged | Type::Buddies
    )
}

/// No type that the main process knows, and has no handler for.
#[derive(Default)]
pub struct Stalling;

impl Rule for Stalling {
    fn received(&mut self, payload: &Payload<'_>) -> Opinion {
        match Type::from_number(payload.type_number()).is_some_and(is_stalling) {
            true => Some(Err(format!("The backend sent {}.", payload.type_name()))),
            false => Some(Ok(())),
        }
    }
}

fn is_stalling(of: Type) -> bool {
    matches!(
        of,
        Type::Login
            | Type::ApiVersion
            | Type::FtStart
            | Type::FtFinish
            | Type::FtData
            | Type::FtPause
            | Type::FtContinue
    )
}
