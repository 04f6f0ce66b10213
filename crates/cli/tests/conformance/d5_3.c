/* Sections 5.3 and 5.4 of the draft: notifications, and how ancillary data is laid out. */
#include <stddef.h>

#include "conform.h"

/* Octets of a notification in front of what varies. */
enum { CHANGE_LEN = 20, REMOTE_ERROR_LEN = 16, SEND_FAILED_LEN = 48 };

static void rule(const char *what)
{
	char command[200];

	snprintf(command, sizeof(command), "iptables %s INPUT -d 127.0.0.2 -j DROP 2>/dev/null", what);
	if (system(command) != 0 && what[1] == 'A')
		case_failed("iptables is needed");
}

/* A server at 127.0.0.1 and 127.0.0.2, a client at 127.0.0.3 that finds out soon that a path is dead. */
static struct many two_homed(void)
{
	struct many m = { .server = many_style(), .client = many_style() };
	struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) }, near = v4(3, port(7));
	struct sctp_rtoinfo soon = { .srto_initial = 100, .srto_max = 200, .srto_min = 100 };
	struct sctp_paddrparams path = { .spp_flags = SPP_HB_ENABLE, .spp_hbinterval = 100, .spp_pathmaxrxt = 1 };

	OK(sctp_bindx(m.server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
	OK(bind(m.client, SA(near)));
	OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_RTOINFO, &soon, sizeof(soon)));
	path.spp_address.ss_family = AF_INET;
	OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path)));
	struct sctp_paddrthlds never = { .spt_pathmaxrxt = 1, .spt_pathpfthld = 0xffff };
	never.spt_address.ss_family = AF_INET;
	OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_PEER_ADDR_THLDS, &never, sizeof(never)));
	OK(listen(m.server, 1));
	subscribe_to(m.client, SCTP_ASSOC_CHANGE, 1);
	subscribe_to(m.client, SCTP_PEER_ADDR_CHANGE, 1);
	OK(connect(m.client, SA(list[0])));
	m.at_client = CHANGE(m.client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
	return m;
}

static struct sctp_paddr_change *path_change(int fd, int state)
{
	struct sctp_paddr_change *change = &EVENT(fd, SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change;

	EQ(state, change->spc_state);
	return change;
}

/* A process that has an association with port(8) from port(7), until it is killed. */
static pid_t short_life(int streams)
{
	int ready[2];

	OK(pipe(ready));
	pid_t child = OK(fork());
	if (child == 0) {
		struct sctp_initmsg init = { .sinit_num_ostreams = (uint16_t)streams, .sinit_max_instreams = (uint16_t)streams };
		int fd = bound(SOCK_STREAM, 7);

		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)));
		OK(connect_to(fd, 8));
		EQ(1, write(ready[1], "x", 1));
		pause();
		_exit(0);
	}
	EQ(1, read(ready[0], (char[1]){ 0 }, 1));
	return child;
}

static void end_suddenly(pid_t child)
{
	OK(kill(child, SIGKILL));
	OK(waitpid(child, NULL, 0));
}

/* The client has more queued than the server takes; the number of messages, whose contexts count from 1. */
static int stuffed(struct many *m, size_t size)
{
	struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m->at_client, .sinfo_stream = 2, .sinfo_ppid = 77 };
	struct outgoing out = { .data = pattern(size), .len = size, .sndrcv = &info, .flags = MSG_DONTWAIT };
	int tries = 0;

	for (info.sinfo_context = 1; tries < 20;) {
		if (send_out(m->client, &out) == (ssize_t)size) {
			info.sinfo_context++;
			tries = 0;
		} else {
			EQ(EAGAIN, errno);
			usleep(20000);
			tries++;
		}
	}
	return (int)info.sinfo_context - 1;
}

static struct many small_server(void)
{
	struct many m = { .server = bound(SOCK_SEQPACKET, 8) };

	set_int(m.server, SOL_SOCKET, SO_RCVBUF, 5000);
	OK(listen(m.server, 5));
	subscribe(m.server);
	m.client = more_client(&m, &m.at_server, &m.at_client);
	/* Of the two forms of a failure only the draft's. */
	struct sctp_event newer = { .se_assoc_id = m.at_client, .se_type = SCTP_SEND_FAILED_EVENT };
	OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_EVENT, &newer, sizeof(newer)));
	return m;
}

