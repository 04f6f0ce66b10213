/*
 * A program that opens its first socket and then gives up what it can: root directory, user, system calls to open files
 * and start threads, memory that can be paged. Whatever comes afterwards works as before. Needs root.
 */
#include "check.h"
#include <dlfcn.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define PORT 5009
#define DENY(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void confine(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DENY(SYS_open),
		DENY(SYS_openat),
		DENY(SYS_clone),
		DENY(SYS_dup),
		DENY(SYS_sendmmsg),
		DENY(SYS_recvmmsg),
		DENY(SYS_prlimit64),
		DENY(SYS_getrlimit),
		DENY(SYS_clone3),
		DENY(SYS_execve),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	OK(chroot("."));
	OK(mlockall(MCL_CURRENT));
	OK(setgroups(0, NULL));
	OK(setgid(65534));
	OK(setuid(65534));
	OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	CHECK(open("/", O_RDONLY) == -1 && errno == EPERM);
}

int main(void)
{
	int first, ends[2];
	char data[64];
	int (*bindx)(int, struct sockaddr *, int, int);

	alarm(30);
	/* As Java and Erlang find the functions. */
	void *library = dlopen("libsctp.so.1", RTLD_LAZY);
	CHECK(library != NULL);
	bindx = (int (*)(int, struct sockaddr *, int, int))dlsym(library, "sctp_bindx");
	CHECK(bindx != NULL);
	CHECK(dlsym(RTLD_DEFAULT, "usctp_reentries") != NULL);
	first = OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP));
	confine();
	struct sockaddr_storage to;
	address(&to, PORT + 1);
	OK(bindx(first, (struct sockaddr *)&to, 1, SCTP_BINDX_ADD_ADDR));
	for (int round = 0; round < 3; round++) {
		pair(PORT, ends);
		CHECK(send(ends[0], "confined", 8, 0) == 8);
		CHECK(recv(ends[1], data, sizeof(data), 0) == 8);
		OK(close(ends[0]));
		CHECK(recv(ends[1], data, sizeof(data), 0) == 0);
		OK(close(ends[1]));
	}
	OK(close(first));
	no_reentries();
	return 0;
}
