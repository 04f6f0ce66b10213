/* Sections 7.1.1 to 7.1.5 of the draft: RTO, association, INIT, linger, Nagle. */
#include "options.h"

int main(void)
{
	CASE("D7.1.1-1 D7.1.1-4", "SCTP_RTOINFO: milliseconds, and 0 leaves a value") {
		struct sctp_rtoinfo rto = { 0 };
		int fd = tcp_style();

		EQ(16, sizeof(rto));
		OK(GET(fd, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		EQ(60000, rto.srto_max);
		EQ(1000, rto.srto_min);
		rto = (struct sctp_rtoinfo){ .srto_max = 20000 };
		OK(SET(fd, SCTP_RTOINFO, rto));
		OK(GET(fd, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		EQ(20000, rto.srto_max);
		EQ(1000, rto.srto_min);
	}
	CASE("D7.1.1-2", "srto_initial is the time to the first resending of INIT") {
		if (is_kernel())
			case_skipped("listens to UDP");
		int sink = swallows(), fd = tcp_style();
		struct sctp_rtoinfo rto = { .srto_initial = 500 };
		char packet[1500];

		OK(SET(fd, SCTP_RTOINFO, rto));
		nonblocking(fd);
		FAILS(EINPROGRESS, connect_to(fd, 0));
		EXPECT(recv(sink, packet, sizeof(packet), 0) > 12);
		double first = seconds();
		EXPECT(recv(sink, packet, sizeof(packet), 0) > 12);
		double waited = seconds() - first;
		EXPECT(waited > 0.35 && waited < 2.5);
	}
	CASE("D7.1.1-3", "srto_min and srto_max bound every RTO") {
		int listener = listening(SOCK_SEQPACKET, 0), fd = tcp_style();
		struct sctp_paddrinfo info = { 0 };
		struct sockaddr_in there = v4(1, port(0));
		struct sctp_rtoinfo rto = { .srto_initial = 4000, .srto_max = 4500, .srto_min = 1500 };

		memcpy(&info.spinfo_address, &there, sizeof(there));
		OK(SET(fd, SCTP_RTOINFO, rto));
		OK(connect_to(fd, 0));
		EQ(4, send(fd, "data", 4, 0));
		receive_within(listener, 5000);
		/* Once measured, the loopback's time is far below the minimum. */
		for (int left = 500; left > 0; left--) {
			OK(GET(fd, SCTP_GET_PEER_ADDR_INFO, info));
			if (info.spinfo_rto == 1500)
				break;
			usleep(10000);
		}
		EQ(1500, info.spinfo_rto);
		rto = (struct sctp_rtoinfo){ .srto_max = 1200, .srto_min = 1100 };
		OK(SET(fd, SCTP_RTOINFO, rto));
		EQ(4, send(fd, "data", 4, 0));
		for (int left = 500; left > 0; left--) {
			OK(GET(fd, SCTP_GET_PEER_ADDR_INFO, info));
			if (info.spinfo_rto <= 1200)
				break;
			usleep(10000);
		}
		EXPECT(info.spinfo_rto >= 1100 && info.spinfo_rto <= 1200);
	}
	CASE("D7.1.1-5", "an id is an association's, 0 the endpoint's, 1 and 2 are errors") {
		struct many m = many_pair();
		struct sctp_rtoinfo rto = { .srto_assoc_id = m.at_client, .srto_initial = 900 };

		OK(SET(m.client, SCTP_RTOINFO, rto));
		rto = (struct sctp_rtoinfo){ .srto_initial = 800 };
		OK(SET(m.client, SCTP_RTOINFO, rto));
		OK(GET(m.client, SCTP_RTOINFO, rto));
		EQ(800, rto.srto_initial);
		rto.srto_assoc_id = m.at_client;
		OK(GET(m.client, SCTP_RTOINFO, rto));
		EQ(900, rto.srto_initial);
		rto.srto_assoc_id = 1;
		FAILS(EINVAL, SET(m.client, SCTP_RTOINFO, rto));
		rto.srto_assoc_id = 2;
		FAILS(EINVAL, SET(m.client, SCTP_RTOINFO, rto));
	}
	CASE("D7.1.1-6", "a minimum above the maximum changes nothing") {
		struct sctp_rtoinfo rto = { .srto_initial = 700, .srto_min = 5000, .srto_max = 4000 };
		int fd = tcp_style();

		FAILS(EINVAL, SET(fd, SCTP_RTOINFO, rto));
		rto = (struct sctp_rtoinfo){ .srto_min = 60001 };
		FAILS(EINVAL, SET(fd, SCTP_RTOINFO, rto));
		OK(GET(fd, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		EQ(1000, rto.srto_min);
		/* The first value may lie outside. */
		rto = (struct sctp_rtoinfo){ .srto_initial = 100 };
		OK(SET(fd, SCTP_RTOINFO, rto));
	}
	LINUX_CASE("D7.1.1-7", "every program may set it") {
		struct sctp_rtoinfo rto = { .srto_initial = 100, .srto_min = 10 };

		OK(setuid(65534));
		OK(SET(tcp_style(), SCTP_RTOINFO, rto));
	}
	RFC_CASE("D7.1.1-7", "only the privileged may make it more aggressive") {
		struct sctp_rtoinfo rto = { .srto_initial = 100, .srto_min = 10 };

		OK(setuid(65534));
		FAILS(EPERM, SET(tcp_style(), SCTP_RTOINFO, rto));
	}
	CASE("D7.1.2-1 D7.1.2-9 D7.1.2-10 D7.1.2-12", "SCTP_ASSOCINFO of the endpoint; 0 leaves a value") {
		struct sctp_assocparams parameters = { .sasoc_asocmaxrxt = 7 };
		int fd = many_style();

		EQ(20, sizeof(parameters));
		OK(SET(fd, SCTP_ASSOCINFO, parameters));
		parameters = (struct sctp_assocparams){ .sasoc_cookie_life = 5000 };
		OK(SET(fd, SCTP_ASSOCINFO, parameters));
		OK(GET(fd, SCTP_ASSOCINFO, parameters));
		EQ(7, parameters.sasoc_asocmaxrxt);
		EQ(5000, parameters.sasoc_cookie_life);
		EQ(0, parameters.sasoc_number_peer_destinations);
		EQ(0, parameters.sasoc_peer_rwnd);
		EQ(0, parameters.sasoc_local_rwnd);
		OK(GET(tcp_style(), SCTP_ASSOCINFO, parameters));
		EQ(10, parameters.sasoc_asocmaxrxt);
		EQ(60000, parameters.sasoc_cookie_life);
	}
	CASE("D7.1.2-2 D7.1.2-8", "an association ends with the timeout after sasoc_asocmaxrxt of them") {
		if (is_kernel())
			case_skipped("looks at packets");
		pid_t other = other_process(0);
		wire_start();
		int fd = many_style();
		struct sctp_assocparams parameters = { .sasoc_asocmaxrxt = 3 };

		all_rto(fd, 100);
		OK(SET(fd, SCTP_ASSOCINFO, parameters));
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_HB_DISABLE }));
		OK(connect_to(fd, 6));
		subscribe(fd);
		sctp_assoc_t id = only_id(fd);
		stop(other);
		EQ(1, send_text(fd, id, "x", 0, 0));
		CHANGE(fd, SCTP_COMM_LOST);
		EQ(4, wire_count(DATA));
	}
	CASE("D7.1.2-3", "sasoc_number_peer_destinations") {
		int listener, fd = two_homed(SOCK_STREAM, &listener);
		struct sctp_assocparams parameters = { 0 };

		OK(GET(fd, SCTP_ASSOCINFO, parameters));
		EQ(2, parameters.sasoc_number_peer_destinations);
	}
	CASE("D7.1.2-4", "sasoc_peer_rwnd falls while the peer does not read") {
		int ends[2];
		struct sctp_assocparams parameters = { 0 };

		tcp_pair(ends);
		OK(GET(ends[0], SCTP_ASSOCINFO, parameters));
		uint32_t before = parameters.sasoc_peer_rwnd;
		EXPECT(before > 50000);
		EQ(20000, send(ends[0], pattern(20000), 20000, 0));
		for (int left = 500; left > 0; left--) {
			OK(GET(ends[0], SCTP_ASSOCINFO, parameters));
			if (parameters.sasoc_peer_rwnd + 20000 <= before)
				break;
			usleep(10000);
		}
		EXPECT(parameters.sasoc_peer_rwnd + 20000 <= before);
	}
	CASE("D7.1.2-5", "sasoc_local_rwnd is what the peer was told last") {
		wire_start();
		int listener = listening(SOCK_SEQPACKET, 0), fd = tcp_style();
		struct sctp_assocparams parameters = { 0 };
		uint32_t told;

		OK(connect_to(fd, 0));
		OK(GET(fd, SCTP_ASSOCINFO, parameters));
		memcpy(&told, WIRE(INIT, 0)->value + 4, 4);
		EQ(ntohl(told), parameters.sasoc_local_rwnd);
		OK(close(listener));
	}
	CASE("D7.1.2-7", "the members that tell are not set") {
		int ends[2];
		struct sctp_assocparams parameters = { 0 }, before = { 0 };

		tcp_pair(ends);
		OK(GET(ends[0], SCTP_ASSOCINFO, before));
		parameters = (struct sctp_assocparams){ .sasoc_number_peer_destinations = 77, .sasoc_peer_rwnd = 5,
							.sasoc_local_rwnd = 6 };
		OK(SET(ends[0], SCTP_ASSOCINFO, parameters));
		OK(GET(ends[0], SCTP_ASSOCINFO, parameters));
		EQ(0, memcmp(&before, &parameters, sizeof(before)));
	}
	CASE("D7.1.2-11", "with several paths, no more than the sum of theirs") {
		int listener, fd = two_homed(SOCK_STREAM, &listener), ends[2];
		struct sctp_assocparams parameters = { .sasoc_asocmaxrxt = 11 };

		FAILS(EINVAL, SET(fd, SCTP_ASSOCINFO, parameters));
		tcp_pair(ends);
		OK(SET(ends[0], SCTP_ASSOCINFO, parameters));
		parameters.sasoc_asocmaxrxt = 9;
		OK(SET(fd, SCTP_ASSOCINFO, parameters));
		OK(GET(fd, SCTP_ASSOCINFO, parameters));
		EQ(9, parameters.sasoc_asocmaxrxt);
	}
	CASE("D7.1.3-1 D7.1.3-4", "SCTP_INITMSG; 0 leaves a value") {
		struct sctp_initmsg init = { 0 };
		int fd = tcp_style();

		OK(SET(fd, SCTP_INITMSG, init));
		OK(GET(fd, SCTP_INITMSG, init));
		EQ(10, init.sinit_num_ostreams);
		EQ(65535, init.sinit_max_instreams);
		EQ(8, init.sinit_max_attempts);
		EQ(60000, init.sinit_max_init_timeo);
		init = (struct sctp_initmsg){ .sinit_max_attempts = 3 };
		OK(SET(fd, SCTP_INITMSG, init));
		OK(GET(fd, SCTP_INITMSG, init));
		EQ(10, init.sinit_num_ostreams);
		EQ(3, init.sinit_max_attempts);
	}
	CASE("D7.1.3-1", "the values go into the INIT") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();
		struct sctp_initmsg init = { .sinit_num_ostreams = 7, .sinit_max_instreams = 9 };

		OK(SET(fd, SCTP_INITMSG, init));
		OK(connect_to(fd, 0));
		const struct chunk *sent = WIRE(INIT, 0);
		EQ(7, sent->value[8] << 8 | sent->value[9]);
		EQ(9, sent->value[10] << 8 | sent->value[11]);
		OK(close(listener));
	}
	CASE("D7.1.3-2", "an association that is there stays as it is") {
		struct many m = many_pair();
		struct sctp_initmsg init = { .sinit_num_ostreams = 3 };
		struct sctp_status status = { .sstat_assoc_id = m.at_client };

		OK(SET(m.client, SCTP_INITMSG, init));
		OK(GET(m.client, SCTP_STATUS, status));
		EQ(10, status.sstat_outstrms);
		int ends[2];
		tcp_pair(ends);
		OK(SET(ends[0], SCTP_INITMSG, init));
		OK(GET(ends[0], SCTP_STATUS, status));
		EQ(10, status.sstat_outstrms);
	}
	CASE("D7.1.3-3", "an accepted socket has its listener's") {
		int listener = bound(SOCK_STREAM, 0), fd = tcp_style();
		struct sctp_initmsg init = { .sinit_num_ostreams = 4, .sinit_max_instreams = 6 };
		struct sctp_status status = { 0 };

		OK(SET(listener, SCTP_INITMSG, init));
		OK(listen(listener, 1));
		OK(connect_to(fd, 0));
		int accepted = OK(accept(listener, NULL, NULL));
		OK(GET(accepted, SCTP_INITMSG, init));
		EQ(4, init.sinit_num_ostreams);
		EQ(6, init.sinit_max_instreams);
		OK(GET(fd, SCTP_STATUS, status));
		EQ(4, status.sstat_instrms);
		EQ(6, status.sstat_outstrms);
	}
	CASE("D7.1.4-1", "SO_LINGER is an option of SOL_SOCKET") {
		struct linger linger = { .l_onoff = 1, .l_linger = 5 };
		int fd = tcp_style();

		OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		linger = (struct linger){ 0 };
		OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
		EQ(1, linger.l_onoff);
		EQ(5, linger.l_linger);
	}
	CASE("D7.1.4-2", "on with time 0, close() aborts") {
		wire_start();
		struct linger linger = { .l_onoff = 1, .l_linger = 0 };
		int ends[2];
		char data[8];

		tcp_pair(ends);
		OK(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		OK(close(ends[0]));
		const struct chunk *sent = WIRE(ABORT, 0);
		EQ(8, sent->len);
		EQ(12, sent->value[0] << 8 | sent->value[1]);
		EQ(4, sent->value[2] << 8 | sent->value[3]);
		FAILS(ECONNRESET, recv(ends[1], data, sizeof(data), 0));
	}
	LINUX_CASE("D7.1.4-3", "a negative time is taken") {
		struct linger linger = { .l_onoff = 1, .l_linger = -1 };

		OK(setsockopt(tcp_style(), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	}
	RFC_CASE("D7.1.4-3", "a negative time is EINVAL") {
		struct linger linger = { .l_onoff = 1, .l_linger = -1 };
		int fd = tcp_style();

		FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof(linger) }));
		EQ(0, linger.l_onoff);
	}
	CASE("D7.1.4-4", "a positive time: close() waits so long for a silent peer, in seconds") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		struct linger linger = { .l_onoff = 1, .l_linger = 1 };
		int fd = tcp_style();

		OK(connect_to(fd, 6));
		OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		stop(other);
		EQ(4, send(fd, "data", 4, 0));
		double begin = seconds();
		OK(close(fd));
		double waited = seconds() - begin;
		EXPECT(waited > 0.9 && waited < 5);
	}
	CASE("D7.1.4-5", "off, or done sooner, close() does not wait") {
		int ends[2];
		struct linger linger = { .l_onoff = 1, .l_linger = 20 };

		tcp_pair(ends);
		double begin = seconds();
		OK(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		OK(close(ends[0]));
		OK(close(ends[1]));
		EXPECT(seconds() - begin < 10);
	}
	CASE("D7.1.4-6", "on with time 0, a one-to-many socket aborts all of its associations") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		int client = more_client(&m, &second, &at_client);
		struct linger linger = { .l_onoff = 1, .l_linger = 0 };

		OK(setsockopt(m.server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		OK(close(m.server));
		CHANGE(m.client, SCTP_COMM_LOST);
		CHANGE(client, SCTP_COMM_LOST);
	}
	CASE("D7.1.5-1", "SCTP_NODELAY: off, a small message waits for what is under way; on, it does not") {
		if (is_kernel())
			case_skipped("looks at packets");
		pid_t other = other_process(0);
		wire_start();
		int fd = tcp_style();

		EQ(0, INT(fd, SCTP_NODELAY));
		OK(connect_to(fd, 6));
		stop(other);
		for (int each = 0; each < 3; each++)
			EQ(1, send(fd, "x", 1, 0));
		WIRE(DATA, 0);
		usleep(100000);
		EQ(1, wire_count(DATA));
		OK(SET_INT(fd, SCTP_NODELAY, 5));
		EQ(1, INT(fd, SCTP_NODELAY));
		EQ(1, send(fd, "x", 1, 0));
		WIRE(DATA, 3);
	}
	return cases_done();
}