/* SCTP_SNDRCV with what is received: SCTP_EVENT would set it for the association alone, where Linux does not look. */
static void data_io(int fd)
{
	struct sctp_event_subscribe events = { .sctp_data_io_event = 1 };

	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
}

static void layouts(void)
{
	CASE("D5.3.1-1", "the union and the header of all notifications") {
		EQ(148, sizeof(union sctp_notification));
		union sctp_notification event;
		EQ(0, offsetof(union sctp_notification, sn_header.sn_type));
		EQ(2, offsetof(union sctp_notification, sn_header.sn_flags));
		EQ(4, offsetof(union sctp_notification, sn_header.sn_length));
		EQ(2, sizeof(event.sn_header.sn_type));
		EQ(2, sizeof(event.sn_header.sn_flags));
		EQ(4, sizeof(event.sn_header.sn_length));
	}
	CASE("D5.3.1-2 D5.3.1-3 D5.3.1-4", "members and types, in both spellings, above 2^15") {
		EQ(20, sizeof(((union sctp_notification *)0)->sn_assoc_change));
		EQ(148, sizeof(((union sctp_notification *)0)->sn_paddr_change));
		EQ(16, sizeof(((union sctp_notification *)0)->sn_remote_error));
		EQ(48, sizeof(((union sctp_notification *)0)->sn_send_failed));
		EQ(12, sizeof(((union sctp_notification *)0)->sn_shutdown_event));
		EQ(16, sizeof(((union sctp_notification *)0)->sn_adaptation_event));
		EQ(24, sizeof(((union sctp_notification *)0)->sn_pdapi_event));
#ifdef SCTP_ADAPTION_INDICATION
		EQ(SCTP_ADAPTATION_INDICATION, SCTP_ADAPTION_INDICATION);
#endif
		EQ(0x8001, SCTP_ASSOC_CHANGE);
		EQ(0x8002, SCTP_PEER_ADDR_CHANGE);
		EQ(0x8003, SCTP_SEND_FAILED);
		EQ(0x8004, SCTP_REMOTE_ERROR);
		EQ(0x8005, SCTP_SHUTDOWN_EVENT);
		EQ(0x8006, SCTP_PARTIAL_DELIVERY_EVENT);
		EQ(0x8007, SCTP_ADAPTATION_INDICATION);
	}
	CASE("D5.3.1.2-10", "state and error of an address are signed") {
		struct sctp_paddr_change change;
		change.spc_state = -1;
		change.spc_error = -1;
		EXPECT(change.spc_state < 0 && change.spc_error < 0);
		EQ(4, sizeof(change.spc_state));
		EQ(4, sizeof(change.spc_error));
	}
	CASE("D5.3.1.1-9", "the error of an association's change is unsigned") {
		struct sctp_assoc_change change;
		change.sac_error = (__typeof__(change.sac_error))-1;
		EQ(65535, change.sac_error);
	}
}

