/*
 * echo_client.c - a client for the echo servers of this folder.
 *
 *   echo_client [options] HOST PORT
 *     -n COUNT   send COUNT messages (default 1000) of pseudo-random sizes and check each one that comes back
 *     -s SIZE    the largest message (default 65536); with -f the size of every message but the last
 *     -f FILE    send FILE instead ...
 *     -o OUT     ... and write what comes back to OUT
 *     -S COUNT   streams to ask for and to use in turn (default 1)
 *     -m         a one-to-many socket: the association comes with the first message (default: one-to-one)
 *     -e HOW     end with "shutdown" (default), "abort", or "wait": leave the end to the peer
 *     -v         print how the transfer went on, once a second
 *
 * Every message must come back whole, unchanged, with its own payload protocol identifier, and in the order of its
 * stream. Sending and receiving go on at once, on one non-blocking socket, as poll() allows. Exits with 0 if all came
 * back; prints one line that says how much, how fast, and the longest time that nothing arrived.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LARGEST (1 << 20)
#define MAX_STREAMS 64

static struct {
    long count;
    size_t size;
    const char *file, *out, *end;
    int streams, one_to_many, verbose;
} options = {.count = 1000, .size = 65536, .end = "shutdown", .streams = 1};

static struct sockaddr_storage peer;
static socklen_t peer_length;
static FILE *input, *output;
static long input_size, sent, received;
static uint64_t sent_bytes, received_bytes;
static uint32_t next_back[MAX_STREAMS]; /* number of the next message that each stream must bring */
static char outgoing[LARGEST], incoming[LARGEST], expected[LARGEST];
static size_t outgoing_length, incoming_length;

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* The message with this number: the same octets whenever it is asked for. Returns its length. */
static size_t
make_message(char *buffer, long number)
{
    if (options.file) {
        size_t n;
        if (fseek(input, number * (long)options.size, SEEK_SET) != 0)
            die(options.file);
        n = fread(buffer, 1, options.size, input);
        if (ferror(input))
            die(options.file);
        return n;
    }
    uint64_t x = (uint64_t)number * 0x9e3779b97f4a7c15u + 1;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 32;
    /* The smallest and the largest come first; small ones are more frequent than a uniform choice would make them. */
    size_t length = number == 0 ? 1 : number == 1 ? options.size : 1 + (x >> 8) % (x % 4 ? 1 + options.size / 16 : options.size);
    for (size_t i = 0; i < length; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        buffer[i] = (char)(x >> 56);
    }
    return length;
}

static int
open_socket(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    struct sctp_initmsg init = {.sinit_num_ostreams = (uint16_t)options.streams, .sinit_max_instreams = MAX_STREAMS};
    struct sctp_event_subscribe events;
    int fd, error;

    if ((error = getaddrinfo(host, port, &hints, &found)) != 0) {
        fprintf(stderr, "%s port %s: %s\n", host, port, gai_strerror(error));
        exit(1);
    }
    memcpy(&peer, found->ai_addr, found->ai_addrlen);
    peer_length = found->ai_addrlen;
    freeaddrinfo(found);

    fd = socket(peer.ss_family, options.one_to_many ? SOCK_SEQPACKET : SOCK_STREAM, IPPROTO_SCTP);
    if (fd < 0)
        die("socket");
    if (setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) != 0)
        die("SCTP_INITMSG");
    memset(&events, 0, sizeof events);
    events.sctp_data_io_event = 1;
    events.sctp_association_event = 1; /* its end is told in every case, also after our own shutdown() */
    if (setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof events) != 0)
        die("SCTP_EVENTS");
    if (!options.one_to_many && connect(fd, (struct sockaddr *)&peer, peer_length) != 0)
        die("connect");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        die("O_NONBLOCK");
    return fd;
}

/* Sends what the socket takes. */
static void
send_some(int fd)
{
    while (sent < options.count) {
        uint16_t stream = (uint16_t)(sent % options.streams);
        if (outgoing_length == 0)
            outgoing_length = make_message(outgoing, sent);
        if (sctp_sendmsg(fd, outgoing, outgoing_length, options.one_to_many ? (struct sockaddr *)&peer : NULL,
                         options.one_to_many ? peer_length : 0, htonl((uint32_t)sent), 0, stream, 0, 0) < 0) {
            if (errno == EAGAIN)
                return;
            die("sctp_sendmsg");
        }
        sent_bytes += outgoing_length;
        outgoing_length = 0;
        sent++;
    }
}

/* Checks one whole message. */
static void
take_message(const struct sctp_sndrcvinfo *info)
{
    uint32_t number = ntohl(info->sinfo_ppid);
    uint16_t stream = info->sinfo_stream;

    if (stream >= options.streams || number != next_back[stream]) {
        fprintf(stderr, "message %u came back on stream %u, expected was %u\n", number, stream,
                stream < options.streams ? next_back[stream] : 0);
        exit(1);
    }
    next_back[stream] += (uint32_t)options.streams;
    if (make_message(expected, number) != incoming_length || memcmp(expected, incoming, incoming_length) != 0) {
        fprintf(stderr, "message %u came back changed (%zu octets)\n", number, incoming_length);
        exit(1);
    }
    if (output && (fseek(output, number * (long)options.size, SEEK_SET) != 0 ||
                   fwrite(incoming, 1, incoming_length, output) != incoming_length))
        die(options.out);
    received++;
    received_bytes += incoming_length;
    incoming_length = 0;
}

