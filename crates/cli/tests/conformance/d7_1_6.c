/* Sections 7.1.6 to 7.1.17 of the draft. */
#include "options.h"

int main(void)
{
	CASE("D7.1.6-1", "SO_RCVBUF reads twice what was set; the window is what was set") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();
		uint32_t window;

		set_int(fd, SOL_SOCKET, SO_RCVBUF, 20000);
		EQ(40000, int_option(fd, SOL_SOCKET, SO_RCVBUF));
		OK(connect_to(fd, 0));
		memcpy(&window, WIRE(INIT, 0)->value + 4, 4);
		EQ(20000, ntohl(window));
		OK(close(listener));
	}
	CASE("D7.1.6-2", "an association whose messages are not read leaves the others their windows") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		int other = more_client(&m, &second, &at_client);

		fill(m.client, m.at_client, 1000);
		struct sctp_status status = { .sstat_assoc_id = at_client };
		OK(GET(other, SCTP_STATUS, status));
		EXPECT(status.sstat_rwnd > 50000);
		EQ(1, send_text(other, at_client, "x", 0, 0));
		for (int left = 500; left > 0; left--) {
			OK(GET(other, SCTP_STATUS, status));
			if (status.sstat_unackdata == 0)
				break;
			usleep(10000);
		}
		EQ(0, status.sstat_unackdata);
	}
	CASE("D7.1.6-3", "the window told is never below 1500") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();
		uint32_t window;

		set_int(fd, SOL_SOCKET, SO_RCVBUF, 1);
		EQ(2304, int_option(fd, SOL_SOCKET, SO_RCVBUF));
		OK(connect_to(fd, 0));
		memcpy(&window, WIRE(INIT, 0)->value + 4, 4);
		EQ(1500, ntohl(window));
		OK(close(listener));
	}
	CASE("D7.1.7-1", "SO_SNDBUF bounds what waits to be sent") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		int small = tcp_style(), large = tcp_style();

		set_int(small, SOL_SOCKET, SO_SNDBUF, 20000);
		EQ(40000, int_option(small, SOL_SOCKET, SO_SNDBUF));
		OK(connect_to(small, 6));
		OK(connect_to(large, 6));
		stop(other);
		int few = fill(small, 0, 1000), many = fill(large, 0, 1000);
		EXPECT(few >= 10 && few <= 60);
		EXPECT(many > 2 * few);
	}
	CASE("D7.1.7-2", "one send is never larger") {
		int ends[2];

		tcp_pair(ends);
		set_int(ends[0], SOL_SOCKET, SO_SNDBUF, 20000);
		FAILS(EMSGSIZE, send(ends[0], pattern(40001), 40001, 0));
		EQ(40000, send(ends[0], pattern(40000), 40000, 0));
	}
	CASE("D7.1.8-1 D7.1.8-3 D7.1.8-4", "SCTP_AUTOCLOSE: after a second without data the association ends") {
		int server = listening(SOCK_SEQPACKET, 0), fd = many_style();

		EQ(0, INT(fd, SCTP_AUTOCLOSE));
		OK(SET_INT(fd, SCTP_AUTOCLOSE, 1));
		subscribe(fd);
		OK(connect_to(fd, 0));
		CHANGE(fd, SCTP_COMM_UP);
		double begin = seconds();
		for (struct message *got = NULL; got == NULL || got->event.sn_header.sn_type != SCTP_ASSOC_CHANGE;)
			got = RECEIVE(fd);
		double waited = seconds() - begin;
		EXPECT(waited > 0.8 && waited < 5);
		FAILS(EOPNOTSUPP, SET_INT(tcp_style(), SCTP_AUTOCLOSE, 1));
		FAILS(EOPNOTSUPP, getsockopt(tcp_style(), IPPROTO_SCTP, SCTP_AUTOCLOSE, &(int){ 0 }, &(socklen_t){ 4 }));
		OK(close(server));
	}
	CASE("D7.1.8-2", "each message begins the time anew") {
		struct many m = many_pair();
		int fd = many_style();

		OK(SET_INT(fd, SCTP_AUTOCLOSE, 1));
		OK(connect_to(fd, 8));
		for (int each = 0; each < 4; each++) {
			usleep(500000);
			EQ(1, send_text(fd, only_id(fd), "x", 0, 0));
		}
		EQ(SCTP_ESTABLISHED, state_of(fd, only_id(fd)));
		OK(close(m.server));
	}
	CASE("D7.1.8-6", "the length of an int, and no more than Linux's most") {
		int fd = many_style();

		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_AUTOCLOSE, &(int){ 1 }, 3));
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_AUTOCLOSE, (int[2]){ 1, 0 }, 8));
		OK(SET_INT(fd, SCTP_AUTOCLOSE, -1));
		EQ(21474836, INT(fd, SCTP_AUTOCLOSE));
	}
	CASE("D7.1.10-1 D7.1.10-3", "SCTP_PRIMARY_ADDR: the next data goes there") {
		wire_start();
		int listener, fd = two_homed(SOCK_STREAM, &listener);
		struct sctp_setprim primary = { 0 };
		struct sockaddr_in two = v4(2, port(7));
		struct sctp_paddrinfo info = { 0 };

		memcpy(&info.spinfo_address, &two, sizeof(two));
		for (int left = 500; left > 0; left--) {
			OK(GET(fd, SCTP_GET_PEER_ADDR_INFO, info));
			if (info.spinfo_state == SCTP_ACTIVE)
				break;
			usleep(10000);
		}
		OK(GET(fd, SCTP_PRIMARY_ADDR, primary));
		EQ(htonl(0x7f000001), ((struct sockaddr_in *)&primary.ssp_addr)->sin_addr.s_addr);
		memcpy(&primary.ssp_addr, &two, sizeof(two));
		OK(SET(fd, SCTP_PRIMARY_ADDR, primary));
		EQ(1, send(fd, "x", 1, 0));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
		struct sctp_status status = { 0 };
		memset(&primary, 0, sizeof(primary));
		OK(GET(fd, SCTP_PRIMARY_ADDR, primary));
		OK(GET(fd, SCTP_STATUS, status));
		EQ(0, memcmp(&primary.ssp_addr, &status.sstat_primary.spinfo_address, sizeof(primary.ssp_addr)));
		EQ(two.sin_addr.s_addr, ((struct sockaddr_in *)&primary.ssp_addr)->sin_addr.s_addr);
	}
	CASE("D7.1.10-2", "only a peer's address can be the primary") {
		int ends[2];
		struct sctp_prim primary = { 0 };
		struct sockaddr_in stranger = v4(3, port(9)), any = v4(0, port(9));

		tcp_pair(ends);
		memcpy(&primary.ssp_addr, &stranger, sizeof(stranger));
		FAILS(EINVAL, SET(ends[0], SCTP_PRIMARY_ADDR, primary));
		memcpy(&primary.ssp_addr, &any, sizeof(any));
		FAILS(EINVAL, SET(ends[0], SCTP_PRIMARY_ADDR, primary));
	}
	CASE("D7.1.11-1", "SCTP_ADAPTION_LAYER goes into INIT and INIT ACK, in network order") {
		wire_start();
		int listener = bound(SOCK_STREAM, 0), fd = tcp_style();
		struct sctp_setadaption code = { .ssb_adaption_ind = 0x01020304 };
		const unsigned char wanted[8] = { 0xc0, 6, 0, 8, 1, 2, 3, 4 };

		EQ(SCTP_ADAPTATION_LAYER, SCTP_ADAPTION_LAYER);
		OK(SET(listener, SCTP_ADAPTION_LAYER, code));
		OK(SET(fd, SCTP_ADAPTION_LAYER, code));
		OK(listen(listener, 1));
		OK(connect_to(fd, 0));
		EQ(1, parameters(WIRE(INIT, 0), 0xc006));
		EQ(1, parameters(WIRE(INIT_ACK, 0), 0xc006));
		const struct chunk *init = wire_chunk(INIT, 0);
		EXPECT(memmem(init->value, init->len - 4u, wanted, sizeof(wanted)) != NULL);
	}
	CASE("D7.1.11-2", "nobody sets it, nobody sends it") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();

		EQ(0, INT(fd, SCTP_ADAPTATION_LAYER));
		OK(connect_to(fd, 0));
		EQ(0, parameters(WIRE(INIT, 0), 0xc006));
		OK(close(listener));
	}
	LINUX_CASE("D7.1.11-2", "0 is not sent") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();

		OK(SET_INT(fd, SCTP_ADAPTATION_LAYER, 0));
		OK(connect_to(fd, 0));
		EQ(0, parameters(WIRE(INIT, 0), 0xc006));
		OK(close(listener));
	}
	RFC_CASE("D7.1.11-2", "0 is sent once it is set") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();

		OK(SET_INT(fd, SCTP_ADAPTATION_LAYER, 0));
		OK(connect_to(fd, 0));
		EQ(1, parameters(WIRE(INIT, 0), 0xc006));
		OK(close(listener));
	}
	CASE("D7.1.12-1 D7.1.12-2", "SCTP_DISABLE_FRAGMENTS: off, messages are cut; on, large ones are EMSGSIZE") {
		int ends[2];
		struct sctp_status status = { 0 };

		tcp_pair(ends);
		EQ(0, INT(ends[0], SCTP_DISABLE_FRAGMENTS));
		OK(GET(ends[0], SCTP_STATUS, status));
		size_t most = status.sstat_fragmentation_point;
		EQ(most + 1, send(ends[0], pattern(most + 1), most + 1, 0));
		OK(SET_INT(ends[0], SCTP_DISABLE_FRAGMENTS, 1));
		FAILS(EMSGSIZE, send(ends[0], pattern(most + 1), most + 1, 0));
		EQ(1, send(ends[0], "x", 1, 0));
	}
	CASE("D7.1.13-1 D7.1.13-13", "SCTP_PEER_ADDR_PARAMS in both lengths, with the current values") {
		struct sctp_paddrparams path = { 0 };
		socklen_t len = 155;
		int fd = tcp_style();

		EQ(156, sizeof(path));
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, &len));
		EQ(152, len);
		EQ(30000, path.spp_hbinterval);
		EQ(5, path.spp_pathmaxrxt);
		EQ(200, path.spp_sackdelay);
		EQ(SPP_HB_ENABLE | SPP_PMTUD_ENABLE | SPP_SACKDELAY_ENABLE, path.spp_flags);
		path.spp_pathmaxrxt = 6;
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, 152));
		EQ(6, path_of(fd, 0, NULL).spp_pathmaxrxt);
	}
	CASE("D7.1.13-2 D7.1.13-3", "heartbeats: as often as spp_hbinterval says, and not at all") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();

		all_rto(fd, 100);
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_HB_ENABLED, .spp_hbinterval = 100 }));
		EQ(SPP_HB_ENABLE, SPP_HB_ENABLED);
		EQ(SPP_HB_DISABLE, SPP_HB_DISABLED);
		OK(connect_to(fd, 0));
		WIRE(HEARTBEAT, 2);
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_HB_DISABLE }));
		usleep(300000);
		int before = wire_count(HEARTBEAT);
		usleep(600000);
		EQ(before, wire_count(HEARTBEAT));
		OK(close(listener));
	}
	CASE("D7.1.13-4", "SPP_HB_DEMAND: a heartbeat at once") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		EQ(0, wire_count(HEARTBEAT));
		OK(set_path(ends[0], 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_HB_DEMAND }));
		WIRE(HEARTBEAT, 0);
		WIRE(HEARTBEAT_ACK, 0);
	}
	CASE("D7.1.13-5", "spp_pathmaxrxt: the path is unreachable with the timeout after that many") {
		if (is_kernel())
			case_skipped("silences another process");
		pid_t other = other_process(0);
		wire_start();
		int fd = many_style();

		all_rto(fd, 100);
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_pathmaxrxt = 1, .spp_flags = SPP_HB_DISABLE }));
		OK(connect_to(fd, 6));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENT,
			      &(struct sctp_event){ .se_assoc_id = only_id(fd), .se_type = SCTP_PEER_ADDR_CHANGE, .se_on = 1 }, 8));
		stop(other);
		EQ(1, send_text(fd, only_id(fd), "x", 0, 0));
		EQ(SCTP_ADDR_UNREACHABLE, EVENT(fd, SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change.spc_state);
		EXPECT(wire_count(DATA) >= 2 && wire_count(DATA) <= 3);
	}
	CASE("D7.1.13-6 D7.1.13-7", "a fixed PMTU bounds the packets; below 512 it is refused") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		FAILS(EINVAL, set_path(ends[0], 0, NULL,
				       (struct sctp_paddrparams){ .spp_flags = SPP_PMTUD_DISABLED, .spp_pathmtu = 500 }));
		OK(set_path(ends[0], 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = 600 }));
		EQ(600, path_of(ends[0], 0, NULL).spp_pathmtu);
		EQ(3000, send(ends[0], pattern(3000), 3000, 0));
		WIRE(DATA, 5);
		for (int each = 0; each < 5; each++)
			EXPECT(wire_chunk(DATA, each)->len <= 600 - 20 - 8 - 12);
	}
	CASE("D7.1.13-8 D7.1.13-11", "spp_sackdelay, for the whole association; more than 500 ms is refused") {
		int ends[2];
		struct sctp_sack_info sack = { 0 };

		tcp_pair(ends);
		OK(set_path(ends[0], 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_SACKDELAY_ENABLED,
									 .spp_sackdelay = 400 }));
		EQ(400, path_of(ends[0], 0, NULL).spp_sackdelay);
		OK(GET(ends[0], SCTP_DELAYED_SACK, sack));
		EQ(400, sack.sack_delay);
		FAILS(EINVAL, set_path(ends[0], 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_SACKDELAY_ENABLE,
										    .spp_sackdelay = 501 }));
		OK(set_path(ends[0], 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_SACKDELAY_DISABLED }));
		EQ(SPP_SACKDELAY_DISABLE, path_of(ends[0], 0, NULL).spp_flags & SPP_SACKDELAY);
	}
	CASE("D7.1.13-9 D7.1.13-10 D7.1.13-11 D7.1.13-12", "switches exclude each other; without them nothing changes") {
		int fd = tcp_style(), both[] = { SPP_HB, SPP_PMTUD, SPP_SACKDELAY };

		for (int each = 0; each < 3; each++)
			FAILS(EINVAL, set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_flags = both[each] }));
		EQ(SPP_PMTUD_ENABLE, SPP_PMTUD_ENABLED);
		EQ(SPP_PMTUD_DISABLE, SPP_PMTUD_DISABLED);
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_flags = SPP_HB_DISABLE | SPP_PMTUD_DISABLE }));
		OK(set_path(fd, 0, NULL, (struct sctp_paddrparams){ .spp_hbinterval = 7, .spp_pathmtu = 0 }));
		EQ(SPP_HB_DISABLE | SPP_PMTUD_DISABLE | SPP_SACKDELAY_ENABLE, path_of(fd, 0, NULL).spp_flags);
		EQ(30000, path_of(fd, 0, NULL).spp_hbinterval);
	}
	CASE("D7.1.14-1 D7.1.14-4 D7.1.14-5", "SCTP_DEFAULT_SEND_PARAM is for sends without an item") {
		int ends[2];
		struct sctp_sndrcvinfo info = { .sinfo_stream = 3, .sinfo_ppid = htonl(7), .sinfo_context = 9 };

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		OK(SET(ends[0], SCTP_DEFAULT_SEND_PARAM, info));
		EQ(1, send(ends[0], "a", 1, 0));
		struct message *got = TEXT(ends[1], "a");
		EQ(3, got->sndrcv.sinfo_stream);
		EQ(htonl(7), got->sndrcv.sinfo_ppid);
		EQ(1, send_text(ends[0], 0, "b", 0, 0));
		got = TEXT(ends[1], "b");
		EQ(0, got->sndrcv.sinfo_stream);
		EQ(0, got->sndrcv.sinfo_ppid);
		memset(&info, 0, sizeof(info));
		OK(GET(ends[0], SCTP_DEFAULT_SEND_PARAM, info));
		EQ(3, info.sinfo_stream);
		EQ(9, info.sinfo_context);
	}
	CASE("D7.1.14-2", "flags among the defaults") {
		int ends[2];
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_UNORDERED, .sinfo_timetolive = 5000 };

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		OK(SET(ends[0], SCTP_DEFAULT_SEND_PARAM, info));
		EQ(1, send(ends[0], "a", 1, 0));
		EQ(SCTP_UNORDERED, TEXT(ends[1], "a")->sndrcv.sinfo_flags & SCTP_UNORDERED);
		OK(GET(ends[0], SCTP_DEFAULT_SEND_PARAM, info));
		EQ(5000, info.sinfo_timetolive);
		info.sinfo_flags = SCTP_SACK_IMMEDIATELY;
		FAILS(EINVAL, SET(ends[0], SCTP_DEFAULT_SEND_PARAM, info));
	}
	LINUX_CASE("D7.1.14-2", "SCTP_SENDALL is not among them") {
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_SENDALL };

		FAILS(EINVAL, SET(many_style(), SCTP_DEFAULT_SEND_PARAM, info));
	}
	RFC_CASE("D7.1.14-2", "SCTP_SENDALL: each send goes to all") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		int other = more_client(&m, &second, &at_client);
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_SENDALL };

		OK(SET(m.server, SCTP_DEFAULT_SEND_PARAM, info));
		EQ(1, send(m.server, "x", 1, 0));
		TEXT(m.client, "x");
		TEXT(other, "x");
	}
	CASE("D7.1.14-3", "an id, and 0 for the endpoint") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_stream = 3, .sinfo_assoc_id = m.at_client };

		OK(SET(m.client, SCTP_DEFAULT_SEND_PARAM, info));
		info = (struct sctp_sndrcvinfo){ .sinfo_stream = 4 };
		OK(SET(m.client, SCTP_DEFAULT_SEND_PARAM, info));
		info.sinfo_assoc_id = m.at_client;
		OK(GET(m.client, SCTP_DEFAULT_SEND_PARAM, info));
		EQ(3, info.sinfo_stream);
		info = (struct sctp_sndrcvinfo){ .sinfo_stream = 5, .sinfo_assoc_id = SCTP_CURRENT_ASSOC };
		OK(SET(m.client, SCTP_DEFAULT_SEND_PARAM, info));
		info.sinfo_assoc_id = m.at_client;
		OK(GET(m.client, SCTP_DEFAULT_SEND_PARAM, info));
		EQ(5, info.sinfo_stream);
	}
	CASE("D7.1.16-1 D7.1.16-2 D7.1.16-3", "IPv4 addresses on a PF_INET6 socket, mapped or not") {
		int listener = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), client = tcp_style();
		struct sockaddr_in6 any = v6(0, port(0));
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		struct sockaddr *list;

		EQ(1, INT(listener, SCTP_I_WANT_MAPPED_V4_ADDR));
		OK(bind(listener, SA(any)));
		OK(listen(listener, 1));
		OK(connect_to(client, 0));
		int fd = OK(accept(listener, (struct sockaddr *)&from, &len));
		EQ(AF_INET6, from.ss_family);
		EXPECT(IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&from)->sin6_addr));
		EQ(1, sctp_getpaddrs(fd, 0, &list));
		EQ(AF_INET6, list->sa_family);
		sctp_freepaddrs(list);
		OK(SET_INT(fd, SCTP_I_WANT_MAPPED_V4_ADDR, 0));
		len = sizeof(from);
		OK(getpeername(fd, (struct sockaddr *)&from, &len));
		EQ(AF_INET, from.ss_family);
		EQ(16, len);
		EQ(1, sctp_getpaddrs(fd, 0, &list));
		EQ(AF_INET, list->sa_family);
		sctp_freepaddrs(list);
		EQ(1, send(client, "x", 1, 0));
		EQ(AF_INET, TEXT(fd, "x")->from.ss_family);
	}
	LINUX_CASE("D7.1.16-4", "it may be set on a PF_INET socket") {
		OK(SET_INT(tcp_style(), SCTP_I_WANT_MAPPED_V4_ADDR, 0));
	}
	RFC_CASE("D7.1.16-4", "it may not be set on a PF_INET socket") {
		FAILS(EINVAL, SET_INT(tcp_style(), SCTP_I_WANT_MAPPED_V4_ADDR, 0));
	}
	CASE("D7.1.17-1", "SCTP_MAXSEG: no chunk has more user data") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		OK(SET_INT(ends[0], SCTP_MAXSEG, 500));
		EQ(1200, send(ends[0], pattern(1200), 1200, 0));
		WIRE(DATA, 2);
		for (int each = 0; each < 3; each++)
			EXPECT(wire_chunk(DATA, each)->len <= 500 + 16);
	}
	CASE("D7.1.17-3 B3-15", "as an int and as a structure") {
		struct many m = many_pair();
		struct sctp_assoc_value value = { .assoc_id = m.at_client, .assoc_value = 700 };

		OK(SET(m.client, SCTP_MAXSEG, value));
		EQ(0, INT(m.client, SCTP_MAXSEG));
		OK(SET_INT(m.client, SCTP_MAXSEG, 600));
		EQ(600, INT(m.client, SCTP_MAXSEG));
		OK(GET(m.client, SCTP_MAXSEG, value));
		EXPECT(value.assoc_value <= 700 && value.assoc_value > 600);
		FAILS(EINVAL, setsockopt(m.client, IPPROTO_SCTP, SCTP_MAXSEG, &value, 6));
	}
	CASE("D7.1.17-4", "0 at first; of an association, the fragmentation point") {
		int ends[2];
		struct sctp_status status = { 0 };

		EQ(0, INT(tcp_style(), SCTP_MAXSEG));
		tcp_pair(ends);
		OK(GET(ends[0], SCTP_STATUS, status));
		EQ(status.sstat_fragmentation_point, INT(ends[0], SCTP_MAXSEG));
	}
	CASE("D7.1.17-5", "impossible sizes") {
		int fd = tcp_style();

		FAILS(EINVAL, SET_INT(fd, SCTP_MAXSEG, 463));
		FAILS(EINVAL, SET_INT(fd, SCTP_MAXSEG, 65517));
		FAILS(EINVAL, SET_INT(fd, SCTP_MAXSEG, -1));
		OK(SET_INT(fd, SCTP_MAXSEG, 464));
		OK(SET_INT(fd, SCTP_MAXSEG, 65516));
		OK(SET_INT(fd, SCTP_MAXSEG, 0));
	}
	return cases_done();
}
