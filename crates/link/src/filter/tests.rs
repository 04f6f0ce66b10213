use super::*;

/// Runs a program as the kernel would; out of bounds ends it with 0.
fn run(program: &[Instruction], packet: &[u8]) -> u32 {
    let (mut accumulator, mut index, mut at) = (0_u32, 0_u32, 0_usize);
    let load = |offset: u32, size: usize| {
        let octets = packet.get(offset as usize..offset as usize + size)?;
        Some(octets.iter().fold(0_u32, |value, octet| value << 8 | u32::from(*octet)))
    };
    loop {
        let step = program[at];
        at += 1;
        let loaded = match step.code {
            LOAD_BYTE => load(step.operand, 1),
            LOAD_WORD => load(step.operand, 4),
            LOAD_HALF => load(step.operand, 2),
            LOAD_HALF_INDIRECT => load(index + step.operand, 2),
            LOAD_WORD_INDIRECT => load(index + step.operand, 4),
            _ => Some(accumulator),
        };
        let Some(loaded) = loaded else { return 0 };
        accumulator = loaded;
        let holds = match step.code {
            JUMP_EQUAL => accumulator == step.operand,
            JUMP_GREATER => accumulator > step.operand,
            JUMP_NOT_LESS => accumulator >= step.operand,
            JUMP_ALWAYS => {
                at += step.operand as usize;
                continue;
            }
            LOAD_HEADER_LENGTH => {
                index = load(step.operand, 1).map_or(0, |octet| 4 * (octet & 15));
                continue;
            }
            LOAD_INDEX => {
                index = step.operand;
                continue;
            }
            SHIFT_RIGHT => {
                accumulator >>= step.operand;
                continue;
            }
            RETURN => return step.operand,
            _ => continue,
        };
        at += usize::from(if holds { step.jump_true } else { step.jump_false });
    }
}

fn v4(port: u16, options: usize) -> Vec<u8> {
    let mut packet = vec![0; 20 + 4 * options];
    packet[0] = 0x45 + options as u8;
    packet[9] = 132;
    packet.extend(1_u16.to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend([0; 8]);
    packet
}

fn passes(rule: &PortRule, port: u16) -> bool {
    let passed = run(&ports(rule, true), &v4(port, 0)) != 0;
    assert_eq!(passed, run(&ports(rule, true), &v4(port, 3)) != 0, "with IP options");
    assert_eq!(passed, run(&ports(rule, false), &v4(port, 0)[20..]) != 0, "over IPv6");
    passed
}

#[test]
fn only_the_ports_named_pass() {
    let rule = PortRule::Only(vec![7, 5000, 5001, 5002, 65535]);
    for port in [7, 5000, 5001, 5002, 65535] {
        assert!(passes(&rule, port), "{port}");
    }
    for port in [0, 6, 8, 4999, 5003, 65534] {
        assert!(!passes(&rule, port), "{port}");
    }
    assert!(!passes(&PortRule::Only(Vec::new()), 5000));
}

#[test]
fn all_but_the_ports_named_pass() {
    let rule = PortRule::AllBut(vec![0, 5000, 5001]);
    for port in [0, 5000, 5001] {
        assert!(!passes(&rule, port), "{port}");
    }
    for port in [1, 4999, 5002, 65535] {
        assert!(passes(&rule, port), "{port}");
    }
    assert!(passes(&PortRule::AllBut(Vec::new()), 5000));
}

#[test]
fn too_many_ports_make_a_coarser_filter_that_never_loses_one() {
    let many: Vec<u16> = (0..1000).map(|index| index * 61).collect();
    let rule = PortRule::Only(many.clone());
    assert!(ports(&rule, true).len() <= 3 * MAX_RANGES + 3);
    assert!(many.iter().all(|&port| passes(&rule, port)));
    assert!(!passes(&rule, 65535));
    let rule = PortRule::AllBut(many);
    assert!((0..=u16::MAX).filter(|port| port % 61 != 0).all(|port| passes(&rule, port)));
}

#[test]
fn a_truncated_packet_is_dropped() {
    assert_eq!(run(&ports(&PortRule::AllBut(Vec::new()), true), &v4(1, 0)[..21]), 0);
}

#[test]
fn packets_with_an_unfilled_checksum_are_shown_to_the_learner() {
    let program = unfilled_checksum(64, &[]);
    let mut packet = v4(5000, 1);
    assert_eq!(run(&program, &packet), 64);
    packet[24 + 9] = 1;
    assert_eq!(run(&program, &packet), 0, "filled in");
    let mut other = v4(5000, 0);
    other[9] = 17;
    assert_eq!(run(&program, &other), 0, "not SCTP");
    let mut v6 = vec![0; 40 + 12];
    v6[0] = 0x60;
    v6[6] = 132;
    assert_eq!(run(&program, &v6), 64);
    v6[40 + 8] = 1;
    assert_eq!(run(&program, &v6), 0);
}

#[test]
fn sources_that_are_known_are_not_shown_again() {
    let known = ["10.0.0.1", "2001:db8::1", "10.0.0.2", "2001:db8::2"].map(|text| text.parse().expect("an address"));
    let program = unfilled_checksum(64, &known);
    let mut v4 = v4(5000, 0);
    let mut v6 = vec![0; 40 + 12];
    v6[0] = 0x60;
    v6[6] = 132;
    v6[8..12].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    for (last, shown) in [(1, 0), (2, 0), (3, 64)] {
        v4[12..16].copy_from_slice(&[10, 0, 0, last]);
        assert_eq!(run(&program, &v4), shown, "10.0.0.{last}");
        v6[23] = last;
        assert_eq!(run(&program, &v6), shown, "2001:db8::{last}");
    }
}
