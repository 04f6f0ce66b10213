/*
 * peer.c - the other end of an association on usrsctp, another userspace stack (Debian: libusrsctp-dev).
 *
 *   peer echo HOST PORT LOCAL_UDP REMOTE_UDP
 *       listens on HOST and PORT, sends every message back on its stream, and prints how each association ended
 *   peer client HOST PORT LOCAL_UDP REMOTE_UDP COUNT HOW
 *       sends COUNT messages of 1 octet to 64 KiB, checks what comes back, and ends by HOW: shutdown or abort
 *
 * LOCAL_UDP and REMOTE_UDP are the ports of UDP encapsulation; 0 and 0: raw IP. Over raw IP it needs root and, as
 * usrsctp answers every packet that it sees, a network namespace of its own.
 *
 *   cc -O2 peer.c -o peer -lusrsctp -lpthread
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <usrsctp.h>

#define LARGEST 65536
#define STREAMS 4

static struct sockaddr_storage address;
static socklen_t address_length;
static int remote_udp;
static long count;

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
no_output(const char *format, ...)
{
    (void)format;
}

/* The message with this number: the same octets whenever it is asked for. Returns its length. */
static size_t
make_message(unsigned char *buffer, long number)
{
    uint32_t x = (uint32_t)number * 2654435761u + 1;
    size_t length = number == 0 ? 1 : number == 1 ? LARGEST : 1 + (x >> 4) % (number % 8 ? 3000 : LARGEST);
    for (size_t i = 0; i < length; i++) {
        x = x * 1664525u + 1013904223u;
        buffer[i] = (unsigned char)(x >> 24);
    }
    return length;
}

static struct socket *
open_socket(void)
{
    struct socket *sock = usrsctp_socket(address.ss_family, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    struct sctp_initmsg init = {.sinit_num_ostreams = STREAMS, .sinit_max_instreams = 64};
    int on = 1;

    if (!sock)
        die("usrsctp_socket");
    if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) != 0)
        die("SCTP_INITMSG");
    if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on) != 0)
        die("SCTP_RECVRCVINFO");
    if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) != 0)
        die("SCTP_NODELAY");
    if (remote_udp) {
        struct sctp_udpencaps encapsulation;
        memset(&encapsulation, 0, sizeof encapsulation);
        encapsulation.sue_address.ss_family = address.ss_family;
        encapsulation.sue_port = htons((uint16_t)remote_udp);
        if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_REMOTE_UDP_ENCAPS_PORT, &encapsulation, sizeof encapsulation) != 0)
            die("SCTP_REMOTE_UDP_ENCAPS_PORT");
    }
    return sock;
}

/* Receives one whole message. Returns its length; 0 at the end of the association, -1 on its failure. */
static ssize_t
receive(struct socket *sock, unsigned char *buffer, struct sctp_rcvinfo *info)
{
    size_t length = 0;
    for (;;) {
        struct sockaddr_storage from;
        socklen_t from_length = sizeof from, info_length = sizeof *info;
        unsigned int kind = 0;
        int flags = 0;
        ssize_t n = usrsctp_recvv(sock, buffer + length, LARGEST + 1 - length, (struct sockaddr *)&from, &from_length,
                                  info, &info_length, &kind, &flags);
        if (n <= 0)
            return n;
        length += (size_t)n;
        if (flags & MSG_EOR)
            return (ssize_t)length;
        if (length > LARGEST) {
            fprintf(stderr, "a message of more than %d octets\n", LARGEST);
            exit(1);
        }
    }
}

static void
transmit(struct socket *sock, const unsigned char *buffer, size_t length, uint16_t stream, uint32_t ppid)
{
    struct sctp_sndinfo info;
    memset(&info, 0, sizeof info);
    info.snd_sid = stream;
    info.snd_ppid = ppid;
    if (usrsctp_sendv(sock, buffer, length, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0) < 0)
        die("usrsctp_sendv");
}

