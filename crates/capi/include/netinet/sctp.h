/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * netinet/sctp.h - the SCTP sockets API of RFC 6458, with the numbers and layouts of Linux.
 *
 * Programs built with this header run on usctp and on Linux's own SCTP alike. Beside what Linux has, it knows the names
 * of draft-ietf-tsvwg-sctpsocket-10 and those of later RFCs that Linux lacks; their numbers lie where a Linux kernel
 * answers ENOPROTOOPT or EINVAL.
 */
#ifndef USCTP_NETINET_SCTP_H
#define USCTP_NETINET_SCTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef IPPROTO_SCTP
#define IPPROTO_SCTP 132
#endif
#ifndef SOL_SCTP
#define SOL_SCTP 132
#endif

/* What the draft asks a program to test for. */
#define HAVE_SCTP 1
#define HAVE_SCTP_PRSCTP 1
#define HAVE_SCTP_ADDIP 1
#define HAVE_SCTP_CANSET_PRIMARY 1
#define HAVE_SCTP_MULTIBUF 1
#define HAVE_SCTP_NOCONNECT 1
#ifdef USCTP_CLAIM_KERNEL_SCTP
#define HAVE_KERNEL_SCTP 1
#endif
#define HAVE_SCTP_STREAM_RESET_EVENT 1
#define HAVE_SCTP_STREAM_RECONFIG 1
#define HAVE_SCTP_PEELOFF_FLAGS 1
#define HAVE_SCTP_PDAPI_EVENT_PDAPI_STREAM 1
#define HAVE_SCTP_PDAPI_EVENT_PDAPI_SEQ 1
#define HAVE_SCTP_SENDV 1
#define HAVE_SCTP_AUTH_NO_AUTH 1
#define HAVE_SCTP_SPP_IPV6_FLOWLABEL 1
#define HAVE_SCTP_SPP_DSCP 1

/*
 * Part 1: what Linux's header has. A program may include <linux/sctp.h> too, before or after.
 */
#ifndef _SCTP_H
#define _SCTP_H

typedef int32_t sctp_assoc_t;

#define SCTP_FUTURE_ASSOC 0
#define SCTP_CURRENT_ASSOC 1
#define SCTP_ALL_ASSOC 2

/*
 * Socket options, level IPPROTO_SCTP.
 */
#define SCTP_RTOINFO 0
#define SCTP_ASSOCINFO 1
#define SCTP_INITMSG 2
#define SCTP_NODELAY 3
#define SCTP_AUTOCLOSE 4
#define SCTP_SET_PEER_PRIMARY_ADDR 5
#define SCTP_PRIMARY_ADDR 6
#define SCTP_ADAPTATION_LAYER 7
#define SCTP_DISABLE_FRAGMENTS 8
#define SCTP_PEER_ADDR_PARAMS 9
#define SCTP_DEFAULT_SEND_PARAM 10
#define SCTP_EVENTS 11
#define SCTP_I_WANT_MAPPED_V4_ADDR 12
#define SCTP_MAXSEG 13
#define SCTP_STATUS 14
#define SCTP_GET_PEER_ADDR_INFO 15
#define SCTP_DELAYED_ACK_TIME 16
#define SCTP_DELAYED_ACK SCTP_DELAYED_ACK_TIME
#define SCTP_DELAYED_SACK SCTP_DELAYED_ACK_TIME
#define SCTP_CONTEXT 17
#define SCTP_FRAGMENT_INTERLEAVE 18
#define SCTP_PARTIAL_DELIVERY_POINT 19
#define SCTP_MAX_BURST 20
#define SCTP_AUTH_CHUNK 21
#define SCTP_HMAC_IDENT 22
#define SCTP_AUTH_KEY 23
#define SCTP_AUTH_ACTIVE_KEY 24
#define SCTP_AUTH_DELETE_KEY 25
#define SCTP_PEER_AUTH_CHUNKS 26
#define SCTP_LOCAL_AUTH_CHUNKS 27
#define SCTP_GET_ASSOC_NUMBER 28
#define SCTP_GET_ASSOC_ID_LIST 29
#define SCTP_AUTO_ASCONF 30
#define SCTP_PEER_ADDR_THLDS 31
#define SCTP_RECVRCVINFO 32
#define SCTP_RECVNXTINFO 33
#define SCTP_DEFAULT_SNDINFO 34
#define SCTP_AUTH_DEACTIVATE_KEY 35
#define SCTP_REUSE_PORT 36
#define SCTP_PEER_ADDR_THLDS_V2 37
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_SOCKOPT_BINDX_REM 101
#define SCTP_SOCKOPT_PEELOFF 102
#define SCTP_SOCKOPT_CONNECTX_OLD 107
#define SCTP_GET_PEER_ADDRS 108
#define SCTP_GET_LOCAL_ADDRS 109
#define SCTP_SOCKOPT_CONNECTX 110
#define SCTP_SOCKOPT_CONNECTX3 111
#define SCTP_GET_ASSOC_STATS 112
#define SCTP_PR_SUPPORTED 113
#define SCTP_DEFAULT_PRINFO 114
#define SCTP_PR_ASSOC_STATUS 115
#define SCTP_PR_STREAM_STATUS 116
#define SCTP_RECONFIG_SUPPORTED 117
#define SCTP_ENABLE_STREAM_RESET 118
#define SCTP_RESET_STREAMS 119
#define SCTP_RESET_ASSOC 120
#define SCTP_ADD_STREAMS 121
#define SCTP_SOCKOPT_PEELOFF_FLAGS 122
#define SCTP_STREAM_SCHEDULER 123
#define SCTP_STREAM_SCHEDULER_VALUE 124
#define SCTP_INTERLEAVING_SUPPORTED 125
#define SCTP_SENDMSG_CONNECT 126
#define SCTP_EVENT 127
#define SCTP_ASCONF_SUPPORTED 128
#define SCTP_AUTH_SUPPORTED 129
#define SCTP_ECN_SUPPORTED 130
#define SCTP_EXPOSE_POTENTIALLY_FAILED_STATE 131
#define SCTP_EXPOSE_PF_STATE SCTP_EXPOSE_POTENTIALLY_FAILED_STATE
#define SCTP_REMOTE_UDP_ENCAPS_PORT 132
#define SCTP_PLPMTUD_PROBE_INTERVAL 133

