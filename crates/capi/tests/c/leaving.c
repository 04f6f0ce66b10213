/* Threads that leave a waiting call by the back door: longjmp out of a handler, and pthread_cancel. */
#include "check.h"
#include <setjmp.h>

#define PORT 5012

static sigjmp_buf back;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void alarm_in(int milliseconds)
{
	struct itimerval timer = { .it_value = { .tv_sec = 0, .tv_usec = milliseconds * 1000 } };

	OK(setitimer(ITIMER_REAL, &timer, NULL));
}

/* The time limit of old programs. What comes later is shown all the same, to poll and to epoll. */
static void by_longjmp(void)
{
	int ends[2], epoll = OK(epoll_create1(0));
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	static char data[60000];

	pair(PORT, ends);
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event));
	CHECK(signal(SIGALRM, jump) != SIG_ERR);
	for (int round = 0; round < 3; round++) {
		if (sigsetjmp(back, 1) == 0) {
			alarm_in(30);
			recv(ends[1], data, sizeof(data), 0);
			fail(__FILE__, __LINE__, "recv came back");
		}
		CHECK(send(ends[0], "late", 4, 0) == 4);
		REACHES(ends[1], POLLIN | POLLOUT);
		CHECK(epoll_wait(epoll, &event, 1, 0) == 1);
		CHECK(recv(ends[1], data, sizeof(data), 0) == 4);
		REACHES(ends[1], POLLOUT);
	}
	/* A sender; room in the buffer is shown when it comes. */
	if (sigsetjmp(back, 1) == 0) {
		alarm_in(100);
		while (send(ends[0], data, sizeof(data), 0) > 0)
			;
		fail(__FILE__, __LINE__, "send failed");
	}
	CHECK(states(ends[0]) == 0);
	OK(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	for (int tries = 0; tries < 5000 && states(ends[0]) != POLLOUT; tries++) {
		while (recv(ends[1], data, sizeof(data), 0) > 0)
			;
		usleep(1000);
	}
	CHECK(states(ends[0]) == POLLOUT);
	/* The socket is closed with its descriptor, whoever was in a call on it. */
	OK(close(ends[0]));
	for (int tries = 0; tries < 5000 && recv(ends[1], data, sizeof(data), 0) != 0; tries++)
		usleep(1000);
	CHECK(recv(ends[1], data, sizeof(data), 0) == 0);
	OK(close(ends[1]));
	OK(close(epoll));
}

struct task {
	int fd;
	ssize_t (*call)(int fd);
	volatile int cleaned;
	volatile int result;
};

static void clean(void *task)
{
	((struct task *)task)->cleaned = 1;
}

static void *waiting(void *argument)
{
	struct task *task = argument;

	pthread_cleanup_push(clean, task);
	for (;;)
		task->call(task->fd);
	pthread_cleanup_pop(0);
	return NULL;
}

static ssize_t call_recv(int fd)
{
	char data[16];

	return recv(fd, data, sizeof(data), 0);
}

static ssize_t call_read(int fd)
{
	char data[16];

	return read(fd, data, sizeof(data));
}

static ssize_t call_recvmsg(int fd)
{
	struct msghdr message = { 0 };

	return recvmsg(fd, &message, 0);
}

static ssize_t call_sctp_recvmsg(int fd)
{
	char data[16];
	int flags = 0;

	return sctp_recvmsg(fd, data, sizeof(data), NULL, NULL, NULL, &flags);
}

static ssize_t call_accept(int fd)
{
	return accept(fd, NULL, NULL);
}

static ssize_t call_send(int fd)
{
	static char data[60000];

	return send(fd, data, sizeof(data), 0);
}

static void cancelled(int fd, ssize_t (*call)(int fd), int after)
{
	struct task task = { .fd = fd, .call = call };
	struct timespec limit;
	pthread_t thread;
	void *result = NULL;

	CHECK(pthread_create(&thread, NULL, waiting, &task) == 0);
	usleep(after * 1000);
	CHECK(pthread_cancel(thread) == 0);
	OK(clock_gettime(CLOCK_REALTIME, &limit));
	limit.tv_sec += 5;
	CHECK(pthread_timedjoin_np(thread, &result, &limit) == 0);
	CHECK(result == PTHREAD_CANCELED && task.cleaned);
}

static void by_cancellation(void)
{
	int ends[2], listener = listening(SOCK_STREAM, PORT + 1), pipes[2];
	char data[16];

	pair(PORT + 2, ends);
	OK(pipe(pipes));
	for (int after = 0; after <= 60; after += 30) {
		cancelled(ends[1], call_recv, after);
		cancelled(ends[1], call_read, after);
		cancelled(ends[1], call_recvmsg, after);
		cancelled(ends[1], call_sctp_recvmsg, after);
		cancelled(listener, call_accept, after);
		/* What is not an SCTP socket is libc's to cancel, through our function. */
		cancelled(pipes[0], call_read, after);
	}
	CHECK(send(ends[0], "after", 5, 0) == 5);
	REACHES(ends[1], POLLIN | POLLOUT);
	CHECK(recv(ends[1], data, sizeof(data), 0) == 5);
	cancelled(ends[0], call_send, 200);
	OK(close(ends[0]));
	OK(close(ends[1]));
	OK(close(listener));
}

/* A thread that does not let itself be cancelled gets its message first. */
static void *reluctant(void *argument)
{
	struct task *task = argument;
	char data[16];

	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
	task->result = recv(task->fd, data, sizeof(data), 0);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0);
	recv(task->fd, data, sizeof(data), 0);
	fail(__FILE__, __LINE__, "a cancelled thread goes on");
	return NULL;
}

static void not_yet(void)
{
	struct task task = { 0 };
	pthread_t thread;
	int ends[2];
	void *result;

	pair(PORT + 3, ends);
	task.fd = ends[1];
	CHECK(pthread_create(&thread, NULL, reluctant, &task) == 0);
	usleep(50000);
	CHECK(pthread_cancel(thread) == 0);
	usleep(50000);
	CHECK(task.result == 0);
	CHECK(send(ends[0], "first", 5, 0) == 5);
	CHECK(pthread_join(thread, &result) == 0);
	CHECK(result == PTHREAD_CANCELED && task.result == 5);
	OK(close(ends[0]));
	OK(close(ends[1]));
}

int main(void)
{
	by_longjmp();
	CHECK(signal(SIGALRM, SIG_DFL) != SIG_ERR);
	alarm(60);
	by_cancellation();
	not_yet();
	no_reentries();
	return 0;
}
