/* Options that RFC 6458 and Linux add. */
#include "options.h"

int main(void)
{
	CASE("B3-1", "SCTP_EVENT: one kind, by its number") {
		struct many m = many_pair();
		struct sctp_event event = { .se_assoc_id = m.at_client, .se_type = SCTP_SHUTDOWN_EVENT };

		OK(GET(m.client, SCTP_EVENT, event));
		EQ(1, event.se_on);
		event.se_on = 0;
		OK(SET(m.client, SCTP_EVENT, event));
		event.se_on = 1;
		OK(GET(m.client, SCTP_EVENT, event));
		EQ(0, event.se_on);
		event.se_type = 0x7000;
		FAILS(EINVAL, SET(m.client, SCTP_EVENT, event));
		FAILS(EINVAL, GET(m.client, SCTP_EVENT, event));
	}
	CASE("B3-3", "SCTP_RECVRCVINFO") {
		int ends[2];

		tcp_pair(ends);
		EQ(0, INT(ends[1], SCTP_RECVRCVINFO));
		EQ(0, INT(ends[1], SCTP_RECVNXTINFO));
		OK(SET_INT(ends[1], SCTP_RECVRCVINFO, 2));
		EQ(1, INT(ends[1], SCTP_RECVRCVINFO));
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(1, TEXT(ends[1], "x")->has_rcv);
	}
	CASE("B3-4", "SCTP_DEFAULT_SNDINFO") {
		int ends[2];
		struct sctp_sndinfo info = { .snd_sid = 3, .snd_ppid = htonl(7) };

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		OK(SET(ends[0], SCTP_DEFAULT_SNDINFO, info));
		EQ(1, send(ends[0], "x", 1, 0));
		struct message *got = TEXT(ends[1], "x");
		EQ(3, got->sndrcv.sinfo_stream);
		EQ(htonl(7), got->sndrcv.sinfo_ppid);
	}
	CASE("B3-11", "SCTP_CONTEXT comes with what is received") {
		int ends[2];
		struct sctp_assoc_value value = { .assoc_value = 77 };

		tcp_pair(ends);
		OK(SET(ends[1], SCTP_CONTEXT, value));
		OK(SET_INT(ends[1], SCTP_RECVRCVINFO, 1));
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(77, TEXT(ends[1], "x")->rcv.rcv_context);
	}
	CASE("B3-24 B3-25", "how many associations, and which") {
		struct many m = many_pair();
		sctp_assoc_t second, at_client;
		struct { uint32_t number; sctp_assoc_t id[2]; } ids;

		more_client(&m, &second, &at_client);
		EQ(2, INT(m.server, SCTP_GET_ASSOC_NUMBER));
		OK(GET(m.server, SCTP_GET_ASSOC_ID_LIST, ids));
		EQ(2, ids.number);
		EQ(m.at_server, ids.id[0]);
		EQ(second, ids.id[1]);
		FAILS(EINVAL, getsockopt(m.server, IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, &ids, &(socklen_t){ 8 }));
		FAILS(EOPNOTSUPP, getsockopt(tcp_style(), IPPROTO_SCTP, SCTP_GET_ASSOC_NUMBER, &ids, &(socklen_t){ 4 }));
		FAILS(EOPNOTSUPP, getsockopt(tcp_style(), IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, &ids, &(socklen_t){ 12 }));
	}
	CASE("B10-7 B10-8 B10-10 B10-11", "names, numbers, and the lengths of addresses") {
		EQ(16, SCTP_DELAYED_ACK);
		EQ(16, SCTP_DELAYED_ACK_TIME);
		EQ(16, SCTP_DELAYED_SACK);
		EQ(37, SCTP_PEER_ADDR_THLDS_V2);
		EQ(5, SCTP_ADDR_CONFIRMED);
		EQ(0xffff, SCTP_UNKNOWN);
		EQ(0, SCTP_EMPTY);
		EQ(6, SCTP_PEER_FAULTY);
		EQ(16, sctp_getaddrlen(AF_INET));
		EQ(28, sctp_getaddrlen(AF_INET6));
		EQ(0, sctp_getaddrlen(AF_UNIX));
	}
	CASE("B10-9", "SCTP_SENDMSG_CONNECT is no option of programs") {
		char octets[16] = { 0 };

		FAILS(ENOPROTOOPT, setsockopt(tcp_style(), IPPROTO_SCTP, 126, octets, 16));
		FAILS(ENOPROTOOPT, getsockopt(tcp_style(), IPPROTO_SCTP, 126, octets, &(socklen_t){ 16 }));
	}
	return cases_done();
}