/*
 * Flags of messages: sinfo_flags, snd_flags, rcv_flags
 */
enum sctp_msg_flags {
	MSG_NOTIFICATION = 0x8000
#define MSG_NOTIFICATION MSG_NOTIFICATION
};

enum sctp_sinfo_flags {
	SCTP_UNORDERED = 0x1,
	SCTP_ADDR_OVER = 0x2,
	SCTP_ABORT = 0x4,
	SCTP_SACK_IMMEDIATELY = 0x8,
	SCTP_SENDALL = 0x40,
	SCTP_PR_SCTP_ALL = 0x80,
	SCTP_NOTIFICATION = 0x8000,
	SCTP_EOF = 0x200
};

/* Policies of partial reliability, RFC 3758 and RFC 7496 */
#define SCTP_PR_SCTP_NONE 0x0000
#define SCTP_PR_SCTP_TTL 0x0010
#define SCTP_PR_SCTP_RTX 0x0020
#define SCTP_PR_SCTP_PRIO 0x0030
#define SCTP_PR_SCTP_MAX SCTP_PR_SCTP_PRIO
#define SCTP_PR_SCTP_MASK 0x0030
#define __SCTP_PR_INDEX(x) (((x) >> 4) - 1)
#define SCTP_PR_INDEX(x) __SCTP_PR_INDEX(x)
#define SCTP_PR_POLICY(x) ((x) & SCTP_PR_SCTP_MASK)
#define SCTP_PR_SET_POLICY(flags, x) \
	do { \
		(flags) &= ~SCTP_PR_SCTP_MASK; \
		(flags) |= (x); \
	} while (0)
#define SCTP_PR_TTL_ENABLED(x) (SCTP_PR_POLICY(x) == SCTP_PR_SCTP_TTL)
#define SCTP_PR_RTX_ENABLED(x) (SCTP_PR_POLICY(x) == SCTP_PR_SCTP_RTX)
#define SCTP_PR_PRIO_ENABLED(x) (SCTP_PR_POLICY(x) == SCTP_PR_SCTP_PRIO)

/*
 * Control messages
 */
enum sctp_cmsg_type {
	SCTP_INIT = 0,
#define SCTP_INIT SCTP_INIT
	SCTP_SNDRCV = 1,
#define SCTP_SNDRCV SCTP_SNDRCV
	SCTP_SNDINFO = 2,
#define SCTP_SNDINFO SCTP_SNDINFO
	SCTP_RCVINFO = 3,
#define SCTP_RCVINFO SCTP_RCVINFO
	SCTP_NXTINFO = 4,
#define SCTP_NXTINFO SCTP_NXTINFO
	SCTP_PRINFO = 5,
#define SCTP_PRINFO SCTP_PRINFO
	SCTP_AUTHINFO = 6,
#define SCTP_AUTHINFO SCTP_AUTHINFO
	SCTP_DSTADDRV4 = 7,
#define SCTP_DSTADDRV4 SCTP_DSTADDRV4
	SCTP_DSTADDRV6 = 8
#define SCTP_DSTADDRV6 SCTP_DSTADDRV6
};

/* SCTP_INIT: asked of the peer when an association is set up */
struct sctp_initmsg {
	uint16_t sinit_num_ostreams;
	uint16_t sinit_max_instreams;
	uint16_t sinit_max_attempts;
	uint16_t sinit_max_init_timeo;
};

/* SCTP_SNDRCV: both directions */
struct sctp_sndrcvinfo {
	uint16_t sinfo_stream;
	uint16_t sinfo_ssn;
	uint16_t sinfo_flags;
	uint32_t sinfo_ppid;
	uint32_t sinfo_context;
	uint32_t sinfo_timetolive;
	uint32_t sinfo_tsn;
	uint32_t sinfo_cumtsn;
	sctp_assoc_t sinfo_assoc_id;
};

/* SCTP_SNDINFO: how to send */
struct sctp_sndinfo {
	uint16_t snd_sid;
	uint16_t snd_flags;
	uint32_t snd_ppid;
	uint32_t snd_context;
	sctp_assoc_t snd_assoc_id;
};

/* SCTP_RCVINFO: what was received */
struct sctp_rcvinfo {
	uint16_t rcv_sid;
	uint16_t rcv_ssn;
	uint16_t rcv_flags;
	uint32_t rcv_ppid;
	uint32_t rcv_tsn;
	uint32_t rcv_cumtsn;
	uint32_t rcv_context;
	sctp_assoc_t rcv_assoc_id;
};

/* SCTP_NXTINFO: what a further receive would give */
struct sctp_nxtinfo {
	uint16_t nxt_sid;
	uint16_t nxt_flags;
	uint32_t nxt_ppid;
	uint32_t nxt_length;
	sctp_assoc_t nxt_assoc_id;
};

/* SCTP_PRINFO: partial reliability */
struct sctp_prinfo {
	uint16_t pr_policy;
	uint32_t pr_value;
};

/* SCTP_AUTHINFO: key to send with */
struct sctp_authinfo {
	uint16_t auth_keynumber;
};