static void reading(void)
{
	CASE("D5.1-4 D5.1-5 D5.1-6 D5.3-1 D5.3-3", "one notification a call, marked and complete; data is not marked") {
		struct many m = many_pair();

		EQ(0x8000, MSG_NOTIFICATION);
		EQ(4, send_text(m.client, m.at_client, "data", 0, 0));
		EQ(0, TEXT(m.server, "data")->flags & MSG_NOTIFICATION);
		OK(close(m.client));
		EXPECT(poll_within(m.server, POLLIN, 5000));
		usleep(200000);
		EQ(MSG_NOTIFICATION | MSG_EOR, EVENT(m.server, SCTP_SHUTDOWN_EVENT)->flags & (MSG_NOTIFICATION | MSG_EOR));
		EQ(MSG_NOTIFICATION | MSG_EOR,
		   CHANGE(m.server, SCTP_SHUTDOWN_COMP)->flags & (MSG_NOTIFICATION | MSG_EOR));
	}
	CASE("D5.3-4 D5.3-5 D5.3.1-6", "a notification is read in parts before anything later") {
		int server = listening(SOCK_SEQPACKET, 8), client = many_style();
		struct sockaddr_in to = v4(1, port(8));
		union sctp_notification event;
		size_t have = 0;

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		EQ(5, sendto(client, "later", 5, 0, SA(to)));
		EXPECT(poll_within(server, POLLIN, 5000));
		usleep(200000);
		for (;;) {
			struct message *got = receive_flags(server, 8, MSG_DONTWAIT);
			EXPECT(got->len > 0 && got->len <= 8 && have + (size_t)got->len <= sizeof(event));
			EXPECT(got->flags & MSG_NOTIFICATION);
			memcpy((char *)&event + have, got->data, (size_t)got->len);
			have += (size_t)got->len;
			if (got->flags & MSG_EOR)
				break;
			EQ(8, got->len);
		}
		EQ(SCTP_ASSOC_CHANGE, event.sn_header.sn_type);
		EQ(have, event.sn_header.sn_length);
		TEXT(server, "later");
	}
	CASE("D5.3-6", "a notification comes with the peer's primary address") {
		int server = listening(SOCK_SEQPACKET, 8), client = bound(SOCK_SEQPACKET, 7);

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 8));
		struct message *got = CHANGE(server, SCTP_COMM_UP);
		struct sockaddr_in *from = (struct sockaddr_in *)&got->from;
		EQ(sizeof(*from), got->from_len);
		EQ(htonl(0x7f000001), from->sin_addr.s_addr);
		EQ(port(7), ntohs(from->sin_port));
	}
}

