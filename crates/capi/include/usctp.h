/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * usctp.h - the SCTP sockets API under a prefix, for programs that link usctp and want no libc name taken over.
 *
 * Each function is the one of the same name without prefix; descriptors are real ones, to be used with poll(), select()
 * and epoll, but read, written and closed by the functions here only.
 */
#ifndef USCTP_H
#define USCTP_H

#include <netinet/sctp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Before the first socket: the local port of UDP encapsulation (RFC 6951), or 0 for the default. */
void usctp_init(uint16_t local_udp_port);

int usctp_socket(int domain, int type, int protocol);
int usctp_bind(int sd, const struct sockaddr *addr, socklen_t len);
int usctp_connect(int sd, const struct sockaddr *addr, socklen_t len);
int usctp_listen(int sd, int backlog);
int usctp_accept(int sd, struct sockaddr *addr, socklen_t *len);
int usctp_accept4(int sd, struct sockaddr *addr, socklen_t *len, int flags);
int usctp_getsockname(int sd, struct sockaddr *addr, socklen_t *len);
int usctp_getpeername(int sd, struct sockaddr *addr, socklen_t *len);
int usctp_shutdown(int sd, int how);
int usctp_close(int sd);
int usctp_setsockopt(int sd, int level, int name, const void *value, socklen_t len);
int usctp_getsockopt(int sd, int level, int name, void *value, socklen_t *len);
int usctp_fcntl(int sd, int operation, ...);
int usctp_ioctl(int sd, unsigned long request, ...);

ssize_t usctp_read(int sd, void *buf, size_t len);
ssize_t usctp_write(int sd, const void *buf, size_t len);
ssize_t usctp_readv(int sd, const struct iovec *iov, int iovcnt);
ssize_t usctp_writev(int sd, const struct iovec *iov, int iovcnt);
ssize_t usctp_send(int sd, const void *buf, size_t len, int flags);
ssize_t usctp_sendto(int sd, const void *buf, size_t len, int flags, const struct sockaddr *to, socklen_t tolen);
ssize_t usctp_sendmsg(int sd, const struct msghdr *msg, int flags);
ssize_t usctp_recv(int sd, void *buf, size_t len, int flags);
ssize_t usctp_recvfrom(int sd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *fromlen);
ssize_t usctp_recvmsg(int sd, struct msghdr *msg, int flags);

int usctp_sctp_bindx(int sd, const struct sockaddr *addrs, int addrcnt, int flags);
int usctp_sctp_connectx(int sd, const struct sockaddr *addrs, int addrcnt, sctp_assoc_t *id);
int usctp_sctp_peeloff(int sd, sctp_assoc_t assoc_id);
int usctp_sctp_peeloff_flags(int sd, sctp_assoc_t assoc_id, unsigned int flags);
int usctp_sctp_opt_info(int sd, sctp_assoc_t id, int opt, void *arg, socklen_t *size);
int usctp_sctp_getpaddrs(int sd, sctp_assoc_t id, struct sockaddr **addrs);
int usctp_sctp_freepaddrs(struct sockaddr *addrs);
int usctp_sctp_getladdrs(int sd, sctp_assoc_t id, struct sockaddr **addrs);
int usctp_sctp_freeladdrs(struct sockaddr *addrs);
int usctp_sctp_getaddrlen(sa_family_t family);
sctp_assoc_t usctp_sctp_getassocid(int sd, const struct sockaddr *addr);
ssize_t usctp_sctp_sendmsg(int sd, const void *msg, size_t len, const struct sockaddr *to, socklen_t tolen,
			   uint32_t ppid, uint32_t flags, uint16_t stream_no, uint32_t timetolive, uint32_t context);
ssize_t usctp_sctp_sendmsgx(int sd, const void *msg, size_t len, const struct sockaddr *addrs, int addrcnt,
			    uint32_t ppid, uint32_t flags, uint16_t stream_no, uint32_t timetolive, uint32_t context);
ssize_t usctp_sctp_send(int sd, const void *msg, size_t len, const struct sctp_sndrcvinfo *sinfo, int flags);
ssize_t usctp_sctp_sendx(int sd, const void *msg, size_t len, const struct sockaddr *addrs, int addrcnt,
			 const struct sctp_sndrcvinfo *sinfo, int flags);
ssize_t usctp_sctp_sendv(int sd, const struct iovec *iov, int iovcnt, const struct sockaddr *addrs, int addrcnt,
			 const void *info, socklen_t infolen, unsigned int infotype, int flags);
ssize_t usctp_sctp_recvmsg(int sd, void *msg, size_t len, struct sockaddr *from, socklen_t *fromlen,
			   struct sctp_sndrcvinfo *sinfo, int *msg_flags);
ssize_t usctp_sctp_recvv(int sd, const struct iovec *iov, int iovlen, struct sockaddr *from, socklen_t *fromlen,
			 void *info, socklen_t *infolen, unsigned int *infotype, int *flags);

#ifdef __cplusplus
}
#endif

#endif /* USCTP_H */