typedef union {
	uint8_t raw;
	struct sctp_initmsg init;
	struct sctp_sndrcvinfo sndrcv;
} sctp_cmsg_data_t;

typedef struct cmsghdr sctp_cmsg_t;

/*
 * Notifications
 */
enum sctp_sn_type {
	SCTP_SN_TYPE_BASE = 0x8000,
	SCTP_DATA_IO_EVENT = 0x8000,
#define SCTP_DATA_IO_EVENT SCTP_DATA_IO_EVENT
	SCTP_ASSOC_CHANGE = 0x8001,
#define SCTP_ASSOC_CHANGE SCTP_ASSOC_CHANGE
	SCTP_PEER_ADDR_CHANGE = 0x8002,
#define SCTP_PEER_ADDR_CHANGE SCTP_PEER_ADDR_CHANGE
	SCTP_SEND_FAILED = 0x8003,
#define SCTP_SEND_FAILED SCTP_SEND_FAILED
	SCTP_REMOTE_ERROR = 0x8004,
#define SCTP_REMOTE_ERROR SCTP_REMOTE_ERROR
	SCTP_SHUTDOWN_EVENT = 0x8005,
#define SCTP_SHUTDOWN_EVENT SCTP_SHUTDOWN_EVENT
	SCTP_PARTIAL_DELIVERY_EVENT = 0x8006,
#define SCTP_PARTIAL_DELIVERY_EVENT SCTP_PARTIAL_DELIVERY_EVENT
	SCTP_ADAPTATION_INDICATION = 0x8007,
#define SCTP_ADAPTATION_INDICATION SCTP_ADAPTATION_INDICATION
	SCTP_AUTHENTICATION_EVENT = 0x8008,
	SCTP_SENDER_DRY_EVENT = 0x8009,
#define SCTP_SENDER_DRY_EVENT SCTP_SENDER_DRY_EVENT
	SCTP_STREAM_RESET_EVENT = 0x800a,
#define SCTP_STREAM_RESET_EVENT SCTP_STREAM_RESET_EVENT
	SCTP_ASSOC_RESET_EVENT = 0x800b,
#define SCTP_ASSOC_RESET_EVENT SCTP_ASSOC_RESET_EVENT
	SCTP_STREAM_CHANGE_EVENT = 0x800c,
#define SCTP_STREAM_CHANGE_EVENT SCTP_STREAM_CHANGE_EVENT
	SCTP_SEND_FAILED_EVENT = 0x800d,
#define SCTP_SEND_FAILED_EVENT SCTP_SEND_FAILED_EVENT
	SCTP_SN_TYPE_MAX = 0x800d
#define SCTP_SN_TYPE_MAX SCTP_SN_TYPE_MAX
};

#define SCTP_AUTHENTICATION_INDICATION SCTP_AUTHENTICATION_EVENT

struct sctp_assoc_change {
	uint16_t sac_type;
	uint16_t sac_flags;
	uint32_t sac_length;
	uint16_t sac_state;
	uint16_t sac_error;
	uint16_t sac_outbound_streams;
	uint16_t sac_inbound_streams;
	sctp_assoc_t sac_assoc_id;
	uint8_t sac_info[];
};

enum sctp_sac_state {
	SCTP_COMM_UP = 0,
	SCTP_COMM_LOST = 1,
	SCTP_RESTART = 2,
	SCTP_SHUTDOWN_COMP = 3,
	SCTP_CANT_STR_ASSOC = 4
};

struct sctp_paddr_change {
	uint16_t spc_type;
	uint16_t spc_flags;
	uint32_t spc_length;
	struct sockaddr_storage spc_aaddr;
	int spc_state;
	int spc_error;
	sctp_assoc_t spc_assoc_id;
} __attribute__((__packed__, __aligned__(4)));

enum sctp_spc_state {
	SCTP_ADDR_AVAILABLE = 0,
	SCTP_ADDR_UNREACHABLE = 1,
	SCTP_ADDR_REMOVED = 2,
	SCTP_ADDR_ADDED = 3,
	SCTP_ADDR_MADE_PRIM = 4,
	SCTP_ADDR_CONFIRMED = 5,
	SCTP_ADDR_POTENTIALLY_FAILED = 6
};
#define SCTP_ADDR_PF SCTP_ADDR_POTENTIALLY_FAILED

struct sctp_remote_error {
	uint16_t sre_type;
	uint16_t sre_flags;
	uint32_t sre_length;
	uint16_t sre_error;
	sctp_assoc_t sre_assoc_id;
	uint8_t sre_data[];
};

struct sctp_send_failed {
	uint16_t ssf_type;
	uint16_t ssf_flags;
	uint32_t ssf_length;
	uint32_t ssf_error;
	struct sctp_sndrcvinfo ssf_info;
	sctp_assoc_t ssf_assoc_id;
	uint8_t ssf_data[];
};

struct sctp_send_failed_event {
	uint16_t ssf_type;
	uint16_t ssf_flags;
	uint32_t ssf_length;
	uint32_t ssf_error;
	struct sctp_sndinfo ssfe_info;
	sctp_assoc_t ssf_assoc_id;
	uint8_t ssf_data[];
};

enum sctp_ssf_flags {
	SCTP_DATA_UNSENT = 0,
	SCTP_DATA_SENT = 1
};

struct sctp_shutdown_event {
	uint16_t sse_type;
	uint16_t sse_flags;
	uint32_t sse_length;
	sctp_assoc_t sse_assoc_id;
};

struct sctp_adaptation_event {
	uint16_t sai_type;
	uint16_t sai_flags;
	uint32_t sai_length;
	uint32_t sai_adaptation_ind;
	sctp_assoc_t sai_assoc_id;
};

