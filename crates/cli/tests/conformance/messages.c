/* Sending and receiving in the cases. */
#include "conform.h"

struct message *receive_flags(int fd, size_t room, int flags)
{
	/* The last one received; each call takes the next of a few, so that some can be compared. */
	static struct message ring[4];
	static int next;
	struct message *got = &ring[next++ % 4];
	char control[512];

	memset(got, 0, sizeof(*got));
	struct iovec iov = { .iov_base = got->data, .iov_len = room };
	struct msghdr msg = { .msg_name = &got->from, .msg_namelen = sizeof(got->from), .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };

	got->len = recvmsg(fd, &msg, flags);
	if (got->len < 0)
		return got;
	got->flags = msg.msg_flags;
	got->from_len = msg.msg_namelen;
	got->control_len = msg.msg_controllen;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&msg); item != NULL; item = CMSG_NXTHDR(&msg, item)) {
		got->items++;
		if (item->cmsg_level != IPPROTO_SCTP)
			continue;
		if (item->cmsg_type == SCTP_SNDRCV) {
			got->has_sndrcv++;
			memcpy(&got->sndrcv, CMSG_DATA(item), sizeof(got->sndrcv));
		} else if (item->cmsg_type == SCTP_RCVINFO) {
			got->has_rcv++;
			memcpy(&got->rcv, CMSG_DATA(item), sizeof(got->rcv));
		} else if (item->cmsg_type == SCTP_NXTINFO) {
			got->has_next++;
			memcpy(&got->next, CMSG_DATA(item), sizeof(got->next));
		}
	}
	return got;
}

struct message *receive_within(int fd, int ms)
{
	if (!(poll_within(fd, POLLIN, ms) & POLLIN))
		case_failed("nothing came within %d ms", ms);
	struct message *got = receive_flags(fd, sizeof(got->data), MSG_DONTWAIT);
	if (got->len < 0)
		case_failed("recvmsg: %s", strerrorname(errno));
	return got;
}

struct message *event_of(int fd, int type, int state)
{
	struct message *got = receive_within(fd, 5000);

	if (!(got->flags & MSG_NOTIFICATION))
		case_failed("data of %zd octets came instead of event %#x", got->len, (unsigned)type);
	if (got->event.sn_header.sn_type != type)
		case_failed("event %#x came instead of %#x", got->event.sn_header.sn_type, (unsigned)type);
	if (state >= 0 && got->event.sn_assoc_change.sac_state != state)
		case_failed("state %d came instead of %d", got->event.sn_assoc_change.sac_state, state);
	return got;
}

struct message *text_of(int fd, const char *text)
{
	struct message *got = receive_within(fd, 5000);

	if (got->flags & MSG_NOTIFICATION)
		case_failed("event %#x came instead of \"%s\"", got->event.sn_header.sn_type, text);
	if (got->len != (ssize_t)strlen(text) || memcmp(got->data, text, strlen(text)) != 0)
		case_failed("\"%.*s\" came instead of \"%s\"", (int)(got->len > 60 ? 60 : got->len), (char *)got->data, text);
	if (!(got->flags & MSG_EOR))
		case_failed("\"%s\" came without MSG_EOR", text);
	return got;
}

void quiet(int fd, int ms)
{
	if (poll_within(fd, POLLIN, ms) & POLLIN) {
		struct message *got = receive_flags(fd, sizeof(got->data), MSG_DONTWAIT);
		case_failed("something came: %zd octets, flags %#x, first %#x", got->len, (unsigned)got->flags,
			    got->event.sn_header.sn_type);
	}
}

static void add_item(struct msghdr *msg, int level, int type, const void *item, size_t len)
{
	struct cmsghdr *header = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(header), item, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

ssize_t send_out(int fd, const struct outgoing *out)
{
	char control[512] = { 0 };
	struct iovec iov = { .iov_base = (void *)out->data, .iov_len = out->len };
	struct msghdr msg = { .msg_name = (void *)out->to, .msg_namelen = out->to_len, .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control };

	if (out->init != NULL)
		add_item(&msg, IPPROTO_SCTP, SCTP_INIT, out->init, sizeof(*out->init));
	if (out->sndrcv != NULL)
		add_item(&msg, IPPROTO_SCTP, SCTP_SNDRCV, out->sndrcv, sizeof(*out->sndrcv));
	if (out->snd != NULL)
		add_item(&msg, IPPROTO_SCTP, SCTP_SNDINFO, out->snd, sizeof(*out->snd));
	if (msg.msg_controllen == 0)
		msg.msg_control = NULL;
	return sendmsg(fd, &msg, out->flags | MSG_NOSIGNAL);
}

ssize_t send_text(int fd, sctp_assoc_t id, const char *text, uint16_t stream, uint16_t flags)
{
	struct sctp_sndrcvinfo info = { .sinfo_stream = stream, .sinfo_flags = flags, .sinfo_assoc_id = id };
	struct outgoing out = { .data = text, .len = strlen(text), .sndrcv = &info };

	return send_out(fd, &out);
}

ssize_t send_item(int fd, const char *text, int level, int type, const void *item, size_t len)
{
	char control[512] = { 0 };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };

	add_item(&msg, level, type, item, len);
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

const unsigned char *pattern(size_t len)
{
	static unsigned char *octets;
	static size_t made;

	if (len > made) {
		octets = realloc(octets, len);
		for (; made < len; made++)
			octets[made] = (unsigned char)(made * 7 + made / 251);
	}
	return octets;
}

int fill(int fd, sctp_assoc_t id, size_t size)
{
	struct sctp_sndrcvinfo info = { .sinfo_assoc_id = id };
	struct outgoing out = { .data = pattern(size), .len = size, .sndrcv = &info, .flags = MSG_DONTWAIT };
	int sent = 0;

	/* What is acknowledged makes room again: full is full for a while. */
	for (int quiet_for = 0; quiet_for < 20;) {
		if (send_out(fd, &out) == (ssize_t)size) {
			sent++;
			quiet_for = 0;
			continue;
		}
		if (errno != EAGAIN)
			case_failed("filling the send buffer: %s", strerrorname(errno));
		quiet_for++;
		usleep(20000);
	}
	return sent;
}
