//! [`Relay`]: a UDP relay between two stacks that loses, doubles, reorders and delays packets.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;

/// What happens to packets, in each direction alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairment {
    /// Of a thousand packets, so many are lost.
    pub(crate) lost_per_mille: u64,
    /// Of a thousand packets, so many come twice.
    pub(crate) doubled_per_mille: u64,
    /// Of a thousand packets, so many are held back until later ones have passed.
    pub(crate) reordered_per_mille: u64,
    /// How long a packet takes.
    pub(crate) delay: Duration,
}

/// A running relay for one client. It stops when the value goes.
pub(crate) struct Relay {
    stop: Arc<AtomicBool>,
    counters: Arc<Counters>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counters {
    passed: AtomicU64,
    lost: AtomicU64,
}

/// A packet on its way, and whether it came from the client.
type Arrival = (bool, Vec<u8>);

impl Relay {
    /// Relays what comes to `listen` on to `server`, and answers back to the client that sent last. Both addresses are
    /// in the namespace; the same `seed` makes the same decisions.
    pub(crate) fn start(
        namespace: &Namespace,
        listen: SocketAddr,
        server: SocketAddr,
        impairment: Impairment,
        seed: u64,
    ) -> Result<Self, String> {
        let sockets = std::thread::scope(|scope| {
            // A socket stays in the namespace that its thread was in when it was made.
            let open = || -> Result<_, String> {
                namespace.enter()?;
                let bind =
                    |address: SocketAddr| UdpSocket::bind(address).map_err(|error| format!("{address}: {error}"));
                let far = bind(SocketAddr::new(server.ip(), 0))?;
                far.connect(server).map_err(|error| error.to_string())?;
                Ok((bind(listen)?, far))
            };
            scope.spawn(open).join().expect("the thread ends")
        })?;
        let (near, far) = (Arc::new(sockets.0), Arc::new(sockets.1));
        for socket in [&near, &far] {
            socket.set_read_timeout(Some(Duration::from_millis(50))).map_err(|error| error.to_string())?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(Counters::default());
        let client = Arc::new(std::sync::Mutex::new(None));
        let (sender, receiver) = channel();
        let mut threads = Vec::new();
        for from_client in [true, false] {
            let socket = Arc::clone(if from_client { &near } else { &far });
            let (stop, client, sender) = (Arc::clone(&stop), Arc::clone(&client), sender.clone());
            threads.push(std::thread::spawn(move || take(&socket, from_client, &client, &sender, &stop)));
        }
        drop(sender);
        let numbers = Arc::clone(&counters);
        threads.push(std::thread::spawn(move || {
            let mut deliver = |from_client: bool, packet: &[u8]| {
                // A full buffer or an unreachable end is loss, as on any network.
                let _ = if from_client {
                    far.send(packet)
                } else {
                    let to = *client.lock().expect("no thread panics with the lock");
                    to.map_or(Ok(0), |to: SocketAddr| near.send_to(packet, to))
                };
            };
            Schedule::new(impairment, seed, &numbers).run(&receiver, &mut deliver);
        }));
        Ok(Self { stop, counters, threads })
    }

    /// How many packets passed and how many were lost so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counters.passed.load(Ordering::Relaxed), self.counters.lost.load(Ordering::Relaxed))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn take(
    socket: &UdpSocket,
    from_client: bool,
    client: &std::sync::Mutex<Option<SocketAddr>>,
    sender: &Sender<Arrival>,
    stop: &AtomicBool,
) {
    let mut buffer = vec![0; 65_536];
    while !stop.load(Ordering::Relaxed) {
        // Time-outs and ICMP errors of the other side come up here; neither ends the relay.
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        if from_client {
            *client.lock().expect("no thread panics with the lock") = Some(from);
        }
        if sender.send((from_client, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

/// Packets that wait for their time.
struct Schedule<'a> {
    impairment: Impairment,
    state: u64,
    waiting: BTreeMap<(Instant, u64), Arrival>,
    next: u64,
    counters: &'a Counters,
}

impl<'a> Schedule<'a> {
    fn new(impairment: Impairment, seed: u64, counters: &'a Counters) -> Self {
        Self { impairment, state: seed | 1, waiting: BTreeMap::new(), next: 0, counters }
    }

    /// Delivers until all senders are gone.
    fn run(mut self, receiver: &Receiver<Arrival>, deliver: &mut dyn FnMut(bool, &[u8])) {
        loop {
            let now = Instant::now();
            while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
                let (from_client, packet) = entry.remove();
                deliver(from_client, &packet);
            }
            let wait = self.waiting.keys().next().map_or(Duration::from_millis(50), |(due, _)| *due - now);
            match receiver.recv_timeout(wait) {
                Ok(arrival) => self.admit(arrival),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn admit(&mut self, arrival: Arrival) {
        if self.happens(self.impairment.lost_per_mille) {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.counters.passed.fetch_add(1, Ordering::Relaxed);
        let late = if self.happens(self.impairment.reordered_per_mille) { 5 } else { 0 };
        let due = Instant::now() + self.impairment.delay + Duration::from_millis(late);
        if self.happens(self.impairment.doubled_per_mille) {
            self.put(due + Duration::from_millis(1), arrival.clone());
        }
        self.put(due, arrival);
    }

    fn put(&mut self, due: Instant, arrival: Arrival) {
        self.next += 1;
        self.waiting.insert((due, self.next), arrival);
    }

    fn happens(&mut self, per_mille: u64) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % 1000 < per_mille
    }
}
