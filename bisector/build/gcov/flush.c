/* Linked to a HAProxy that counts what it executes. libgcov writes the counters at exit(), but VTest
 * ends HAProxy by a signal whose default action, the end without exit(), HAProxy leaves alone or
 * asks for: here that action writes the counters first. A master process exits by itself. */
#include <signal.h>
#include <stddef.h>

void __gcov_dump(void);
void (*__real_signal(int number, void (*handler)(int)))(int);

static void flush(int number)
{
	__gcov_dump();
	raise(number); /* the handler is gone, see below: it ends as it would have without us */
}

static void by_default(int number)
{
	struct sigaction action = { .sa_handler = flush, .sa_flags = SA_RESETHAND };

	sigaction(number, &action, NULL);
}

/* what HAProxy calls by the name of signal(), thanks to the linker's --wrap */
void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
	void (*before)(int) = __real_signal(number, handler);

	if (handler == SIG_DFL && (number == SIGINT || number == SIGTERM))
		by_default(number);
	return before;
}

__attribute__((constructor)) static void install(void)
{
	by_default(SIGINT);
	by_default(SIGTERM);
}