static void changes(void)
{
	CASE("D5.3.1-5 D5.3.1.1-1 D5.3.1.1-2 D5.3.1.1-3 D5.3.1.1-10 D5.3.1.1-11", "COMM_UP comes first at both ends, with the id and the streams agreed on") {
		struct many m = { .server = listening(SOCK_SEQPACKET, 8), .client = many_style() };
		struct sctp_initmsg init = { .sinit_num_ostreams = 7, .sinit_max_instreams = 5 };

		OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)));
		subscribe(m.server);
		subscribe(m.client);
		OK(connect_to(m.client, 8));
		for (int end = 0; end < 2; end++) {
			int fd = end ? m.client : m.server;
			struct sctp_assoc_change change = CHANGE(fd, SCTP_COMM_UP)->event.sn_assoc_change;
			struct sctp_status status = { .sstat_assoc_id = change.sac_assoc_id };
			socklen_t len = sizeof(status);

			EQ(SCTP_ASSOC_CHANGE, change.sac_type);
			EQ(0, change.sac_flags);
			EQ(0, change.sac_error);
			EXPECT(change.sac_length >= CHANGE_LEN);
			EXPECT(change.sac_assoc_id != 0);
			OK(getsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
			EQ(status.sstat_outstrms, change.sac_outbound_streams);
			EQ(status.sstat_instrms, change.sac_inbound_streams);
			EQ(end ? 7 : 5, change.sac_outbound_streams);
			EQ(end ? 5 : 7, change.sac_inbound_streams);
		}
	}
	LINUX_CASE("D5.3.1.1-4 D5.3.1.1-9 D5.3.1.1-12", "COMM_LOST by an ABORT brings its cause, as Linux has it") {
		struct many m = many_pair();

		send_text(m.client, m.at_client, "bye", 0, SCTP_ABORT);
		struct message *got = CHANGE(m.server, SCTP_COMM_LOST);
		struct sctp_assoc_change *change = &got->event.sn_assoc_change;
		EQ(m.at_server, change->sac_assoc_id);
		EQ(12, ntohs(change->sac_error));
		EQ(CHANGE_LEN + 7, change->sac_length);
		EQ(got->len, change->sac_length);
		EQ(0, memcmp(got->data + CHANGE_LEN, "\0\x0c\0\x07" "bye", 7));
		EQ(0, change->sac_outbound_streams);
		EQ(0, change->sac_inbound_streams);
	}
	RFC_CASE("D5.3.1.1-4 D5.3.1.1-9 D5.3.1.1-12", "COMM_LOST by an ABORT brings the whole chunk") {
		struct many m = many_pair();

		send_text(m.client, m.at_client, "bye", 0, SCTP_ABORT);
		struct message *got = CHANGE(m.server, SCTP_COMM_LOST);
		struct sctp_assoc_change *change = &got->event.sn_assoc_change;
		EQ(12, ntohs(change->sac_error));
		EQ(CHANGE_LEN + 11, change->sac_length);
		EQ(got->len, change->sac_length);
		EQ(6, got->data[CHANGE_LEN]);
		EQ(0, memcmp(got->data + CHANGE_LEN + 2, "\0\x0b" "\0\x0c\0\x07" "bye", 9));
	}
	CASE("D5.2.2-7 D5.3.1.1-5 D5.3.1.4-1 D5.3.1.4-2 D5.3.1.4-4 D5.3.1.4-5 D5.3.1.4-7", "each message that was not sent comes back after COMM_LOST, with its context and its octets") {
		struct many m = small_server();
		int last = stuffed(&m, 1000), failed = 0, next = 0;

		send_text(m.client, m.at_client, "", 0, SCTP_ABORT);
		CHANGE(m.client, SCTP_COMM_LOST);
		while (next != last) {
			struct message *got = EVENT(m.client, SCTP_SEND_FAILED);
			struct sctp_send_failed *failure = &got->event.sn_send_failed;

			EXPECT(next == 0 || (int)failure->ssf_info.sinfo_context == next + 1);
			next = (int)failure->ssf_info.sinfo_context;
			EQ(SEND_FAILED_LEN + 1000, failure->ssf_length);
			EQ(got->len, failure->ssf_length);
			EXPECT(failure->ssf_flags == SCTP_DATA_UNSENT || failure->ssf_flags == SCTP_DATA_SENT);
			EQ(m.at_client, failure->ssf_assoc_id);
			EQ(2, failure->ssf_info.sinfo_stream);
			EQ(77, failure->ssf_info.sinfo_ppid);
			EQ(0, memcmp(got->data + SEND_FAILED_LEN, pattern(1000), 1000));
			failed++;
			if (next == last)
				EQ(SCTP_DATA_UNSENT, failure->ssf_flags);
		}
		EXPECT(failed > 3);
		QUIET(m.client, 100);
	}
	CASE("D5.3.1.4-6", "the flags of a failed message tell that it is whole, and unordered") {
		struct many m = small_server();

		stuffed(&m, 1000);
		set_int(m.client, SOL_SOCKET, SO_SNDBUF, 1000000);
		EQ(1, send_text(m.client, m.at_client, "u", 1, SCTP_UNORDERED));
		send_text(m.client, m.at_client, "", 0, SCTP_ABORT);
		CHANGE(m.client, SCTP_COMM_LOST);
		for (;;) {
			struct message *got = EVENT(m.client, SCTP_SEND_FAILED);
			if (got->len == SEND_FAILED_LEN + 1) {
				EQ(3, got->event.sn_send_failed.ssf_info.sinfo_flags & 3);
				EQ(1, got->event.sn_send_failed.ssf_info.sinfo_stream);
				break;
			}
			EQ(3, got->event.sn_send_failed.ssf_info.sinfo_flags & 3);
		}
	}
	CASE("D5.3.1.1-6", "a peer that has come back in another process is RESTART, with the same id") {
		int server = listening(SOCK_SEQPACKET, 8);

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		pid_t peer = short_life(3);
		sctp_assoc_t id = CHANGE(server, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		end_suddenly(peer);
		QUIET(server, 100);
		peer = short_life(3);
		struct sctp_assoc_change *change = &CHANGE(server, SCTP_RESTART)->event.sn_assoc_change;
		EQ(id, change->sac_assoc_id);
		EQ(3, change->sac_inbound_streams);
		QUIET(server, 100);
		end_suddenly(peer);
	}
	CASE("D5.3.1.1-7", "SHUTDOWN_COMP at both ends; who began is told of no SHUTDOWN") {
		struct many m = many_pair();

		EQ(0, send_text(m.client, m.at_client, "", 0, SCTP_EOF));
		EVENT(m.server, SCTP_SHUTDOWN_EVENT);
		struct sctp_assoc_change *change = &CHANGE(m.server, SCTP_SHUTDOWN_COMP)->event.sn_assoc_change;
		EQ(m.at_server, change->sac_assoc_id);
		EQ(0, change->sac_outbound_streams);
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
	}
	CASE("D5.3.1.1-8", "a set-up that fails is CANT_STR_ASSOC, then each message comes back") {
		int client = many_style();
		struct sockaddr_in nobody = v4(1, port(5));
		struct sctp_sndrcvinfo info = { .sinfo_context = 5 };
		struct outgoing out = { .data = "lost", .len = 4, .to = (void *)&nobody, .to_len = sizeof(nobody),
					.sndrcv = &info, .flags = MSG_DONTWAIT };

		OK(close(bound(SOCK_SEQPACKET, 4)));
		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		EQ(4, send_out(client, &out));
		struct sctp_assoc_change *change = &CHANGE(client, SCTP_CANT_STR_ASSOC)->event.sn_assoc_change;
		EQ(0, change->sac_assoc_id);
		EQ(CHANGE_LEN, change->sac_length);
		struct message *got = EVENT(client, SCTP_SEND_FAILED);
		EQ(5, got->event.sn_send_failed.ssf_info.sinfo_context);
		EQ(0, memcmp(got->data + SEND_FAILED_LEN, "lost", 4));
		QUIET(client, 100);
	}
}