struct sctp_pdapi_event {
	uint16_t pdapi_type;
	uint16_t pdapi_flags;
	uint32_t pdapi_length;
	uint32_t pdapi_indication;
	sctp_assoc_t pdapi_assoc_id;
	uint32_t pdapi_stream;
	uint32_t pdapi_seq;
};

enum { SCTP_PARTIAL_DELIVERY_ABORTED = 0 };

struct sctp_authkey_event {
	uint16_t auth_type;
	uint16_t auth_flags;
	uint32_t auth_length;
	uint16_t auth_keynumber;
	uint16_t auth_altkeynumber;
	uint32_t auth_indication;
	sctp_assoc_t auth_assoc_id;
};

enum {
	SCTP_AUTH_NEW_KEY = 0,
#define SCTP_AUTH_NEWKEY SCTP_AUTH_NEW_KEY
	SCTP_AUTH_FREE_KEY = 1,
	SCTP_AUTH_NO_AUTH = 2
};

struct sctp_sender_dry_event {
	uint16_t sender_dry_type;
	uint16_t sender_dry_flags;
	uint32_t sender_dry_length;
	sctp_assoc_t sender_dry_assoc_id;
};

struct sctp_stream_reset_event {
	uint16_t strreset_type;
	uint16_t strreset_flags;
	uint32_t strreset_length;
	sctp_assoc_t strreset_assoc_id;
	uint16_t strreset_stream_list[];
};

#define SCTP_STREAM_RESET_INCOMING_SSN 0x0001
#define SCTP_STREAM_RESET_OUTGOING_SSN 0x0002
#define SCTP_STREAM_RESET_DENIED 0x0004
#define SCTP_STREAM_RESET_FAILED 0x0008

struct sctp_assoc_reset_event {
	uint16_t assocreset_type;
	uint16_t assocreset_flags;
	uint32_t assocreset_length;
	sctp_assoc_t assocreset_assoc_id;
	uint32_t assocreset_local_tsn;
	uint32_t assocreset_remote_tsn;
};

#define SCTP_ASSOC_RESET_DENIED 0x0004
#define SCTP_ASSOC_RESET_FAILED 0x0008

struct sctp_stream_change_event {
	uint16_t strchange_type;
	uint16_t strchange_flags;
	uint32_t strchange_length;
	sctp_assoc_t strchange_assoc_id;
	uint16_t strchange_instrms;
	uint16_t strchange_outstrms;
};

#define SCTP_ASSOC_CHANGE_DENIED 0x0004
#define SCTP_ASSOC_CHANGE_FAILED 0x0008
#define SCTP_STREAM_CHANGE_DENIED SCTP_ASSOC_CHANGE_DENIED
#define SCTP_STREAM_CHANGE_FAILED SCTP_ASSOC_CHANGE_FAILED

union sctp_notification {
	struct {
		uint16_t sn_type;
		uint16_t sn_flags;
		uint32_t sn_length;
	} sn_header;
	struct sctp_assoc_change sn_assoc_change;
	struct sctp_paddr_change sn_paddr_change;
	struct sctp_remote_error sn_remote_error;
	struct sctp_send_failed sn_send_failed;
	struct sctp_shutdown_event sn_shutdown_event;
	struct sctp_adaptation_event sn_adaptation_event;
	struct sctp_pdapi_event sn_pdapi_event;
	struct sctp_authkey_event sn_authkey_event;
	struct sctp_sender_dry_event sn_sender_dry_event;
	struct sctp_stream_reset_event sn_strreset_event;
	struct sctp_assoc_reset_event sn_assocreset_event;
	struct sctp_stream_change_event sn_strchange_event;
	struct sctp_send_failed_event sn_send_failed_event;
};

/* Which notifications are wanted: SCTP_EVENTS */
struct sctp_event_subscribe {
	uint8_t sctp_data_io_event;
	uint8_t sctp_association_event;
	uint8_t sctp_address_event;
	uint8_t sctp_send_failure_event;
	uint8_t sctp_peer_error_event;
	uint8_t sctp_shutdown_event;
	uint8_t sctp_partial_delivery_event;
	uint8_t sctp_adaptation_layer_event;
	uint8_t sctp_authentication_event;
	uint8_t sctp_sender_dry_event;
	uint8_t sctp_stream_reset_event;
	uint8_t sctp_assoc_reset_event;
	uint8_t sctp_stream_change_event;
	uint8_t sctp_send_failure_event_event;
};

/* The same, one by one: SCTP_EVENT */
struct sctp_event {
	sctp_assoc_t se_assoc_id;
	uint16_t se_type;
	uint8_t se_on;
};

enum sctp_sn_error {
	SCTP_FAILED_THRESHOLD = 0,
	SCTP_RECEIVED_SACK = 1,
	SCTP_HEARTBEAT_SUCCESS = 2,
	SCTP_RESPONSE_TO_USER_REQ = 3,
	SCTP_INTERNAL_ERROR = 4,
	SCTP_SHUTDOWN_GUARD_EXPIRES = 5,
	SCTP_PEER_FAULTY = 6
};

/*
 * Values of options
 */
/* SCTP_RTOINFO, milliseconds */
struct sctp_rtoinfo {
	sctp_assoc_t srto_assoc_id;
	uint32_t srto_initial;
	uint32_t srto_max;
	uint32_t srto_min;
};

/* SCTP_ASSOCINFO; the cookie's life in milliseconds */
struct sctp_assocparams {
	sctp_assoc_t sasoc_assoc_id;
	uint16_t sasoc_asocmaxrxt;
	uint16_t sasoc_number_peer_destinations;
	uint32_t sasoc_peer_rwnd;
	uint32_t sasoc_local_rwnd;
	uint32_t sasoc_cookie_life;
};

