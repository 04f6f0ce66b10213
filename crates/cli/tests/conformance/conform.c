/* Cases: each in a child process, one line each. */
#include "conform.h"

#include <stdarg.h>

static const char *ids, *text, *file = "?";
static int line, failures, number;

/* How long a case may take at most. */
enum { LIMIT_SECONDS = 25 };

static void say(const char *format, ...)
{
	char said[1024];
	va_list list;

	va_start(list, format);
	int len = vsnprintf(said, sizeof(said), format, list);
	va_end(list);
	if (len >= (int)sizeof(said))
		len = sizeof(said) - 1;
	/* One write: a line is never torn. */
	if (write(STDOUT_FILENO, said, len) != len)
		abort();
}

static void too_long(int signal)
{
	(void)signal;
	say("not ok %s %s: %s:%d still waits after %d s\n", ids, text, file, line, LIMIT_SECONDS);
	_exit(1);
}

int is_kernel(void)
{
	return getenv("USCTP_PERSONALITY") == NULL;
}

int is_personality(const char *name)
{
	const char *set = getenv("USCTP_PERSONALITY");

	return strcmp(set == NULL ? "linux" : set, name) == 0;
}

int case_begin(const char *where, const char *case_ids, const char *case_text)
{
	const char *only = getenv("CONFORM_ONLY");
	int status;

	number++;
	if (where != NULL && !is_personality(where))
		return 0;
	/* By hand: cases whose ids contain this. */
	if (only != NULL && strstr(case_ids, only) == NULL)
		return 0;
	fflush(NULL);
	pid_t child = fork();
	if (child < 0) {
		say("not ok %s %s: fork: %s\n", case_ids, case_text, strerror(errno));
		failures++;
		return 0;
	}
	if (child == 0) {
		ids = case_ids;
		text = case_text;
		signal(SIGALRM, too_long);
		/* What a case starts ends with it. */
		setpgid(0, 0);
		alarm(LIMIT_SECONDS);
		/* What a case leaves open is not waited for. */
		setenv("USCTP_EXIT_TIMEOUT", "0", 1);
		return number;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	kill(-child, SIGKILL);
	if (WIFSIGNALED(status))
		say("not ok %s %s: killed by signal %d\n", case_ids, case_text, WTERMSIG(status));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		failures++;
	return 0;
}

void case_passed(void)
{
	say("ok %s %s\n", ids, text);
	_exit(0);
}

void case_failed(const char *format, ...)
{
	char what[600];
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	const char *name = strrchr(file, '/');
	say("not ok %s %s: %s:%d %s\n", ids, text, name == NULL ? file : name + 1, line, what);
	_exit(1);
}

void case_skipped(const char *why)
{
	if (!is_kernel())
		case_failed("nothing is skipped on this stack: %s", why);
	say("skip %s %s: %s\n", ids, text, why);
	_exit(0);
}

int cases_done(void)
{
	return failures != 0;
}

void at(const char *now_file, int now_line)
{
	file = now_file;
	line = now_line;
}

long ok_or_fail(long result, const char *what)
{
	if (result < 0)
		case_failed("%s (got %ld, %s)", what, result, strerrorname(errno));
	return result;
}

const char *strerrorname(int error)
{
	const char *name = strerrorname_np(error);

	return name == NULL ? "no error" : name;
}

uint16_t port(int which)
{
	/* On a kernel, associations of the case before may still hold its ports. */
	return (uint16_t)(5000 + (number % 1000) * 20 + which);
}
