//! Replays the corpus of the fuzz target `association`, and changes it at random.
#![allow(clippy::disallowed_methods, reason = "the corpus lies in files")]

use std::{fs, path::PathBuf};

use usctp_netsim::{Rng, Seed};
use usctp_proto::fuzz_association;

fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/association");
    let mut inputs: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_script_of_the_corpus_leaves_the_association_whole() {
    let inputs = corpus();
    assert!(inputs.len() > 20, "the scripts are there");
    for (name, octets) in inputs {
        println!("{name}");
        fuzz_association(&octets);
    }
}

#[test]
fn changed_scripts_leave_the_association_whole() {
    let inputs = corpus();
    let rounds = std::env::var("FUZZ_ROUNDS").map_or(500, |rounds| rounds.parse().expect("a number"));
    for round in 0..rounds {
        let mut rng = Rng::new(Seed(round));
        let mut script = Vec::new();
        for _ in 0..rng.between(1..5) {
            script.extend_from_slice(&rng.choose(&inputs).1);
        }
        for _ in 0..rng.between(0..10) {
            let at = rng.below(script.len());
            match rng.below(3) {
                0 => script[at] = rng.number() as u8,
                1 => script[at] ^= 1 << rng.below(8),
                _ => {
                    script.remove(at);
                }
            }
            if script.is_empty() {
                break;
            }
        }
        println!("round {round}: {script:02x?}");
        fuzz_association(&script);
    }
}
