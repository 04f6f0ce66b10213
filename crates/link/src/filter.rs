//! Socket filters: which packets the kernel gives to a raw socket of ours.
//!
//! A raw socket is shown every SCTP packet of the host. Most belong to other processes, and copying them only to throw
//! them away costs both us and them. So the kernel looks at the destination port first. The filter may let too much
//! through (the port is looked at again in [`crate::raw`]), never too little.

use std::net::IpAddr;

use crate::sys::option::Instruction;

/// What a filter does with the ports it knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PortRule {
    /// Nothing but these.
    Only(Vec<u16>),
    /// All but these.
    AllBut(Vec<u16>),
}

/// A filter for raw SCTP sockets of the family.
pub(crate) fn ports(rule: &PortRule, ipv4: bool) -> Vec<Instruction> {
    // The ranges let more through than the ports; the complement must be exact to do the same, so it is cut off instead.
    let (ranges, inside, outside) = match rule {
        PortRule::Only(ports) => (ranges(ports, MAX_RANGES), KEEP, DROP),
        PortRule::AllBut(ports) => {
            let mut exact = ranges(ports, usize::MAX);
            exact.truncate(MAX_RANGES);
            (exact, DROP, KEEP)
        }
    };
    let mut program = Vec::with_capacity(2 + 3 * ranges.len());
    if ipv4 {
        // An IPv4 raw socket sees the IP header; the transport header is behind its 4 × IHL octets.
        program.push(statement(LOAD_HEADER_LENGTH, 0));
        program.push(statement(LOAD_HALF_INDIRECT, 2));
    } else {
        program.push(statement(LOAD_HALF, 2));
    }
    for &(first, last) in &ranges {
        if first == last {
            program.push(jump(JUMP_EQUAL, u32::from(first), 0, 1));
        } else {
            program.push(jump(JUMP_NOT_LESS, u32::from(first), 0, 2));
            program.push(jump(JUMP_GREATER, u32::from(last), 1, 0));
        }
        program.push(statement(RETURN, inside));
    }
    program.push(statement(RETURN, outside));
    program
}

/// A filter for a packet socket that sees from the network header on: the first `keep` octets of SCTP packets whose
/// checksum field is zero, but not from `known` sources (as many of them as there is room for).
pub(crate) fn unfilled_checksum(keep: u32, known: &[IpAddr]) -> Vec<Instruction> {
    let sctp = u32::from(crate::sockets::SCTP);
    let mut v4 = vec![statement(LOAD_BYTE, 9), jump(JUMP_EQUAL, sctp, 1, 0), statement(RETURN, DROP)];
    let mut v6 = vec![statement(LOAD_BYTE, 6), jump(JUMP_EQUAL, sctp, 1, 0), statement(RETURN, DROP)];
    for ip in known.iter().take(MAX_KNOWN) {
        match ip {
            IpAddr::V4(ip) => {
                v4.push(statement(LOAD_WORD, 12));
                v4.push(jump(JUMP_EQUAL, ip.to_bits(), 0, 1));
                v4.push(statement(RETURN, DROP));
            }
            IpAddr::V6(ip) => {
                for (index, word) in (0_u8..).zip(ip.octets().chunks_exact(4)) {
                    let word = word.iter().fold(0, |word, octet| word << 8 | u32::from(*octet));
                    v6.push(statement(LOAD_WORD, 8 + 4 * u32::from(index)));
                    v6.push(jump(JUMP_EQUAL, word, 0, 7 - 2 * index));
                }
                v6.push(statement(RETURN, DROP));
            }
        }
    }
    // The transport header is behind 4 × IHL octets, or 40 if there are no extension headers.
    v4.push(statement(LOAD_HEADER_LENGTH, 0));
    v6.push(statement(LOAD_INDEX, 40));
    let zero =
        [statement(LOAD_WORD_INDIRECT, 8), jump(JUMP_EQUAL, 0, 0, 1), statement(RETURN, keep), statement(RETURN, DROP)];
    let mut program = vec![
        statement(LOAD_BYTE, 0),
        statement(SHIFT_RIGHT, 4),
        jump(JUMP_EQUAL, 4, 1, 0),
        statement(JUMP_ALWAYS, (v4.len() + zero.len()) as u32),
    ];
    program.extend(v4.into_iter().chain(zero).chain(v6).chain(zero));
    program
}

/// The ports as at most `most` ranges; where that is too few, the ranges with the smallest gaps are joined.
fn ranges(ports: &[u16], most: usize) -> Vec<(u16, u16)> {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut found: Vec<(u16, u16)> = Vec::new();
    for port in sorted {
        match found.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => found.push((port, port)),
        }
    }
    if found.len() <= most {
        return found;
    }
    let mut gaps: Vec<(u16, usize)> =
        found.windows(2).enumerate().map(|(index, pair)| (pair[1].0 - pair[0].1, index + 1)).collect();
    gaps.sort_unstable_by(|one, other| other.cmp(one));
    let mut cuts: Vec<usize> = gaps.iter().take(most.saturating_sub(1)).map(|&(_, index)| index).collect();
    cuts.push(0);
    cuts.push(found.len());
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| (found[cut[0]].0, found[cut[1] - 1].1)).collect()
}

const fn statement(code: u16, operand: u32) -> Instruction {
    Instruction { code, jump_true: 0, jump_false: 0, operand }
}

const fn jump(code: u16, operand: u32, jump_true: u8, jump_false: u8) -> Instruction {
    Instruction { code, jump_true, jump_false, operand }
}

/// Enough that the common case is exact, few enough that a packet for another process is cheap to refuse.
const MAX_RANGES: usize = 64;
/// At most nine instructions each, of the 4,096 that a filter may have.
const MAX_KNOWN: usize = 128;
const KEEP: u32 = u32::MAX;
const DROP: u32 = 0;

const LOAD_BYTE: u16 = 0x30;
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_HALF_INDIRECT: u16 = 0x48;
const LOAD_WORD_INDIRECT: u16 = 0x40;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const LOAD_INDEX: u16 = 0x01;
const SHIFT_RIGHT: u16 = 0x74;
const JUMP_ALWAYS: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_NOT_LESS: u16 = 0x35;
const RETURN: u16 = 0x06;

#[cfg(test)]
mod tests;
