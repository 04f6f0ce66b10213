/* Section 7 of the draft: socket options in general. */
#include "options.h"

int main(void)
{
	CASE("D7-1 D7-11", "an address in the structure means that path alone") {
		int listener, fd = two_homed(SOCK_STREAM, &listener);
		struct sockaddr_in one = v4(1, port(7)), two = v4(2, port(7));

		OK(set_path(fd, 0, &two, (struct sctp_paddrparams){ .spp_pathmaxrxt = 9 }));
		EQ(5, path_of(fd, 0, &one).spp_pathmaxrxt);
		EQ(9, path_of(fd, 0, &two).spp_pathmaxrxt);
	}
	CASE("D7-2", "on one-to-many sockets the id says which association") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		struct sctp_rtoinfo rto = { .srto_assoc_id = m.at_server, .srto_initial = 700 };

		more_client(&m, &second, &at_client);
		OK(SET(m.server, SCTP_RTOINFO, rto));
		rto.srto_assoc_id = second;
		OK(GET(m.server, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		rto.srto_assoc_id = m.at_server;
		OK(GET(m.server, SCTP_RTOINFO, rto));
		EQ(700, rto.srto_initial);
	}
	CASE("D7-3", "on one-to-one sockets the id does not count") {
		int ends[2];
		struct sctp_rtoinfo rto = { .srto_assoc_id = 4711, .srto_initial = 700 };
		struct sctp_status status = { .sstat_assoc_id = -1 };

		tcp_pair(ends);
		OK(SET(ends[0], SCTP_RTOINFO, rto));
		rto.srto_assoc_id = 1;
		rto.srto_initial = 0;
		OK(GET(ends[0], SCTP_RTOINFO, rto));
		EQ(700, rto.srto_initial);
		OK(GET(ends[0], SCTP_STATUS, status));
		EQ(SCTP_ESTABLISHED, status.sstat_state);
	}
	CASE("D7-3", "nor on branched-off sockets") {
		struct many m = many_pair();
		int branch = OK(sctp_peeloff(m.server, m.at_server));
		struct sctp_assoc_value context = { .assoc_id = 4711, .assoc_value = 7 };

		OK(SET(branch, SCTP_CONTEXT, context));
		context.assoc_value = 0;
		OK(GET(branch, SCTP_CONTEXT, context));
		EQ(7, context.assoc_value);
	}
	CASE("D7-4", "options of other levels count for every association of the socket") {
		wire_start();
		struct many m = many_pair();
		sctp_assoc_t second, at_client;

		more_client(&m, &second, &at_client);
		set_int(m.server, IPPROTO_IP, IP_TOS, 0x48);
		EQ(0x48, path_of(m.server, m.at_server, NULL).spp_dscp);
		EQ(0x48, path_of(m.server, second, NULL).spp_dscp);
		set_int(m.server, SOL_SOCKET, SO_SNDBUF, 6000);
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = second };
		struct outgoing out = { .data = pattern(20000), .len = 20000, .sndrcv = &info };
		FAILS(EMSGSIZE, send_out(m.server, &out));
		info.sinfo_assoc_id = m.at_server;
		FAILS(EMSGSIZE, send_out(m.server, &out));
	}
	CASE("D7-5 D7-8", "sctp_opt_info() reads as getsockopt() does") {
		struct many m = many_pair();
		struct sctp_status status = { 0 }, asked = { .sstat_assoc_id = m.at_client };
		struct sctp_rtoinfo rto;
		struct sctp_assocparams parameters;
		struct sctp_sndrcvinfo defaults;
		struct sctp_prim primary;
		struct sctp_paddrparams path = { 0 };
		struct sctp_paddrinfo info = { 0 };

		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_STATUS, &status, &(socklen_t){ sizeof(status) }));
		OK(GET(m.client, SCTP_STATUS, asked));
		EQ(0, memcmp(&status, &asked, sizeof(status)));
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_RTOINFO, &rto, &(socklen_t){ sizeof(rto) }));
		EQ(3000, rto.srto_initial);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_ASSOCINFO, &parameters, &(socklen_t){ sizeof(parameters) }));
		EQ(1, parameters.sasoc_number_peer_destinations);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_DEFAULT_SEND_PARAM, &defaults,
				    &(socklen_t){ sizeof(defaults) }));
		EQ(m.at_client, defaults.sinfo_assoc_id);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_PRIMARY_ADDR, &primary, &(socklen_t){ sizeof(primary) }));
		EQ(htons(port(8)), ((struct sockaddr_in *)&primary.ssp_addr)->sin_port);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_PEER_ADDR_PARAMS, &path, &(socklen_t){ sizeof(path) }));
		EQ(30000, path.spp_hbinterval);
		memcpy(&info.spinfo_address, &primary.ssp_addr, sizeof(info.spinfo_address));
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_GET_PEER_ADDR_INFO, &info, &(socklen_t){ sizeof(info) }));
		EQ(SCTP_ACTIVE, info.spinfo_state);
	}
	CASE("D7-8 B1-5", "sctp_opt_info() reads the later options too") {
		struct many m = many_pair();
		struct sctp_sack_info sack;
		struct sctp_assoc_value value;
		struct sctp_event event = { .se_type = SCTP_SHUTDOWN_EVENT };
		struct sctp_sndinfo sndinfo;
		struct sctp_default_prinfo prinfo;

		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_DELAYED_SACK, &sack, &(socklen_t){ sizeof(sack) }));
		EQ(200, sack.sack_delay);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_MAX_BURST, &value, &(socklen_t){ sizeof(value) }));
		EQ(4, value.assoc_value);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_CONTEXT, &value, &(socklen_t){ sizeof(value) }));
		EQ(0, value.assoc_value);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_EVENT, &event, &(socklen_t){ sizeof(event) }));
		EQ(1, event.se_on);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_DEFAULT_SNDINFO, &sndinfo,
				    &(socklen_t){ sizeof(sndinfo) }));
		EQ(m.at_client, sndinfo.snd_assoc_id);
		EQ(0, sctp_opt_info(m.client, m.at_client, SCTP_DEFAULT_PRINFO, &prinfo, &(socklen_t){ sizeof(prinfo) }));
		EQ(0, prinfo.pr_policy);
	}
	CASE("D7-6", "sctp_opt_info() changes nothing") {
		int ends[2];
		struct sctp_rtoinfo rto = { .srto_initial = 777, .srto_min = 1, .srto_max = 2 };

		tcp_pair(ends);
		EQ(0, sctp_opt_info(ends[0], 0, SCTP_RTOINFO, &rto, &(socklen_t){ sizeof(rto) }));
		EQ(3000, rto.srto_initial);
	}
	CASE("D7-7", "its id goes before the one in the structure") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		struct sctp_rtoinfo rto = { .srto_assoc_id = m.at_server, .srto_initial = 700 };

		more_client(&m, &second, &at_client);
		OK(SET(m.server, SCTP_RTOINFO, rto));
		EQ(0, sctp_opt_info(m.server, second, SCTP_RTOINFO, &rto, &(socklen_t){ sizeof(rto) }));
		EQ(3000, rto.srto_initial);
		EQ(second, rto.srto_assoc_id);
	}
	CASE("D7-7", "an option without an id is read as it is") {
		struct sctp_initmsg init;
		struct sctp_event_subscribe events;
		int fd = many_style();

		EQ(0, sctp_opt_info(fd, 0, SCTP_INITMSG, &init, &(socklen_t){ sizeof(init) }));
		EQ(10, init.sinit_num_ostreams);
		EQ(0, sctp_opt_info(fd, 0x01010101, SCTP_EVENTS, &events, &(socklen_t){ sizeof(events) }));
		EQ(0, events.sctp_data_io_event);
	}
	CASE("D7-9", "what cannot be read is EOPNOTSUPP") {
		char octets[256] = { 0 };

		FAILS(EOPNOTSUPP, sctp_opt_info(many_style(), 0, SCTP_SOCKOPT_BINDX_ADD, octets, &(socklen_t){ 256 }));
	}
	CASE("D7-10 D7-13", "without id and address the endpoint's future associations are meant") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		struct sctp_rtoinfo rto = { .srto_initial = 700 };
		struct sctp_paddrparams path = { .spp_pathmaxrxt = 8 };

		OK(SET(m.server, SCTP_RTOINFO, rto));
		OK(SET(m.server, SCTP_PEER_ADDR_PARAMS, path));
		EQ(5, path_of(m.server, m.at_server, NULL).spp_pathmaxrxt);
		more_client(&m, &second, &at_client);
		EQ(8, path_of(m.server, second, NULL).spp_pathmaxrxt);
		rto.srto_assoc_id = m.at_server;
		OK(GET(m.server, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		rto.srto_assoc_id = second;
		OK(GET(m.server, SCTP_RTOINFO, rto));
		EQ(700, rto.srto_initial);
	}
	CASE("D7-11", "on a one-to-many socket the address alone finds the path; an id has to fit") {
		struct many m = many_pair();
		int other, fd = two_homed(SOCK_SEQPACKET, &other);
		sctp_assoc_t id = only_id(fd);
		struct sockaddr_in one = v4(1, port(7)), two = v4(2, port(7));

		OK(set_path(fd, 0, &two, (struct sctp_paddrparams){ .spp_pathmaxrxt = 9 }));
		EQ(9, path_of(fd, id, &two).spp_pathmaxrxt);
		EQ(5, path_of(fd, id, &one).spp_pathmaxrxt);
		FAILS(EINVAL, set_path(fd, id + 100, &two, (struct sctp_paddrparams){ .spp_pathmaxrxt = 7 }));
		FAILS(EINVAL, set_path(fd, m.at_server, &two, (struct sctp_paddrparams){ .spp_pathmaxrxt = 7 }));
		EQ(9, path_of(fd, id, &two).spp_pathmaxrxt);
	}
	CASE("D7-12", "an id without address means the association and all its paths") {
		int other, fd = two_homed(SOCK_SEQPACKET, &other);
		sctp_assoc_t id = only_id(fd);
		struct sockaddr_in one = v4(1, port(7)), two = v4(2, port(7));

		OK(set_path(fd, id, NULL, (struct sctp_paddrparams){ .spp_pathmaxrxt = 9 }));
		EQ(9, path_of(fd, id, &one).spp_pathmaxrxt);
		EQ(9, path_of(fd, id, &two).spp_pathmaxrxt);
		EQ(5, path_of(fd, 0, NULL).spp_pathmaxrxt);
	}
	CASE("D7-14", "no family and the wildcards of both mean that no address is given") {
		struct many m = many_pair();
		struct sctp_paddrparams path = { .spp_assoc_id = m.at_server, .spp_pathmaxrxt = 6 };

		OK(SET(m.server, SCTP_PEER_ADDR_PARAMS, path));
		EQ(6, path_of(m.server, m.at_server, NULL).spp_pathmaxrxt);
		path.spp_address.ss_family = AF_INET;
		path.spp_pathmaxrxt = 7;
		OK(SET(m.server, SCTP_PEER_ADDR_PARAMS, path));
		EQ(7, path_of(m.server, m.at_server, NULL).spp_pathmaxrxt);
		path.spp_address.ss_family = AF_INET6;
		path.spp_pathmaxrxt = 8;
		OK(SET(m.server, SCTP_PEER_ADDR_PARAMS, path));
		EQ(8, path_of(m.server, m.at_server, NULL).spp_pathmaxrxt);
	}
	CASE("D7-15", "an id that is nobody's, an address that is no peer's") {
		struct many m = many_pair();
		struct sctp_rtoinfo rto = { .srto_assoc_id = 4711, .srto_initial = 700 };
		struct sockaddr_in stranger = v4(3, port(8)), there = v4(1, port(8)), wrong = v4(1, port(9));

		FAILS(EINVAL, SET(m.client, SCTP_RTOINFO, rto));
		rto.srto_assoc_id = -1;
		FAILS(EINVAL, SET(m.client, SCTP_RTOINFO, rto));
		FAILS(EINVAL, set_path(m.client, m.at_client, &stranger, (struct sctp_paddrparams){ .spp_pathmaxrxt = 7 }));
		FAILS(EINVAL, set_path(m.client, 0, &wrong, (struct sctp_paddrparams){ .spp_pathmaxrxt = 7 }));
		EQ(5, path_of(m.client, m.at_client, &there).spp_pathmaxrxt);
		struct sctp_prim primary = { .ssp_assoc_id = 4711 };
		memcpy(&primary.ssp_addr, &there, sizeof(there));
		OK(SET(m.client, SCTP_PRIMARY_ADDR, primary));
	}
	LINUX_CASE("D7-15", "a negative id reaches nobody where the ids 1 and 2 are known") {
		struct sctp_assoc_value context = { .assoc_id = -1, .assoc_value = 7 };

		OK(SET(many_style(), SCTP_CONTEXT, context));
	}
	RFC_CASE("D7-15", "a negative id is an error everywhere") {
		struct sctp_assoc_value context = { .assoc_id = -1, .assoc_value = 7 };

		FAILS(EINVAL, SET(many_style(), SCTP_CONTEXT, context));
	}
	CASE("D7-16", "on a connected one-to-one socket the id 0 is its association, before that the endpoint") {
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();
		struct sctp_rtoinfo rto = { .srto_initial = 700 };

		OK(SET(fd, SCTP_RTOINFO, rto));
		OK(connect_to(fd, 0));
		rto.srto_initial = 0;
		OK(GET(fd, SCTP_RTOINFO, rto));
		EQ(700, rto.srto_initial);
		rto.srto_initial = 800;
		OK(SET(fd, SCTP_RTOINFO, rto));
		OK(GET(fd, SCTP_RTOINFO, rto));
		EQ(800, rto.srto_initial);
		OK(close(listener));
	}
	CASE("D7-17 B1-1", "the ids 1 and 2: the present associations, and the future ones too") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		struct sctp_assoc_value value = { .assoc_id = SCTP_CURRENT_ASSOC, .assoc_value = 7 };

		OK(SET(m.server, SCTP_MAX_BURST, value));
		more_client(&m, &second, &at_client);
		value.assoc_id = m.at_server;
		OK(GET(m.server, SCTP_MAX_BURST, value));
		EQ(7, value.assoc_value);
		value.assoc_id = second;
		OK(GET(m.server, SCTP_MAX_BURST, value));
		EQ(4, value.assoc_value);
		value = (struct sctp_assoc_value){ .assoc_id = SCTP_ALL_ASSOC, .assoc_value = 9 };
		OK(SET(m.server, SCTP_MAX_BURST, value));
		for (int each = 0; each < 3; each++) {
			value.assoc_id = each == 0 ? 0 : each == 1 ? second : m.at_server;
			OK(GET(m.server, SCTP_MAX_BURST, value));
			EQ(9, value.assoc_value);
		}
	}
	CASE("D7-17 B1-2", "other options and all reading refuse the ids 1 and 2") {
		struct many m = many_pair();

		for (int id = 1; id <= 2; id++) {
			struct sctp_rtoinfo rto = { .srto_assoc_id = id };
			struct sctp_assocparams parameters = { .sasoc_assoc_id = id };
			struct sctp_assoc_value value = { .assoc_id = id };

			FAILS(EINVAL, SET(m.server, SCTP_RTOINFO, rto));
			FAILS(EINVAL, GET(m.server, SCTP_RTOINFO, rto));
			FAILS(EINVAL, SET(m.server, SCTP_ASSOCINFO, parameters));
			FAILS(EINVAL, GET(m.server, SCTP_ASSOCINFO, parameters));
			FAILS(EINVAL, set_path(m.server, id, NULL, (struct sctp_paddrparams){ 0 }));
			FAILS(EINVAL, SET(m.server, SCTP_MAXSEG, value));
			FAILS(EINVAL, GET(m.server, SCTP_MAX_BURST, value));
			FAILS(EINVAL, GET(m.server, SCTP_CONTEXT, value));
		}
	}
	CASE("D7-18", "reading with id 0 gives the endpoint's values, or EINVAL where only associations have one") {
		struct many m = many_pair();
		struct sctp_rtoinfo rto = { .srto_assoc_id = m.at_server, .srto_initial = 700 };
		struct sctp_status status = { 0 };
		struct sctp_prim primary = { 0 };

		OK(SET(m.server, SCTP_RTOINFO, rto));
		rto.srto_assoc_id = 0;
		OK(GET(m.server, SCTP_RTOINFO, rto));
		EQ(3000, rto.srto_initial);
		FAILS(EINVAL, GET(m.server, SCTP_STATUS, status));
		FAILS(EINVAL, GET(m.server, SCTP_PRIMARY_ADDR, primary));
	}
	return cases_done();
}