/* SCTP_SET_PEER_PRIMARY_ADDR */
struct sctp_setpeerprim {
	sctp_assoc_t sspp_assoc_id;
	struct sockaddr_storage sspp_addr;
} __attribute__((__packed__, __aligned__(4)));

/* SCTP_PRIMARY_ADDR */
struct sctp_prim {
	sctp_assoc_t ssp_assoc_id;
	struct sockaddr_storage ssp_addr;
} __attribute__((__packed__, __aligned__(4)));

#define sctp_setprim sctp_prim

/* SCTP_ADAPTATION_LAYER */
struct sctp_setadaptation {
	uint32_t ssb_adaptation_ind;
};

enum sctp_spp_flags {
	SPP_HB_ENABLE = 0x1,
	SPP_HB_DISABLE = 0x2,
	SPP_HB = 0x3,
	SPP_HB_DEMAND = 0x4,
	SPP_PMTUD_ENABLE = 0x8,
	SPP_PMTUD_DISABLE = 0x10,
	SPP_PMTUD = 0x18,
	SPP_SACKDELAY_ENABLE = 0x20,
	SPP_SACKDELAY_DISABLE = 0x40,
	SPP_SACKDELAY = 0x60,
	SPP_HB_TIME_IS_ZERO = 0x80,
	SPP_IPV6_FLOWLABEL = 0x100,
	SPP_DSCP = 0x200
};

/* SCTP_PEER_ADDR_PARAMS; times in milliseconds */
struct sctp_paddrparams {
	sctp_assoc_t spp_assoc_id;
	struct sockaddr_storage spp_address;
	uint32_t spp_hbinterval;
	uint16_t spp_pathmaxrxt;
	uint32_t spp_pathmtu;
	uint32_t spp_sackdelay;
	uint32_t spp_flags;
	uint32_t spp_ipv6_flowlabel;
	uint8_t spp_dscp;
} __attribute__((__packed__, __aligned__(4)));

/* SCTP_AUTH_CHUNK */
struct sctp_authchunk {
	uint8_t sauth_chunk;
};

/* SCTP_HMAC_IDENT */
struct sctp_hmacalgo {
	uint32_t shmac_num_idents;
	uint16_t shmac_idents[];
};

#define shmac_number_of_idents shmac_num_idents
enum {
	SCTP_AUTH_HMAC_ID_SHA1 = 1,
	SCTP_AUTH_HMAC_ID_SHA256 = 3
};

/* SCTP_AUTH_KEY */
struct sctp_authkey {
	sctp_assoc_t sca_assoc_id;
	uint16_t sca_keynumber;
	uint16_t sca_keylength;
	uint8_t sca_key[];
};

/* SCTP_AUTH_ACTIVE_KEY, SCTP_AUTH_DELETE_KEY, SCTP_AUTH_DEACTIVATE_KEY */
struct sctp_authkeyid {
	sctp_assoc_t scact_assoc_id;
	uint16_t scact_keynumber;
};

/* SCTP_DELAYED_SACK, milliseconds and packets */
struct sctp_sack_info {
	sctp_assoc_t sack_assoc_id;
	uint32_t sack_delay;
	uint32_t sack_freq;
};

/* Options with one number for each association */
struct sctp_assoc_value {
	sctp_assoc_t assoc_id;
	uint32_t assoc_value;
};

/* SCTP_STREAM_SCHEDULER_VALUE */
struct sctp_stream_value {
	sctp_assoc_t assoc_id;
	uint16_t stream_id;
	uint16_t stream_value;
};

/* SCTP_GET_PEER_ADDR_INFO */
struct sctp_paddrinfo {
	sctp_assoc_t spinfo_assoc_id;
	struct sockaddr_storage spinfo_address;
	int32_t spinfo_state;
	uint32_t spinfo_cwnd;
	uint32_t spinfo_srtt;
	uint32_t spinfo_rto;
	uint32_t spinfo_mtu;
} __attribute__((__packed__, __aligned__(4)));

enum sctp_spinfo_state {
	SCTP_INACTIVE = 0,
	SCTP_PF = 1,
	SCTP_ACTIVE = 2,
	SCTP_UNCONFIRMED = 3,
	SCTP_UNKNOWN = 0xffff
};
#define SCTP_POTENTIALLY_FAILED SCTP_PF

/* SCTP_STATUS */
struct sctp_status {
	sctp_assoc_t sstat_assoc_id;
	int32_t sstat_state;
	uint32_t sstat_rwnd;
	uint16_t sstat_unackdata;
	uint16_t sstat_penddata;
	uint16_t sstat_instrms;
	uint16_t sstat_outstrms;
	uint32_t sstat_fragmentation_point;
	struct sctp_paddrinfo sstat_primary;
};

enum sctp_sstat_state {
	SCTP_EMPTY = 0,
	SCTP_CLOSED = 1,
	SCTP_COOKIE_WAIT = 2,
	SCTP_COOKIE_ECHOED = 3,
	SCTP_ESTABLISHED = 4,
	SCTP_SHUTDOWN_PENDING = 5,
	SCTP_SHUTDOWN_SENT = 6,
	SCTP_SHUTDOWN_RECEIVED = 7,
	SCTP_SHUTDOWN_ACK_SENT = 8
};

/* SCTP_PEER_AUTH_CHUNKS, SCTP_LOCAL_AUTH_CHUNKS */
struct sctp_authchunks {
	sctp_assoc_t gauth_assoc_id;
	uint32_t gauth_number_of_chunks;
	uint8_t gauth_chunks[];
};

/* Linux's slip of the pen, kept. */
#define guth_number_of_chunks gauth_number_of_chunks

/* SCTP_GET_ASSOC_ID_LIST */
struct sctp_assoc_ids {
	uint32_t gaids_number_of_ids;
	sctp_assoc_t gaids_assoc_id[];
};

