/* Linked to a HAProxy that counts what it executes. libgcov writes the counters at exit(), but VTest
 * ends HAProxy by a signal that it leaves to the system: so they are written then. A master process
 * has handlers of its own, and exits. */
#include <signal.h>
#include <stddef.h>

void __gcov_dump(void);

static void flush(int number)
{
	__gcov_dump();
	raise(number); /* the handler is gone, see below: it ends as it would have without us */
}

__attribute__((constructor)) static void install(void)
{
	struct sigaction action = { .sa_handler = flush, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}