static void addresses(void)
{
	CASE("D5.3.1.2-1 D5.3.1.2-2 D5.3.1.2-3 D5.3.1.2-11 D5.3.1.2-12", "a second address is told of when it is confirmed") {
		struct many m = two_homed();
		struct sctp_paddr_change *change = path_change(m.client, SCTP_ADDR_CONFIRMED);
		struct sockaddr_in *address = (struct sockaddr_in *)&change->spc_aaddr;

		EQ(SCTP_PEER_ADDR_CHANGE, change->spc_type);
		EQ(0, change->spc_flags);
		EQ(148, change->spc_length);
		EQ(m.at_client, change->spc_assoc_id);
		EQ(AF_INET, address->sin_family);
		EQ(htonl(0x7f000002), address->sin_addr.s_addr);
		EQ(port(8), ntohs(address->sin_port));
		EQ(SCTP_HEARTBEAT_SUCCESS, change->spc_error);
	}
	CASE("D5.3.1.2-4 D5.3.1.2-5 D5.3.1.2-9", "an address that goes and comes back") {
		struct many m = two_homed();

		path_change(m.client, SCTP_ADDR_CONFIRMED);
		rule("-A");
		struct sctp_paddr_change *change = path_change(m.client, SCTP_ADDR_UNREACHABLE);
		EQ(htonl(0x7f000002), ((struct sockaddr_in *)&change->spc_aaddr)->sin_addr.s_addr);
		EQ(SCTP_FAILED_THRESHOLD, change->spc_error);
		rule("-D");
		change = path_change(m.client, SCTP_ADDR_AVAILABLE);
		EQ(htonl(0x7f000002), ((struct sockaddr_in *)&change->spc_aaddr)->sin_addr.s_addr);
		EQ(SCTP_HEARTBEAT_SUCCESS, change->spc_error);
	}
	CASE("D5.3.1.2-8", "a new primary address is told of") {
		struct many m = two_homed();
		struct sockaddr_in second = v4(2, port(8));
		struct sctp_prim primary = { .ssp_assoc_id = m.at_client };

		path_change(m.client, SCTP_ADDR_CONFIRMED);
		memcpy(&primary.ssp_addr, &second, sizeof(second));
		OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_PRIMARY_ADDR, &primary, sizeof(primary)));
		struct sctp_paddr_change *change = path_change(m.client, SCTP_ADDR_MADE_PRIM);
		EQ(htonl(0x7f000002), ((struct sockaddr_in *)&change->spc_aaddr)->sin_addr.s_addr);
		EQ(0, change->spc_error);
	}
}

static const unsigned char invalid_stream[12] = { 9, 0, 0, 12, 0, 1, 0, 8, 0, 5, 0, 0 };