/* SCTP_SOCKOPT_CONNECTX3 */
struct sctp_getaddrs_old {
	sctp_assoc_t assoc_id;
	int addr_num;
	struct sockaddr *addrs;
};

/* SCTP_GET_PEER_ADDRS, SCTP_GET_LOCAL_ADDRS */
struct sctp_getaddrs {
	sctp_assoc_t assoc_id;
	uint32_t addr_num;
	uint8_t addrs[];
};

/* SCTP_GET_ASSOC_STATS */
struct sctp_assoc_stats {
	sctp_assoc_t sas_assoc_id;
	struct sockaddr_storage sas_obs_rto_ipaddr;
	uint64_t sas_maxrto;
	uint64_t sas_isacks;
	uint64_t sas_osacks;
	uint64_t sas_opackets;
	uint64_t sas_ipackets;
	uint64_t sas_rtxchunks;
	uint64_t sas_outofseqtsns;
	uint64_t sas_idupchunks;
	uint64_t sas_gapcnt;
	uint64_t sas_ouodchunks;
	uint64_t sas_iuodchunks;
	uint64_t sas_oodchunks;
	uint64_t sas_iodchunks;
	uint64_t sas_octrlchunks;
	uint64_t sas_ictrlchunks;
};

/* SCTP_PEER_ADDR_THLDS */
struct sctp_paddrthlds {
	sctp_assoc_t spt_assoc_id;
	struct sockaddr_storage spt_address;
	uint16_t spt_pathmaxrxt;
	uint16_t spt_pathpfthld;
};

/* SCTP_PEER_ADDR_THLDS_V2 */
struct sctp_paddrthlds_v2 {
	sctp_assoc_t spt_assoc_id;
	struct sockaddr_storage spt_address;
	uint16_t spt_pathmaxrxt;
	uint16_t spt_pathpfthld;
	uint16_t spt_pathcpthld;
};

/* SCTP_PR_ASSOC_STATUS, SCTP_PR_STREAM_STATUS */
struct sctp_prstatus {
	sctp_assoc_t sprstat_assoc_id;
	uint16_t sprstat_sid;
	uint16_t sprstat_policy;
	uint64_t sprstat_abandoned_unsent;
	uint64_t sprstat_abandoned_sent;
};

/* SCTP_DEFAULT_PRINFO */
struct sctp_default_prinfo {
	sctp_assoc_t pr_assoc_id;
	uint32_t pr_value;
	uint16_t pr_policy;
};

/* What socket monitoring shows; no option */
struct sctp_info {
	uint32_t sctpi_tag;
	uint32_t sctpi_state;
	uint32_t sctpi_rwnd;
	uint16_t sctpi_unackdata;
	uint16_t sctpi_penddata;
	uint16_t sctpi_instrms;
	uint16_t sctpi_outstrms;
	uint32_t sctpi_fragmentation_point;
	uint32_t sctpi_inqueue;
	uint32_t sctpi_outqueue;
	uint32_t sctpi_overall_error;
	uint32_t sctpi_max_burst;
	uint32_t sctpi_maxseg;
	uint32_t sctpi_peer_rwnd;
	uint32_t sctpi_peer_tag;
	uint8_t sctpi_peer_capable;
	uint8_t sctpi_peer_sack;
	uint16_t __reserved1;
	uint64_t sctpi_isacks;
	uint64_t sctpi_osacks;
	uint64_t sctpi_opackets;
	uint64_t sctpi_ipackets;
	uint64_t sctpi_rtxchunks;
	uint64_t sctpi_outofseqtsns;
	uint64_t sctpi_idupchunks;
	uint64_t sctpi_gapcnt;
	uint64_t sctpi_ouodchunks;
	uint64_t sctpi_iuodchunks;
	uint64_t sctpi_oodchunks;
	uint64_t sctpi_iodchunks;
	uint64_t sctpi_octrlchunks;
	uint64_t sctpi_ictrlchunks;
	struct sockaddr_storage sctpi_p_address;
	int32_t sctpi_p_state;
	uint32_t sctpi_p_cwnd;
	uint32_t sctpi_p_srtt;
	uint32_t sctpi_p_rto;
	uint32_t sctpi_p_hbinterval;
	uint32_t sctpi_p_pathmaxrxt;
	uint32_t sctpi_p_sackdelay;
	uint32_t sctpi_p_sackfreq;
	uint32_t sctpi_p_ssthresh;
	uint32_t sctpi_p_partial_bytes_acked;
	uint32_t sctpi_p_flight_size;
	uint16_t sctpi_p_error;
	uint16_t __reserved2;
	uint32_t sctpi_s_autoclose;
	uint32_t sctpi_s_adaptation_ind;
	uint32_t sctpi_s_pd_point;
	uint8_t sctpi_s_nodelay;
	uint8_t sctpi_s_disable_fragments;
	uint8_t sctpi_s_v4mapped;
	uint8_t sctpi_s_frag_interleave;
	uint32_t sctpi_s_type;
	uint32_t __reserved3;
};

/* SCTP_RESET_STREAMS */
struct sctp_reset_streams {
	sctp_assoc_t srs_assoc_id;
	uint16_t srs_flags;
	uint16_t srs_number_streams;
	uint16_t srs_stream_list[];
};

/* SCTP_ADD_STREAMS */
struct sctp_add_streams {
	sctp_assoc_t sas_assoc_id;
	uint16_t sas_instrms;
	uint16_t sas_outstrms;
};

/* SCTP_REMOTE_UDP_ENCAPS_PORT, the port in network byte order */
struct sctp_udpencaps {
	sctp_assoc_t sue_assoc_id;
	struct sockaddr_storage sue_address;
	uint16_t sue_port;
};

