//! What the standard library does not set on sockets.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

fn set<T>(socket: &impl AsRawFd, option: libc::c_int, value: T) {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value lives as long as the call, and is of the length told.
    let set =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw const value).cast(), length) };
    assert_eq!(set, 0);
}

/// Closing the socket resets the connection.
pub fn reset_on_close(stream: &TcpStream) {
    set(stream, libc::SO_LINGER, libc::linger { l_onoff: 1, l_linger: 0 });
}

/// A connection, from its first end to its second, with buffers of a few kilobytes on the way.
pub fn narrow_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    narrow_receiver(&listener);
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    narrow_sender(&stream);
    (stream, listener.accept().unwrap().0)
}

/// A few kilobytes of buffer for what a socket receives, and those that a listener accepts.
pub fn narrow_receiver(socket: &impl AsRawFd) {
    set::<libc::c_int>(socket, libc::SO_RCVBUF, 4096);
}

/// A few kilobytes of buffer for what a socket sends.
pub fn narrow_sender(socket: &impl AsRawFd) {
    set::<libc::c_int>(socket, libc::SO_SNDBUF, 4096);
}

/// Whether a write would not have to wait.
pub fn is_writable(stream: &TcpStream) -> bool {
    let mut asked = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one descriptor, open as long as the stream.
    let ready = unsafe { libc::poll(&raw mut asked, 1, 0) };
    assert!(ready >= 0);
    ready == 1
}