static void
serve(void)
{
    static unsigned char buffer[LARGEST + 1];
    struct socket *listener = open_socket();

    if (usrsctp_bind(listener, (struct sockaddr *)&address, address_length) != 0)
        die("usrsctp_bind");
    if (usrsctp_listen(listener, 5) != 0)
        die("usrsctp_listen");
    printf("listening\n");
    for (;;) {
        struct socket *sock = usrsctp_accept(listener, NULL, NULL);
        struct sctp_rcvinfo info;
        long echoed = 0;
        ssize_t n;
        if (!sock)
            die("usrsctp_accept");
        while ((n = receive(sock, buffer, &info)) > 0) {
            transmit(sock, buffer, (size_t)n, info.rcv_sid, info.rcv_ppid);
            echoed++;
        }
        printf("%ld messages, then %s\n", echoed, n == 0 ? "shutdown" : strerror(errno));
        usrsctp_close(sock);
    }
}

static void *
send_all(void *argument)
{
    static unsigned char buffer[LARGEST];
    for (long i = 0; i < count; i++) {
        size_t length = make_message(buffer, i);
        transmit(argument, buffer, length, (uint16_t)(i % STREAMS), htonl((uint32_t)i));
    }
    return NULL;
}

static void
be_client(const char *how)
{
    static unsigned char buffer[LARGEST + 1], expected[LARGEST];
    struct socket *sock = open_socket();
    uint32_t next[STREAMS];
    pthread_t sender;

    for (uint32_t i = 0; i < STREAMS; i++)
        next[i] = i;
    if (usrsctp_connect(sock, (struct sockaddr *)&address, address_length) != 0)
        die("usrsctp_connect");
    if (pthread_create(&sender, NULL, send_all, sock) != 0)
        die("pthread_create");
    for (long i = 0; i < count; i++) {
        struct sctp_rcvinfo info;
        memset(&info, 0, sizeof info);
        ssize_t n = receive(sock, buffer, &info);
        uint32_t number = ntohl(info.rcv_ppid);
        if (n <= 0) {
            fprintf(stderr, "ended after %ld messages: %s\n", i, n == 0 ? "shutdown" : strerror(errno));
            exit(1);
        }
        if (info.rcv_sid >= STREAMS || number != next[info.rcv_sid] ||
            make_message(expected, number) != (size_t)n || memcmp(expected, buffer, (size_t)n) != 0) {
            fprintf(stderr, "message %u on stream %u (%zd octets) is out of order or changed\n", number, info.rcv_sid, n);
            exit(1);
        }
        next[info.rcv_sid] += STREAMS;
    }
    pthread_join(sender, NULL);
    if (strcmp(how, "abort") == 0) {
        struct linger linger = {.l_onoff = 1};
        if (usrsctp_setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0)
            die("SO_LINGER");
    } else {
        struct sctp_rcvinfo info;
        if (usrsctp_shutdown(sock, SHUT_WR) != 0)
            die("usrsctp_shutdown");
        if (receive(sock, buffer, &info) != 0) {
            fprintf(stderr, "no orderly end: %s\n", strerror(errno));
            exit(1);
        }
    }
    usrsctp_close(sock);
    printf("%ld messages came back unchanged, then %s\n", count, how);
    for (int i = 0; i < 100 && usrsctp_finish() != 0; i++)
        usleep(20000);
}

int
main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;

    if (argc < 6 || (strcmp(argv[1], "client") == 0) != (argc == 8) || getaddrinfo(argv[2], argv[3], &hints, &found) != 0) {
        fprintf(stderr, "usage: see the head of peer.c\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    memcpy(&address, found->ai_addr, found->ai_addrlen);
    address_length = found->ai_addrlen;
    freeaddrinfo(found);
    remote_udp = atoi(argv[5]);
    usrsctp_init((uint16_t)atoi(argv[4]), NULL, no_output);
    if (strcmp(argv[1], "echo") == 0) {
        serve();
    } else {
        count = atol(argv[6]);
        be_client(argv[7]);
    }
    return 0;
}