/* SCTP_PLPMTUD_PROBE_INTERVAL, milliseconds */
struct sctp_probeinterval {
	sctp_assoc_t spi_assoc_id;
	struct sockaddr_storage spi_address;
	uint32_t spi_interval;
};

/* SCTP_ENABLE_STREAM_RESET */
#define SCTP_ENABLE_RESET_STREAM_REQ 0x01
#define SCTP_ENABLE_RESET_ASSOC_REQ 0x02
#define SCTP_ENABLE_CHANGE_ASSOC_REQ 0x04
#define SCTP_ENABLE_STRRESET_MASK 0x07
/* srs_flags */
#define SCTP_STREAM_RESET_INCOMING 0x01
#define SCTP_STREAM_RESET_OUTGOING 0x02

/* SCTP_STREAM_SCHEDULER */
enum sctp_sched_type {
	SCTP_SS_FCFS = 0,
	SCTP_SS_DEFAULT = 0,
	SCTP_SS_PRIO = 1,
	SCTP_SS_RR = 2,
	SCTP_SS_MAX = 2
};

typedef struct {
	sctp_assoc_t associd;
	int sd;
} sctp_peeloff_arg_t;

typedef struct {
	sctp_peeloff_arg_t p_arg;
	unsigned int flags;
} sctp_peeloff_flags_arg_t;

#endif /* _SCTP_H */

/*
 * Part 2: names that Linux's header lacks: of the draft, of RFC 6458 and of later RFCs
 */

/* Options of the draft and of RFCs that Linux has no number for. */
#define SCTP_AUTH_CHUNKS 1000
#define SCTP_AUTH_SECRET 1001
#define SCTP_EXPLICIT_EOR 1002
#define SCTP_USE_EXT_RCVINFO 1003
#define SCTP_ACCEPT_ZERO_CHECKSUM 1004
#define SCTP_ADAPTION_LAYER SCTP_ADAPTATION_LAYER

/* Scheduler numbers beyond the first three: RFC 8260 */
#define SCTP_SS_FC 3
#define SCTP_SS_FB SCTP_SS_FC
#define SCTP_SS_WFQ 4
#define SCTP_SS_RR_PKT 0x100

/* SCTP_ACCEPT_ZERO_CHECKSUM, RFC 9653 */
#define SCTP_EDMID_NONE 0
#define SCTP_EDMID_LOWER_LAYER_DTLS 1

/* RFC 6458: ends a record that was sent in parts (with SCTP_EXPLICIT_EOR). */
#define SCTP_EOR 0x2000
/* RFC 6458: nxt_flags, the next message is complete. */
#define SCTP_COMPLETE 0x0020
/* Whether a returned piece of a failed message was its last, or all of it. */
#define SCTP_DATA_LAST_FRAG 0x0001
#define SCTP_DATA_NOT_FRAG 0x0003

/* The draft's names: values of sinfo_flags, not of the flags argument of send(). */
#define MSG_UNORDERED SCTP_UNORDERED
#define MSG_ADDR_OVER SCTP_ADDR_OVER
#define MSG_ABORT SCTP_ABORT
#define MSG_SENDALL SCTP_SENDALL
#ifndef MSG_EOF
#define MSG_EOF SCTP_EOF
#endif

/* Control message SCTP_EXTRCV, RFC 6458 §5.3.3, deprecated there; asked for with SCTP_USE_EXT_RCVINFO. */
#define SCTP_EXTRCV 0x100
#define SCTP_NEXT_MSG_AVAIL 0x0001
#define SCTP_NEXT_MSG_ISCOMPLETE 0x0002
#define SCTP_NEXT_MSG_IS_UNORDERED 0x0004
#define SCTP_NEXT_MSG_IS_NOTIFICATION 0x0008

/* SCTP_EXTRCV */
struct sctp_extrcvinfo {
	uint16_t sinfo_stream;
	uint16_t sinfo_ssn;
	uint16_t sinfo_flags;
	uint32_t sinfo_ppid;
	uint32_t sinfo_context;
	uint32_t sinfo_pr_value;
	uint32_t sinfo_tsn;
	uint32_t sinfo_cumtsn;
	uint16_t serinfo_next_flags;
	uint16_t serinfo_next_stream;
	uint32_t serinfo_next_aid;
	uint32_t serinfo_next_length;
	uint32_t serinfo_next_ppid;
	sctp_assoc_t sinfo_assoc_id;
};

/* Notifications */
#define SCTP_ADAPTION_INDICATION SCTP_ADAPTATION_INDICATION
#define SCTP_NOTIFICATIONS_STOPPED_EVENT 0x80ff
#define SCTP_CANT_START_ASSOC SCTP_CANT_STR_ASSOC
/* RFC 6458, RFC 6525, RFC 8260: octets of sac_info of SCTP_COMM_UP and SCTP_RESTART */
#define SCTP_ASSOC_SUPPORTS_PR 0x01
#define SCTP_ASSOC_SUPPORTS_AUTH 0x02
#define SCTP_ASSOC_SUPPORTS_ASCONF 0x03
#define SCTP_ASSOC_SUPPORTS_MULTIBUF 0x04
#define SCTP_ASSOC_SUPPORTS_RE_CONFIG 0x05
#define SCTP_ASSOC_SUPPORTS_INTERLEAVING 0x06

/* RFC 6458's names of the members of struct sctp_send_failed_event, and of the authentication notification */
#define ssfe_type ssf_type
#define ssfe_flags ssf_flags
#define ssfe_length ssf_length
#define ssfe_error ssf_error
#define ssfe_assoc_id ssf_assoc_id
#define ssfe_data ssf_data
#define sn_auth_event sn_authkey_event

