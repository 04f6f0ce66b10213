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

#[cfg(test)]
mod tests {
    use super::{Ssn, Tsn};

    #[test]
    fn a_number_is_after_those_up_to_half_the_space_before_it() {
        for base in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let tsn = Tsn(base);
            for distance in [1, 2, 0x7fff_ffff] {
                assert!(tsn.plus(distance).is_after(tsn), "{base} + {distance}");
                assert!(tsn.is_before(tsn.plus(distance)));
                assert!(!tsn.is_after(tsn.plus(distance)));
                assert!(tsn.plus(distance).is_at_or_after(tsn));
                assert_eq!(tsn.plus(distance).distance_from(tsn), distance);
                assert_eq!(tsn.plus(distance).minus(distance), tsn);
            }
        }
    }

    #[test]
    fn a_number_is_not_after_itself() {
        assert!(!Tsn(7).is_after(Tsn(7)));
        assert!(!Tsn(7).is_before(Tsn(7)));
        assert!(Tsn(7).is_at_or_after(Tsn(7)));
        assert_eq!(Tsn(7).distance_from(Tsn(7)), 0);
    }

    /// RFC 1982 §3.2 leaves this pair undefined; here neither comes after the other.
    #[test]
    fn of_numbers_half_the_space_apart_neither_is_after_the_other() {
        let (here, there) = (Tsn(5), Tsn(5 + 0x8000_0000));
        assert!(!here.is_after(there) && !there.is_after(here));
        assert!(!here.is_at_or_after(there) && !there.is_at_or_after(here));
        assert!(!Ssn(5).is_after(Ssn(0x8005)) && !Ssn(0x8005).is_after(Ssn(5)));
    }

    #[test]
    fn numbers_wrap_at_both_ends() {
        assert_eq!(Tsn(u32::MAX).next(), Tsn(0));
        assert_eq!(Tsn(0).previous(), Tsn(u32::MAX));
        assert_eq!(Ssn(u16::MAX).next(), Ssn(0));
        assert_eq!(Ssn(2).minus(5), Ssn(0xfffd));
        assert!(Ssn(0).is_after(Ssn(u16::MAX)));
        assert_eq!(Ssn(3).distance_from(Ssn(0xfffe)), 5);
    }

    /// All pairs within a small space would be 2^32 of 16 bits; a step of a prime visits each distance class.
    #[test]
    fn of_two_different_numbers_exactly_one_is_after_the_other_unless_half_the_space_apart() {
        for here in (0..=u16::MAX).step_by(251).map(Ssn) {
            for there in (0..=u16::MAX).step_by(241).map(Ssn) {
                let apart = here.distance_from(there);
                let expected = apart != 0 && apart != 0x8000;
                assert_eq!(here.is_after(there) ^ there.is_after(here), expected, "{here} {there}");
            }
        }
    }
}
