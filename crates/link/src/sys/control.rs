//! Control messages, written and read as octets.

/// Control messages to send with one packet.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct Control {
    octets: [u8; Self::CAPACITY],
    len: usize,
}

impl Control {
    /// Enough for packet info, traffic class, fragmentation and segment size together.
    const CAPACITY: usize = 128;

    pub(crate) const fn new() -> Self {
        Self { octets: [0; Self::CAPACITY], len: 0 }
    }

    /// Appends a message.
    ///
    /// # Panics
    ///
    /// When it has no room: what is sent together is fixed, so that would be a fault of this crate.
    pub(crate) fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let end = self.len + HEADER + data.len();
        let message = &mut self.octets[self.len..end];
        message[..WORD].copy_from_slice(&(HEADER + data.len()).to_ne_bytes());
        message[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
        message[WORD + 4..WORD + 8].copy_from_slice(&kind.to_ne_bytes());
        message[HEADER..].copy_from_slice(data);
        self.len = end.next_multiple_of(WORD);
    }

    pub(super) fn as_ptr(&self) -> *const u8 {
        self.octets.as_ptr()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

/// Room for the control messages of one received packet.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct ControlBuffer {
    octets: [u8; Self::CAPACITY],
    len: usize,
}

impl ControlBuffer {
    /// Enough for an error with its offender, packet info and counters together.
    pub(super) const CAPACITY: usize = 512;

    pub(crate) const fn new() -> Self {
        Self { octets: [0; Self::CAPACITY], len: 0 }
    }

    /// Level, kind and data of each message.
    pub(crate) fn iter(&self) -> Messages<'_> {
        Messages { rest: &self.octets[..self.len] }
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.octets.as_mut_ptr()
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.len = len.min(Self::CAPACITY);
    }
}

/// See [`ControlBuffer::iter`].
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = (i32, i32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.rest.get(..HEADER)?;
        let len = usize::from_ne_bytes(header[..WORD].try_into().ok()?);
        let level = read_i32(&header[WORD..])?;
        let kind = read_i32(&header[WORD + 4..])?;
        let data = self.rest.get(HEADER..len)?;
        self.rest = self.rest.get(len.next_multiple_of(WORD)..).unwrap_or_default();
        Some((level, kind, data))
    }
}

/// The native integer at the start of a message's data.
pub(crate) fn read_i32(data: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(data.get(..4)?.try_into().ok()?))
}

const WORD: usize = size_of::<usize>();
/// `struct cmsghdr`, after which data is aligned to a word.
const HEADER: usize = (WORD + 8).next_multiple_of(WORD);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_laid_out_as_libc_does() {
        let mut control = Control::new();
        control.push(1, 2, &[9]);
        control.push(3, 4, &[7; 12]);
        let mut buffer = ControlBuffer::new();
        buffer.octets[..control.len].copy_from_slice(&control.octets[..control.len]);
        buffer.set_len(control.len);
        let read: Vec<_> = buffer.iter().collect();
        assert_eq!(read, [(1, 2, &[9][..]), (3, 4, &[7; 12][..])]);
        // SAFETY: plain arithmetic.
        let expected = unsafe { libc::CMSG_SPACE(1) + libc::CMSG_SPACE(12) } as usize;
        assert_eq!(control.len, expected);
        // SAFETY: plain arithmetic.
        assert_eq!(HEADER, unsafe { libc::CMSG_LEN(0) } as usize);
    }

    #[test]
    fn a_message_with_a_length_beyond_the_buffer_ends_the_walk() {
        let mut control = Control::new();
        control.push(1, 2, &[9]);
        let mut buffer = ControlBuffer::new();
        buffer.octets[..control.len].copy_from_slice(&control.octets[..control.len]);
        buffer.octets[..WORD].copy_from_slice(&usize::MAX.to_ne_bytes());
        buffer.set_len(control.len);
        assert_eq!(buffer.iter().count(), 0);
        buffer.octets[..WORD].copy_from_slice(&0_usize.to_ne_bytes());
        assert_eq!(buffer.iter().count(), 0);
    }
}