/* The draft's spelling */
#define sctp_adaption_event sctp_adaptation_event
#define sai_adaption_ind sai_adaptation_ind
#define sn_adaption_event sn_adaptation_event
#define sctp_adaption_layer_event sctp_adaptation_layer_event
#define gpauth_assoc_id gauth_assoc_id
#define gpauth_chunks gauth_chunks

/* What every notification begins with. */
struct sctp_tlv {
	uint16_t sn_type;
	uint16_t sn_flags;
	uint32_t sn_length;
};

/* The draft's spelling, and RFC 6458's of the flags of SCTP_PEER_ADDR_PARAMS */
#define sctp_setadaption sctp_setadaptation
#define ssb_adaption_ind ssb_adaptation_ind
#define SPP_HB_ENABLED SPP_HB_ENABLE
#define SPP_HB_DISABLED SPP_HB_DISABLE
#define SPP_PMTUD_ENABLED SPP_PMTUD_ENABLE
#define SPP_PMTUD_DISABLED SPP_PMTUD_DISABLE
#define SPP_SACKDELAY_ENABLED SPP_SACKDELAY_ENABLE
#define SPP_SACKDELAY_DISABLED SPP_SACKDELAY_DISABLE

/* SCTP_AUTH_SECRET, the draft's; the length of the secret is that of the option less this. */
struct sctp_authsecrets {
	sctp_assoc_t sca_assoc_id;
	uint8_t sca_secret[];
};

/* States of the draft that no association has. */
#define SCTP_BOUND 0x1000
#define SCTP_LISTEN 0x2000

/*
 * Part 3: functions
 */
#define SCTP_BINDX_ADD_ADDR 0x01
#define SCTP_BINDX_REM_ADDR 0x02

int sctp_bindx(int sd, struct sockaddr *addrs, int addrcnt, int flags);
#ifdef USCTP_DRAFT_CONNECTX
/* The draft's form, without the id. */
extern int usctp_connectx_of_draft(int sd, struct sockaddr *addrs, int addrcnt) __asm__("sctp_connectx@VERS_1");
#define sctp_connectx usctp_connectx_of_draft
#else
int sctp_connectx(int sd, struct sockaddr *addrs, int addrcnt, sctp_assoc_t *id);
#endif
int sctp_peeloff(int sd, sctp_assoc_t assoc_id);
int sctp_peeloff_flags(int sd, sctp_assoc_t assoc_id, unsigned int flags);
int sctp_opt_info(int sd, sctp_assoc_t id, int opt, void *arg, socklen_t *size);
int sctp_getpaddrs(int sd, sctp_assoc_t id, struct sockaddr **addrs);
int sctp_freepaddrs(struct sockaddr *addrs);
int sctp_getladdrs(int sd, sctp_assoc_t id, struct sockaddr **addrs);
int sctp_freeladdrs(struct sockaddr *addrs);
int sctp_getaddrlen(sa_family_t family);
sctp_assoc_t sctp_getassocid(int sd, const struct sockaddr *addr);

ssize_t sctp_sendmsg(int sd, const void *msg, size_t len, const struct sockaddr *to, socklen_t tolen, uint32_t ppid,
		     uint32_t flags, uint16_t stream_no, uint32_t timetolive, uint32_t context);
ssize_t sctp_sendmsgx(int sd, const void *msg, size_t len, const struct sockaddr *addrs, int addrcnt, uint32_t ppid,
		      uint32_t flags, uint16_t stream_no, uint32_t timetolive, uint32_t context);
ssize_t sctp_send(int sd, const void *msg, size_t len, const struct sctp_sndrcvinfo *sinfo, int flags);
ssize_t sctp_sendx(int sd, const void *msg, size_t len, const struct sockaddr *addrs, int addrcnt,
		   const struct sctp_sndrcvinfo *sinfo, int flags);
ssize_t sctp_recvmsg(int sd, void *msg, size_t len, struct sockaddr *from, socklen_t *fromlen,
		     struct sctp_sndrcvinfo *sinfo, int *msg_flags);

/* infotype of sctp_sendv() */
enum {
	SCTP_SENDV_NOINFO = 0,
	SCTP_SENDV_SNDINFO = 1,
	SCTP_SENDV_PRINFO = 2,
	SCTP_SENDV_AUTHINFO = 3,
	SCTP_SENDV_SPA = 4
};

#define SCTP_SEND_SNDINFO_VALID 0x1
#define SCTP_SEND_PRINFO_VALID 0x2
#define SCTP_SEND_AUTHINFO_VALID 0x4

struct sctp_sendv_spa {
	uint32_t sendv_flags;
	struct sctp_sndinfo sendv_sndinfo;
	struct sctp_prinfo sendv_prinfo;
	struct sctp_authinfo sendv_authinfo;
};

ssize_t sctp_sendv(int sd, const struct iovec *iov, int iovcnt, struct sockaddr *addrs, int addrcnt, void *info,
		   socklen_t infolen, unsigned int infotype, int flags);

/* infotype of sctp_recvv() */
enum {
	SCTP_RECVV_NOINFO = 0,
	SCTP_RECVV_RCVINFO = 1,
	SCTP_RECVV_NXTINFO = 2,
	SCTP_RECVV_RN = 3
};

struct sctp_recvv_rn {
	struct sctp_rcvinfo recvv_rcvinfo;
	struct sctp_nxtinfo recvv_nxtinfo;
};

ssize_t sctp_recvv(int sd, const struct iovec *iov, int iovlen, struct sockaddr *from, socklen_t *fromlen, void *info,
		   socklen_t *infolen, unsigned int *infotype, int *flags);

#ifdef __cplusplus
}
#endif

#endif /* USCTP_NETINET_SCTP_H */
