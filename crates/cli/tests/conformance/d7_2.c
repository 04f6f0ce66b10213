/* Sections 7.2 and 7.3 of the draft: options that are read, and SCTP_EVENTS. */
#include "options.h"

/* Subscribes to one member of SCTP_EVENTS alone. */
static void only(int fd, int member)
{
	uint8_t events[14] = { 0 };

	events[member] = 1;
	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, sizeof(events)));
}

int main(void)
{
	RFC_CASE("D7.2.1-1", "SCTP_STATUS is only read") {
		struct sctp_status status = { 0 };

		EQ(176, sizeof(status));
		FAILS(EOPNOTSUPP, SET(tcp_style(), SCTP_STATUS, status));
	}
	LINUX_CASE("D7.2.1-1", "SCTP_STATUS is only read") {
		struct sctp_status status = { 0 };

		EQ(176, sizeof(status));
		FAILS(ENOPROTOOPT, SET(tcp_style(), SCTP_STATUS, status));
	}
	CASE("D7.2.1-2", "sstat_state follows the association") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = tcp_style(), silent = many_style();

		nonblocking(silent);
		OK(connect_to(fd, 6));
		EQ(SCTP_ESTABLISHED, state_of(fd, 0));
		stop(other);
		FAILS(EINPROGRESS, connect_to(silent, 6));
		EQ(SCTP_COOKIE_WAIT, state_of(silent, only_id(silent)));
		EQ(1, send(fd, "x", 1, 0));
		OK(shutdown(fd, SHUT_WR));
		EQ(SCTP_SHUTDOWN_PENDING, state_of(fd, 0));
	}
	CASE("D7.2.1-2", "without data under way SHUTDOWN is sent at once") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = tcp_style();

		OK(connect_to(fd, 6));
		stop(other);
		OK(shutdown(fd, SHUT_WR));
		EQ(SCTP_SHUTDOWN_SENT, state_of(fd, 0));
	}
	CASE("D7.2.1-3 D7.2.1-4", "sstat_rwnd and sstat_unackdata tell of what is under way") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = tcp_style();
		struct sctp_status status = { 0 };

		OK(SET_INT(fd, SCTP_NODELAY, 1));
		OK(connect_to(fd, 6));
		OK(GET(fd, SCTP_STATUS, status));
		uint32_t before = status.sstat_rwnd;
		EQ(0, status.sstat_unackdata);
		stop(other);
		for (int each = 0; each < 3; each++)
			EQ(100, send(fd, pattern(100), 100, 0));
		for (int left = 500; left > 0; left--) {
			OK(GET(fd, SCTP_STATUS, status));
			if (status.sstat_unackdata == 3)
				break;
			usleep(10000);
		}
		EQ(3, status.sstat_unackdata);
		EQ(before - 300, status.sstat_rwnd);
	}
	CASE("D7.2.1-6 D7.2.2-3", "sstat_primary is what SCTP_GET_PEER_ADDR_INFO tells") {
		int ends[2];
		struct sctp_status status = { 0 };
		struct sctp_paddrinfo info = { 0 };

		tcp_pair(ends);
		OK(GET(ends[0], SCTP_STATUS, status));
		memcpy(&info.spinfo_address, &status.sstat_primary.spinfo_address, sizeof(info.spinfo_address));
		OK(GET(ends[0], SCTP_GET_PEER_ADDR_INFO, info));
		EQ(0, memcmp(&info, &status.sstat_primary, sizeof(info)));
		EQ(SCTP_ACTIVE, info.spinfo_state);
		EXPECT(info.spinfo_cwnd >= 4380 && info.spinfo_mtu >= 1280);
		EXPECT(info.spinfo_rto >= 1000 && info.spinfo_rto <= 60000);
	}
	CASE("D7.2.1-7", "sstat_assoc_id says which association, and which it was") {
		struct many m = many_pair();
		struct sctp_status status = { .sstat_assoc_id = m.at_client };
		int ends[2];

		OK(GET(m.client, SCTP_STATUS, status));
		EQ(m.at_client, status.sstat_assoc_id);
		tcp_pair(ends);
		status.sstat_assoc_id = 4711;
		OK(GET(ends[0], SCTP_STATUS, status));
		EXPECT(status.sstat_assoc_id > 2 && status.sstat_assoc_id != 4711);
	}
	CASE("D7.2.1-8 D7.2.1-9", "sstat_instrms and sstat_outstrms are those of SCTP_COMM_UP") {
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sctp_initmsg init = { .sinit_num_ostreams = 4, .sinit_max_instreams = 6 };
		struct sctp_status status = { 0 };

		OK(SET(client, SCTP_INITMSG, init));
		subscribe(client);
		OK(connect_to(client, 0));
		struct sctp_assoc_change up = CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change;
		status.sstat_assoc_id = up.sac_assoc_id;
		OK(GET(client, SCTP_STATUS, status));
		EQ(4, status.sstat_outstrms);
		EQ(6, status.sstat_instrms);
		EQ(up.sac_outbound_streams, status.sstat_outstrms);
		EQ(up.sac_inbound_streams, status.sstat_instrms);
		OK(close(server));
	}
	CASE("D7.2.1-10", "one octet more than sstat_fragmentation_point makes two chunks") {
		wire_start();
		int ends[2];
		struct sctp_status status = { 0 };

		tcp_pair(ends);
		OK(SET_INT(ends[0], SCTP_NODELAY, 1));
		OK(setsockopt(ends[0], IPPROTO_SCTP, SCTP_MAXSEG, &(struct sctp_assoc_value){ .assoc_value = 1000 }, 8));
		OK(GET(ends[0], SCTP_STATUS, status));
		uint32_t point = status.sstat_fragmentation_point;
		EXPECT(point >= 900 && point <= 1000);
		EQ(point, send(ends[0], pattern(point), point, 0));
		WIRE(DATA, 0);
		REACHES(ends[1], POLLIN | POLLOUT);
		EQ(1, wire_count(DATA));
		EQ(3, wire_chunk(DATA, 0)->flags & 3);
		EQ(point + 1, send(ends[0], pattern(point + 1), point + 1, 0));
		WIRE(DATA, 2);
		EQ(2, wire_chunk(DATA, 1)->flags & 3);
		EQ(1, wire_chunk(DATA, 2)->flags & 3);
	}
	CASE("D7.2.1-11", "without an association there is no status") {
		struct sctp_status status = { .sstat_assoc_id = 4711 };
		int ends[2];
		char data[8];

		FAILS(EINVAL, GET(tcp_style(), SCTP_STATUS, status));
		FAILS(EINVAL, GET(listening(SOCK_STREAM, 0), SCTP_STATUS, status));
		FAILS(EINVAL, GET(listening(SOCK_SEQPACKET, 1), SCTP_STATUS, status));
		tcp_pair(ends);
		OK(shutdown(ends[0], SHUT_WR));
		EQ(0, recv(ends[1], data, sizeof(data), 0));
		for (int left = 500; left > 0 && state_of(ends[1], 0) >= 0; left--)
			usleep(10000);
		FAILS(EINVAL, GET(ends[1], SCTP_STATUS, status));
	}
	CASE("D7.2.2-1 D7.2.2-4", "SCTP_GET_PEER_ADDR_INFO wants a peer's address") {
		int ends[2];
		struct sctp_paddrinfo info = { 0 };
		struct sockaddr_in stranger = v4(3, port(9));

		EQ(152, sizeof(info));
		tcp_pair(ends);
		FAILS(EINVAL, GET(ends[0], SCTP_GET_PEER_ADDR_INFO, info));
		memcpy(&info.spinfo_address, &stranger, sizeof(stranger));
		FAILS(EINVAL, GET(ends[0], SCTP_GET_PEER_ADDR_INFO, info));
	}
	CASE("D7.2.2-2 B7-7", "a path that fails is potentially failed, then inactive") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = many_style(), state = SCTP_ACTIVE, seen_failing = 0;
		struct sctp_paddrinfo info = { 0 };
		struct sockaddr_in there = v4(1, port(6));
		struct sctp_assoc_value expose = { .assoc_value = 2 };

		memcpy(&info.spinfo_address, &there, sizeof(there));
		all_rto(fd, 100);
		OK(SET(fd, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, expose));
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_pathmaxrxt = 2 }));
		OK(connect_to(fd, 6));
		subscribe_to(fd, SCTP_PEER_ADDR_CHANGE, 1);
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENT,
			      &(struct sctp_event){ .se_assoc_id = only_id(fd), .se_type = SCTP_PEER_ADDR_CHANGE, .se_on = 1 }, 8));
		stop(other);
		EQ(1, send_text(fd, only_id(fd), "x", 0, 0));
		for (int left = 2000; left > 0 && state != SCTP_INACTIVE; left--) {
			OK(GET(fd, SCTP_GET_PEER_ADDR_INFO, info));
			state = info.spinfo_state;
			seen_failing |= state == SCTP_PF;
			usleep(2000);
		}
		EQ(SCTP_INACTIVE, state);
		EXPECT(seen_failing);
		struct message *got = EVENT(fd, SCTP_PEER_ADDR_CHANGE);
		EQ(SCTP_ADDR_POTENTIALLY_FAILED, got->event.sn_paddr_change.spc_state);
		got = EVENT(fd, SCTP_PEER_ADDR_CHANGE);
		EQ(SCTP_ADDR_UNREACHABLE, got->event.sn_paddr_change.spc_state);
	}
	CASE("B7-9", "who does not expose it is not told, and may not look") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = many_style(), refused = 0;
		struct sctp_paddrinfo info = { 0 };
		struct sockaddr_in there = v4(1, port(6));
		struct sctp_assoc_value expose = { .assoc_value = 1 };

		memcpy(&info.spinfo_address, &there, sizeof(there));
		all_rto(fd, 150);
		OK(SET(fd, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, expose));
		OK(connect_to(fd, 6));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENT,
			      &(struct sctp_event){ .se_assoc_id = only_id(fd), .se_type = SCTP_PEER_ADDR_CHANGE, .se_on = 1 }, 8));
		stop(other);
		EQ(1, send_text(fd, only_id(fd), "x", 0, 0));
		for (int left = 2000; left > 0 && !refused; left--) {
			refused = GET(fd, SCTP_GET_PEER_ADDR_INFO, info) < 0;
			usleep(2000);
		}
		FAILS(EACCES, GET(fd, SCTP_GET_PEER_ADDR_INFO, info));
		QUIET(fd, 50);
		expose.assoc_value = 3;
		FAILS(EINVAL, SET(fd, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, expose));
		EQ(131, SCTP_EXPOSE_POTENTIALLY_FAILED_STATE);
	}
	CASE("D7.2.2-5", "with id 0 the address finds the association, whose id comes back") {
		struct many m = many_pair();
		struct sctp_paddrinfo info = { 0 };
		struct sockaddr_in there = v4(1, port(8));

		memcpy(&info.spinfo_address, &there, sizeof(there));
		OK(GET(m.client, SCTP_GET_PEER_ADDR_INFO, info));
		EQ(m.at_client, info.spinfo_assoc_id);
	}
	CASE("D7.3-1", "SCTP_EVENTS: octets in the draft's order; a shorter value sets only those") {
		uint8_t events[14], eight[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
		int fd = many_style();
		struct sctp_event_subscribe names = { .sctp_data_io_event = 1, .sctp_association_event = 2,
			.sctp_address_event = 3, .sctp_send_failure_event = 4, .sctp_peer_error_event = 5,
			.sctp_shutdown_event = 6, .sctp_partial_delivery_event = 7, .sctp_adaptation_layer_event = 8 };

		for (int each = 0; each < 8; each++)
			EQ(each + 1, ((uint8_t *)&names)[each]);
		memset(events, 1, sizeof(events));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, 14));
		memset(eight, 0, sizeof(eight));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, eight, 8));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, eight, 0));
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, &(socklen_t){ 14 }));
		for (int each = 0; each < 14; each++)
			EQ(each >= 8, events[each]);
		socklen_t len = 3;
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, &len));
		EQ(3, len);
	}
	CASE("D7.3-2 D7.3-11 D7.1.15-1", "sctp_data_io_event gives SCTP_SNDRCV with each message, on present associations too") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send(ends[0], "a", 1, 0));
		EQ(0, TEXT(ends[1], "a")->has_sndrcv);
		only(ends[1], 0);
		EQ(1, send(ends[0], "b", 1, 0));
		EQ(1, TEXT(ends[1], "b")->has_sndrcv);
		only(ends[1], 1);
		EQ(1, send(ends[0], "c", 1, 0));
		EQ(0, TEXT(ends[1], "c")->has_sndrcv);
	}
	CASE("D7.3-3", "sctp_association_event") {
		int server = listening(SOCK_SEQPACKET, 0), fd = many_style(), other = many_style();

		only(fd, 1);
		OK(connect_to(fd, 0));
		CHANGE(fd, SCTP_COMM_UP);
		QUIET(fd, 50);
		only(other, 2);
		OK(connect_to(other, 0));
		QUIET(other, 50);
		OK(close(server));
	}
	CASE("D7.3-4", "sctp_address_event") {
		int listener, fd, other = many_style();
		struct sockaddr_in both[2] = { v4(1, port(7)), v4(2, port(7)) };

		listener = many_style();
		OK(sctp_bindx(listener, (struct sockaddr *)both, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(listener, 5));
		fd = many_style();
		only(fd, 2);
		OK(connect_to(fd, 7));
		EQ(SCTP_ADDR_CONFIRMED, EVENT(fd, SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change.spc_state);
		only(other, 5);
		OK(connect_to(other, 7));
		QUIET(other, 300);
	}
	CASE("D7.3-5", "sctp_send_failure_event") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int fd = many_style(), which[2] = { 3, 5 };

		OK(connect_to(fd, 6));
		stop(other);
		only(fd, which[0]);
		EQ(1, send_text(fd, only_id(fd), "x", 0, 0));
		EQ(0, send_text(fd, only_id(fd), "", 0, SCTP_ABORT));
		EVENT(fd, SCTP_SEND_FAILED);
		QUIET(fd, 50);
	}
	CASE("D7.3-7", "sctp_shutdown_event") {
		int server = listening(SOCK_SEQPACKET, 0), fd = many_style(), client = tcp_style();

		only(server, 5);
		OK(connect_to(client, 0));
		OK(close(client));
		EVENT(server, SCTP_SHUTDOWN_EVENT);
		QUIET(server, 50);
		only(server, 2);
		OK(connect_to(fd, 0));
		OK(close(fd));
		QUIET(server, 200);
	}
	CASE("D7.3-9", "sctp_adaption_layer_event, under both names") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();
		struct sctp_event_subscribe events = { .sctp_adaption_layer_event = 1 };

		EQ(1, events.sctp_adaptation_layer_event);
		OK(SET(server, SCTP_EVENTS, events));
		OK(SET_INT(client, SCTP_ADAPTATION_LAYER, 77));
		OK(connect_to(client, 0));
		EQ(77, EVENT(server, SCTP_ADAPTATION_INDICATION)->event.sn_adaptation_event.sai_adaptation_ind);
		QUIET(server, 50);
	}
	CASE("D7.3-10", "SCTP_EVENTS, and not SCTP_EVENT, takes the structure") {
		struct sctp_event_subscribe events = { .sctp_data_io_event = 1 };
		int fd = tcp_style();

		EQ(11, SCTP_EVENTS);
		EQ(127, SCTP_EVENT);
		OK(SET(fd, SCTP_EVENTS, events));
		FAILS(EINVAL, SET(fd, SCTP_EVENT, events));
	}
	CASE("D7.3-12 B3-2", "everything is off at first") {
		for (int each = 0; each < 2; each++) {
			uint8_t events[14], none[14] = { 0 };
			int fd = each == 0 ? tcp_style() : many_style();

			OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, &(socklen_t){ 14 }));
			EQ(0, memcmp(events, none, sizeof(none)));
		}
	}
	CASE("D7.3-13", "what is not 0 is on, and reads 1") {
		uint8_t events[2] = { 2, 255 };
		int fd = tcp_style();

		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, 2));
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, &(socklen_t){ 2 }));
		EQ(1, events[0]);
		EQ(1, events[1]);
	}
	CASE("D7.3-14", "more than there is cannot be set; a longer get tells 14") {
		uint8_t events[20];
		socklen_t len = 20;
		int fd = tcp_style();

		memset(events, 1, sizeof(events));
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, 15));
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, events, &len));
		EQ(14, len);
	}
	return cases_done();
}
