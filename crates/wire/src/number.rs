//! Serial numbers of the protocol (RFC 9260 §1.6, RFC 8260 §2.2): compared by RFC 1982 arithmetic, through named
//! methods, with no `Ord`.

macro_rules! serial_number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number after this one; wraps to zero.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.wrapping_add(1))
            }

            /// The number before this one; wraps from zero.
            #[must_use]
            pub const fn previous(self) -> Self {
                Self(self.0.wrapping_sub(1))
            }

            /// The number `count` after this one, wrapping.
            #[must_use]
            pub const fn plus(self, count: $inner) -> Self {
                Self(self.0.wrapping_add(count))
            }

            /// The number `count` before this one, wrapping.
            #[must_use]
            pub const fn minus(self, count: $inner) -> Self {
                Self(self.0.wrapping_sub(count))
            }

            /// Steps from `earlier` up to `self`, wrapping.
            #[must_use]
            pub const fn distance_from(self, earlier: Self) -> $inner {
                self.0.wrapping_sub(earlier.0)
            }

            /// Whether `self` comes after `other` (RFC 1982 §3.2); false when they are equal or exactly half the
            /// number space apart.
            #[must_use]
            pub const fn is_after(self, other: Self) -> bool {
                let distance = self.0.wrapping_sub(other.0);
                distance != 0 && distance < 1 << (<$inner>::BITS - 1)
            }

            /// Whether `self` is `other` or comes after it.
            #[must_use]
            pub const fn is_at_or_after(self, other: Self) -> bool {
                self.0 == other.0 || self.is_after(other)
            }

            /// Whether `self` comes before `other`.
            #[must_use]
            pub const fn is_before(self, other: Self) -> bool {
                other.is_after(self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

serial_number!(
    /// Transmission Sequence Number of a DATA or I-DATA chunk.
    Tsn(u32)
);
serial_number!(
    /// Stream Sequence Number of an ordered DATA chunk.
    Ssn(u16)
);
serial_number!(
    /// Message Identifier of an I-DATA chunk (RFC 8260 §2.1).
    Mid(u32)
);
serial_number!(
    /// Fragment Sequence Number of an I-DATA chunk (RFC 8260 §2.1).
    Fsn(u32)
);
serial_number!(
    /// Re-configuration Request Sequence Number (RFC 6525 §4.1).
    RequestNumber(u32)
);
serial_number!(
    /// Serial number of an ASCONF chunk (RFC 5061 §4.1.1).
    AsconfSerial(u32)
);