static struct message *error_from_peer(struct many *m)
{
	EQ(1, send_text(m->client, m->at_client, "x", 0, 0));
	TEXT(m->server, "x");
	wire_inject(WIRE(DATA, 0), invalid_stream, sizeof(invalid_stream));
	return EVENT(m->server, SCTP_REMOTE_ERROR);
}

static void others(void)
{
	LINUX_CASE("D5.3.1.3-1 D5.3.1.3-2 D5.3.1.3-3 D5.3.1.3-4 D5.3.1.3-5", "an ERROR of the peer is told with its cause's information") {
		wire_start();
		struct many m = many_pair();
		struct message *got = error_from_peer(&m);
		struct sctp_remote_error *error = &got->event.sn_remote_error;

		EQ(0x8004, error->sre_type);
		EQ(0, error->sre_flags);
		EQ(1, ntohs(error->sre_error));
		EQ(m.at_server, error->sre_assoc_id);
		EQ(12, offsetof(struct sctp_remote_error, sre_assoc_id));
		EQ(REMOTE_ERROR_LEN + 4, error->sre_length);
		EQ(got->len, error->sre_length);
		EQ(0, memcmp(got->data + REMOTE_ERROR_LEN, "\0\x05\0\0", 4));
	}
	RFC_CASE("D5.3.1.3-1 D5.3.1.3-3 D5.3.1.3-4", "an ERROR of the peer is told with the whole chunk") {
		wire_start();
		struct many m = many_pair();
		struct message *got = error_from_peer(&m);

		EQ(1, ntohs(got->event.sn_remote_error.sre_error));
		EQ(REMOTE_ERROR_LEN + 12, got->event.sn_remote_error.sre_length);
		EQ(0, memcmp(got->data + REMOTE_ERROR_LEN, invalid_stream, 12));
	}
	CASE("D5.3.1.5-1 D5.3.1.5-2", "the peer's SHUTDOWN is told") {
		struct many m = many_pair();

		EQ(0, send_text(m.client, m.at_client, "", 0, SCTP_EOF));
		struct sctp_shutdown_event *event = &EVENT(m.server, SCTP_SHUTDOWN_EVENT)->event.sn_shutdown_event;
		EQ(0x8005, event->sse_type);
		EQ(0, event->sse_flags);
		EQ(12, event->sse_length);
		EQ(m.at_server, event->sse_assoc_id);
	}
	CASE("D5.3.1.6-1 D5.3.1.6-2 D5.3.1.6-3", "the peer's adaptation layer is told after COMM_UP, in host order") {
		struct many m = { .server = listening(SOCK_SEQPACKET, 8), .client = many_style() };
		struct sctp_setadaptation layer = { .ssb_adaptation_ind = 0x01020304 };

		OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_ADAPTATION_LAYER, &layer, sizeof(layer)));
		subscribe(m.server);
		OK(connect_to(m.client, 8));
		sctp_assoc_t id = CHANGE(m.server, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		struct sctp_adaptation_event *event =
			&EVENT(m.server, SCTP_ADAPTATION_INDICATION)->event.sn_adaptation_event;
		EQ(0, event->sai_flags);
		EQ(16, event->sai_length);
		EQ(0x01020304, event->sai_adaptation_ind);
		EQ(id, event->sai_assoc_id);
	}
	CASE("D5.3.1.7-1 D5.3.1.7-2 D5.3.1.7-3 D5.3.1.7-4", "a message that was delivered in part and then lost is told of") {
		struct many m = small_server();

		set_int(m.client, SOL_SOCKET, SO_SNDBUF, 1000000);
		EQ(200000, send_out(m.client, &(struct outgoing){ .data = pattern(200000), .len = 200000,
			.sndrcv = &(struct sctp_sndrcvinfo){ .sinfo_assoc_id = m.at_client } }));
		EXPECT(poll_within(m.server, POLLIN, 5000));
		struct message *got = receive_flags(m.server, 100, 0);
		EQ(100, got->len);
		EQ(0, got->flags & (MSG_EOR | MSG_NOTIFICATION));
		send_text(m.client, m.at_client, "", 0, SCTP_ABORT);
		do {
			got = RECEIVE(m.server);
			EXPECT(got->flags & MSG_NOTIFICATION || !(got->flags & MSG_EOR));
		} while (!(got->flags & MSG_NOTIFICATION));
		struct sctp_pdapi_event *event = &got->event.sn_pdapi_event;
		EQ(0x8006, event->pdapi_type);
		EQ(0, event->pdapi_flags);
		EQ(24, event->pdapi_length);
		EQ(0, SCTP_PARTIAL_DELIVERY_ABORTED);
		EQ(SCTP_PARTIAL_DELIVERY_ABORTED, event->pdapi_indication);
		EQ(m.at_server, event->pdapi_assoc_id);
		CHANGE(m.server, SCTP_COMM_LOST);
		QUIET(m.server, 100);
	}
}

