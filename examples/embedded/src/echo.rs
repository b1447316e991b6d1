//! The backend: a contact `echo`, who says everything back.

use crate::uart::Uart;
use spectrum2::frame::FrameBuffer;
use spectrum2::{Buddy, Connected, EncodeError, Payload, StatusType};

/// Longer than each frame that is expected. A longer one ends the session: it cannot be kept.
const CAPACITY: usize = 512;

#[derive(Default)]
pub struct Served {
    pub requests: usize,
    pub answers: usize,
}

/// Answers requests until one of them is EXIT.
pub fn serve(uart: &mut Uart) -> Result<Served, &'static str> {
    let mut served = Served::default();
    let mut receiving = FrameBuffer::<CAPACITY>::new();
    let mut sending = FrameBuffer::<CAPACITY>::new();
    loop {
        let mut received = [0; 16];
        let count = uart.receive(&mut received);
        // There is always room: a frame that would leave none is an error below.
        receiving.push(received.get(..count).unwrap_or_default());
        while let Some(frame) = receiving.next_frame().map_err(|_| "a frame is too long")? {
            // What is malformed costs this message alone.
            let Ok(request) = frame.decode() else { continue };
            served.requests += 1;
            served.answers += answer(&request, &mut sending).map_err(|_| "an answer is too long")?;
            uart.send(sending.bytes());
            sending.clear();
            if request == Payload::Exit {
                return Ok(served);
            }
        }
    }
}

/// Writes the answers to a request, and returns how many there are.
fn answer(request: &Payload<'_>, sending: &mut FrameBuffer<CAPACITY>) -> Result<usize, EncodeError> {
    match *request {
        Payload::Ping => {
            sending.write(&Payload::Pong)?;
            Ok(1)
        }
        Payload::Login(login) => {
            sending.write(&Payload::Connected(Connected { user: login.user }))?;
            sending.write(&Payload::BuddyChanged(Buddy {
                user_name: login.user,
                buddy_name: "echo",
                alias: Some("Echo"),
                status: Some(StatusType::Online),
                ..Buddy::default()
            }))?;
            Ok(2)
        }
        Payload::ConvMessage(_) | Payload::Attention(_) | Payload::BuddyTyping(_) | Payload::BuddyStoppedTyping(_) => {
            sending.write(request)?;
            Ok(1)
        }
        _ => Ok(0),
    }
}
