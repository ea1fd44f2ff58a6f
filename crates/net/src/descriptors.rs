//! Descriptors on their way to another process, over a UNIX socket (unix(7), SCM_RIGHTS).
//!
//! Knows one message: bytes and the descriptors that go with them. Does not know who asks for which descriptor, or why.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// The most descriptors that the kernel takes with one message (SCM_MAX_FD).
pub const MOST: usize = 253;

/// Two ends that keep messages apart (SOCK_SEQPACKET); both are closed in a program that is started, unless it is given one.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one message. A stream socket needs at least one byte to carry descriptors.
pub fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors for one message"));
    }
    loop {
        match sendmsg(&socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL) {
            Ok(sent) if sent == bytes.len() => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Receives one message into `bytes`: how many there were, and the descriptors, closed on exec. 0 bytes: the other end is gone.
///
/// A message that does not fit is an error, and what came with it is closed.
pub fn receive(socket: impl AsFd, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(&socket, &mut [IoSliceMut::new(bytes)], &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            received => break received?,
        }
    };
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message with descriptors was cut short"));
    }
    Ok((received.bytes, descriptors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    #[test]
    fn a_descriptor_arrives_as_the_same_open_file() {
        let (near, far) = pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"through").unwrap();
        send(&near, b"take this", &[file.as_fd()]).unwrap();
        let mut bytes = [0; 64];
        let (count, mut descriptors) = receive(&far, &mut bytes).unwrap();
        assert_eq!((&bytes[..count], descriptors.len()), (b"take this".as_slice(), 1));
        let mut same = File::from(descriptors.remove(0));
        same.rewind().unwrap();
        let mut text = String::new();
        same.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
    }

    #[test]
    fn as_many_as_the_kernel_takes_go_at_once_and_no_more() {
        let (near, far) = pair().unwrap();
        let many = vec![near.as_fd(); MOST];
        send(&near, b"x", &many).unwrap();
        assert_eq!(receive(&far, &mut [0; 1]).unwrap().1.len(), MOST);
        let too_many = vec![near.as_fd(); MOST + 1];
        assert_eq!(send(&near, b"x", &too_many).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_message_that_does_not_fit_is_an_error_and_the_end_is_zero_bytes() {
        let (near, far) = pair().unwrap();
        send(&near, b"four", &[]).unwrap();
        assert_eq!(receive(&far, &mut [0; 3]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        drop(near);
        assert_eq!(receive(&far, &mut [0; 3]).unwrap().0, 0);
    }
}