static ssize_t send_control(int fd, char *control, size_t len)
{
	struct iovec iov = { .iov_base = (void *)"x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = len };

	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static size_t put(char *control, size_t at, int level, int type, const void *item, size_t len)
{
	struct cmsghdr *header = (struct cmsghdr *)(control + at);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(header), item, len);
	return at + CMSG_SPACE(len);
}

static void items(void)
{
	CASE("D5.2-8 D5.4.1-2", "the order of items has no meaning, and those of other levels are passed over") {
		int ends[2], tos = 8;
		char control[256];

		tcp_pair(ends);
		data_io(ends[1]);
		for (int order = 0; order < 2; order++) {
			struct sctp_sndrcvinfo info = { .sinfo_stream = (uint16_t)(3 + order) };
			size_t len = 0;

			memset(control, 0, sizeof(control));
			if (order == 0)
				len = put(control, len, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
			len = put(control, len, IPPROTO_SCTP, SCTP_SNDRCV, &info, sizeof(info));
			if (order == 1)
				len = put(control, len, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
			EQ(1, send_control(ends[0], control, len));
			EQ(3 + order, TEXT(ends[1], "x")->sndrcv.sinfo_stream);
		}
	}
	CASE("D5.4.1-3", "of two SCTP_SNDRCV items the last counts, and one is received") {
		int ends[2];
		char control[256] = { 0 };
		struct sctp_sndrcvinfo first = { .sinfo_stream = 3 }, second = { .sinfo_stream = 4 };

		tcp_pair(ends);
		data_io(ends[1]);
		size_t len = put(control, 0, IPPROTO_SCTP, SCTP_SNDRCV, &first, sizeof(first));
		len = put(control, len, IPPROTO_SCTP, SCTP_SNDRCV, &second, sizeof(second));
		EQ(1, send_control(ends[0], control, len));
		struct message *got = TEXT(ends[1], "x");
		EQ(4, got->sndrcv.sinfo_stream);
		EQ(1, got->has_sndrcv);
	}
	CASE("D5.4.2-1 D5.4.2-2", "without items there is no ancillary data; the macros walk those that there are") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(0, TEXT(ends[1], "x")->control_len);
		data_io(ends[1]);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		EQ(1, send(ends[0], "y", 1, 0));
		struct message *got = TEXT(ends[1], "y");
		EQ(2, got->items);
		EQ(1, got->has_sndrcv);
		EQ(1, got->has_rcv);
		EQ(CMSG_SPACE(sizeof(struct sctp_sndrcvinfo)) + CMSG_SPACE(sizeof(struct sctp_rcvinfo)), got->control_len);
	}
	CASE("D5.4.3-1", "the sum of CMSG_SPACE is enough room") {
		int ends[2];
		char data[8], control[CMSG_SPACE(sizeof(struct sctp_sndrcvinfo))];
		struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				      .msg_controllen = sizeof(control) };

		tcp_pair(ends);
		data_io(ends[1]);
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		EQ(1, recvmsg(ends[1], &msg, 0));
		EQ(0, msg.msg_flags & MSG_CTRUNC);
		EQ(48, sizeof(control));
		EQ(SCTP_SNDRCV, CMSG_FIRSTHDR(&msg)->cmsg_type);
	}
}

int main(void)
{
	layouts();
	reading();
	changes();
	addresses();
	others();
	items();
	return cases_done();
}