/* Receives what is there. Returns 0 at the end of the association. */
static int
receive_some(int fd)
{
    for (;;) {
        struct sctp_sndrcvinfo info;
        int flags = 0;
        memset(&info, 0, sizeof info);
        int n = sctp_recvmsg(fd, incoming + incoming_length, sizeof incoming - incoming_length, NULL, NULL, &info, &flags);
        if (n < 0 && errno == EAGAIN)
            return 1;
        if (n < 0)
            die("sctp_recvmsg");
        if (flags & MSG_NOTIFICATION) {
            const union sctp_notification *event = (const void *)incoming;
            if (event->sn_header.sn_type == SCTP_ASSOC_CHANGE && event->sn_assoc_change.sac_state != SCTP_COMM_UP)
                return 0;
            continue;
        }
        if (n == 0)
            return 0;
        incoming_length += (size_t)n;
        if (flags & MSG_EOR)
            take_message(&info);
    }
}

/* Ends the association and waits for what the peer says to that. */
static void
end(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    if (strcmp(options.end, "abort") == 0) {
        if (options.one_to_many) {
            if (sctp_sendmsg(fd, NULL, 0, (struct sockaddr *)&peer, peer_length, 0, SCTP_ABORT, 0, 0, 0) < 0)
                die("SCTP_ABORT");
        } else {
            struct linger linger = {.l_onoff = 1};
            if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0)
                die("SO_LINGER");
        }
        close(fd);
        return;
    }
    if (strcmp(options.end, "shutdown") == 0) {
        if (options.one_to_many) {
            if (sctp_sendmsg(fd, NULL, 0, (struct sockaddr *)&peer, peer_length, 0, SCTP_EOF, 0, 0, 0) < 0)
                die("SCTP_EOF");
        } else if (shutdown(fd, SHUT_WR) != 0) {
            die("shutdown");
        }
    }
    while (receive_some(fd)) {
        int ready = poll(&wait, 1, 10000);
        if (ready == 0) {
            fprintf(stderr, "no end of the association within 10 s\n");
            exit(1);
        }
        if (ready < 0)
            die("poll");
    }
    close(fd);
}

static void
parse(int argc, char **argv)
{
    int c;
    while ((c = getopt(argc, argv, "n:s:f:o:S:e:mv")) != -1) {
        switch (c) {
        case 'n': options.count = atol(optarg); break;
        case 's': options.size = (size_t)atol(optarg); break;
        case 'f': options.file = optarg; break;
        case 'o': options.out = optarg; break;
        case 'S': options.streams = atoi(optarg); break;
        case 'e': options.end = optarg; break;
        case 'm': options.one_to_many = 1; break;
        case 'v': options.verbose = 1; break;
        default: exit(2);
        }
    }
    if (argc - optind != 2 || options.size < 1 || options.size > LARGEST || options.streams < 1 ||
        options.streams > MAX_STREAMS) {
        fprintf(stderr, "usage: echo_client [options] HOST PORT (see the head of echo_client.c)\n");
        exit(2);
    }
    if (!options.file)
        return;
    if (!(input = fopen(options.file, "rb")) || fseek(input, 0, SEEK_END) != 0 || (input_size = ftell(input)) < 0)
        die(options.file);
    options.count = (input_size + (long)options.size - 1) / (long)options.size;
    if (options.out && !(output = fopen(options.out, "wb")))
        die(options.out);
}

int
main(int argc, char **argv)
{
    struct pollfd wait = {0};
    double begun, last, told, longest = 0;

    parse(argc, argv);
    for (int i = 0; i < options.streams; i++)
        next_back[i] = (uint32_t)i;
    begun = told = now();
    wait.fd = open_socket(argv[optind], argv[optind + 1]);
    last = now();
    while (received < options.count) {
        long before = received;
        wait.events = (short)(POLLIN | (sent < options.count ? POLLOUT : 0));
        int ready = poll(&wait, 1, 60000);
        if (ready < 0)
            die("poll");
        if (ready == 0) {
            fprintf(stderr, "nothing for 60 s: %ld sent, %ld back\n", sent, received);
            return 1;
        }
        if (wait.revents & POLLOUT)
            send_some(wait.fd);
        if (wait.revents & (POLLIN | POLLERR | POLLHUP) && !receive_some(wait.fd)) {
            fprintf(stderr, "the association ended: %ld sent, %ld back\n", sent, received);
            return 1;
        }
        double t = now();
        if (received != before) {
            longest = t - last > longest ? t - last : longest;
            last = t;
        }
        if (options.verbose && t - told >= 1) {
            told = t;
            printf("  %.0f s: %.1f MiB sent, %.1f MiB back\n", t - begun, sent_bytes / 1048576.0, received_bytes / 1048576.0);
            fflush(stdout);
        }
    }
    double took = now() - begun;
    if (output && fclose(output) != 0)
        die(options.out);
    end(wait.fd);
    printf("%ld messages, %llu octets, all back unchanged and in order, in %.2f s (%.1f MB/s each way), longest pause %.3f s\n",
           received, (unsigned long long)received_bytes, took, received_bytes / took / 1e6, longest);
    return 0;
}
