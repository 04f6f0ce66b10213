//! C programs of ours under the shared object: the border in each state, over both links and both families.

mod object;
mod world;

use world::{Link, World, compile};

/// A program that tests by itself, everywhere.
fn passes_everywhere(name: &str) {
    let program = compile(&format!("crates/capi/tests/c/{name}.c"), &[]);
    for world in World::all() {
        world.with("PROGRAM", &program).script("run \"$PROGRAM\"");
    }
}

#[test]
fn messages_of_many_sizes_come_back_in_order() {
    passes_everywhere("stream_echo");
}

#[test]
fn one_to_many_sockets_tell_what_linux_tells() {
    passes_everywhere("seqpacket_echo");
}

#[test]
fn descriptors_poll_as_a_kernels_do() {
    passes_everywhere("readiness");
}

#[test]
fn descriptors_are_duplicated_and_closed_as_a_kernels_are() {
    passes_everywhere("descriptors");
}

#[test]
fn children_leave_the_parents_sockets_alone() {
    passes_everywhere("children");
}

#[test]
fn signals_and_time_limits_end_waiting_calls() {
    passes_everywhere("signals");
}

#[test]
fn a_thread_that_leaves_a_waiting_call_leaves_nothing_behind() {
    passes_everywhere("leaving");
}

#[test]
fn bad_pointers_lengths_and_options_get_the_kernels_errno() {
    passes_everywhere("bad_input");
}

#[test]
fn a_socket_that_finds_no_descriptor_left_is_emfile() {
    passes_everywhere("scarce");
}

#[test]
fn a_program_may_take_over_the_same_names() {
    let program = compile("crates/capi/tests/c/own_names.c", &["-rdynamic", "-ldl"]);
    for world in World::all() {
        world.with("PROGRAM", &program).script("run \"$PROGRAM\"");
    }
}

#[test]
fn the_functions_of_libsctp_work() {
    passes_everywhere("functions");
}

#[test]
fn what_a_program_gives_up_after_its_first_socket_does_no_harm() {
    if !world::is_root() {
        eprintln!("skipped: chroot needs root");
        return;
    }
    passes_everywhere("confined");
}

#[test]
fn two_processes_talk() {
    let program = compile("crates/capi/tests/c/stream_echo.c", &[]);
    for world in World::all() {
        world.with("PROGRAM", &program).script(
            "run \"$PROGRAM\" server > ready & server=$!
             waits grep -q listening ready
             run \"$PROGRAM\" client && wait $server",
        );
    }
}

#[test]
fn what_is_queued_arrives_although_its_process_has_ended() {
    let program = compile("crates/capi/tests/c/children.c", &[]);
    for world in World::both_links() {
        for (end, status) in [("exit 5", 5), ("_exit 6", 6), ("exec", 7)] {
            world.clone().with("PROGRAM", &program).with("END", end).with("STATUS", status.to_string()).script(
                "run \"$PROGRAM\" take > ready & taker=$!
                 waits grep -q listening ready
                 run \"$PROGRAM\" $END
                 [ $? = $STATUS ] && wait $taker",
            );
        }
    }
}

#[test]
fn the_port_of_a_killed_process_is_free_at_once() {
    let program = compile("crates/capi/tests/c/children.c", &[]);
    for world in World::both_links() {
        world.with("PROGRAM", &program).script("run \"$PROGRAM\" abandon; run \"$PROGRAM\" bind");
    }
}

#[test]
fn the_end_of_a_process_waits_no_longer_than_it_may() {
    let program = compile("crates/capi/tests/c/children.c", &[]);
    let Some(world) = World::new(Link::Udp, "127.0.3.1") else { return };
    // The peer is stopped in the middle: what is queued can never leave.
    let world = world.with("PROGRAM", &program).with("USCTP_EXIT_TIMEOUT", "0.5");
    world.script(
        "run \"$PROGRAM\" take > ready & taker=$!
         waits grep -q listening ready
         (sleep 0.1; kill -STOP $taker) &
         begun=$(date +%s%N)
         run \"$PROGRAM\" exit 5
         [ $? = 5 ] || exit 1
         took=$(( ($(date +%s%N) - begun) / 1000000 ))
         kill -KILL $taker
         [ $took -lt 5000 ]",
    );
}

#[test]
fn a_bad_variable_is_one_line_and_einval() {
    let program = compile("crates/capi/tests/c/stream_echo.c", &[]);
    let Some(world) = World::new(Link::Udp, "127.0.3.1") else { return };
    let said = world.with("PROGRAM", &program).script("USCTP_UDP_PORT=x run \"$PROGRAM\" 2> said; cat said");
    assert!(said.contains("usctp: USCTP_UDP_PORT=x: allowed are port numbers, 1 to 65535\n"), "{said}");
    assert!(said.contains("errno 22"), "{said}");
}

#[test]
fn a_program_without_sctp_notices_nothing() {
    let Some(world) = World::new(Link::Udp, "127.0.3.1") else { return };
    let seen = world.script(
        "run sh -c 'grep Threads /proc/self/status; ls /proc/self/fd | wc -l; echo hello | cat'
         sh -c 'grep Threads /proc/self/status; ls /proc/self/fd | wc -l; echo hello | cat'",
    );
    let lines: Vec<_> = seen.lines().collect();
    assert_eq!(lines.len(), 6, "{seen}");
    assert_eq!(lines[..3], lines[3..], "{seen}");
}

#[test]
fn a_program_linked_with_our_object_needs_no_preload() {
    let program = compile("crates/capi/tests/c/functions.c", &[]);
    let Some(world) = World::new(Link::Udp, "127.0.3.1") else { return };
    // Found by its soname, as the distribution's library is.
    world
        .with("PROGRAM", &program)
        .script("mkdir -p linked && ln -sf \"$OBJECT\" linked/libsctp.so.1 && LD_LIBRARY_PATH=linked \"$PROGRAM\"");
}
