/* Linked to a HAProxy that counts what it executes. The counters are written at exit(), but VTest
 * ends HAProxy by a signal whose default action, the end without exit(), HAProxy leaves alone or
 * asks for, and a crash is such an end, too: here these actions write the counters first. A master
 * process exits by itself.
 *
 * gcc's counters are libgcov's. tcc's would go to a file beside each object, with the whole source
 * in it, which takes a second at each exit: here the names of the functions that were executed are
 * appended to one file, `haproxy.counts` beside the program. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int ends[] = { SIGINT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP };
static struct sigaction before[NSIG];

#ifdef __TINYC__
enum { BUFFER = 1 << 16 }; /* more than an object has to write, so that processes do not mix lines */
extern void (*__fini_array_start[])(void), (*__fini_array_end[])(void);
static char path[PATH_MAX];
static FILE *counts;

/* tcc calls __store_test_coverage() for each object by a destructor, which exit() would run. */
static void dump(void)
{
	for (void (**run)(void) = __fini_array_start; run < __fini_array_end; run++)
		(*run)();
}

static FILE *opened(void)
{
	int file = path[0] ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	FILE *made = file >= 0 ? fdopen(file, "a") : NULL;

	if (made)
		setvbuf(made, NULL, _IOFBF, BUFFER);
	return made;
}

/* In place of the function of the same name in tcc's library. The counters of an object: a number
 * of 4 bytes; files, which are a name and functions; the list of these ends with an empty name.
 * A function is a name, zeros up to a multiple of 8 bytes, its line, and blocks of 8 bytes for
 * lines (the first is not 0) and 8 for the counter; a zero byte ends them, and the functions. */
void __store_test_coverage(unsigned char *start)
{
	unsigned char *at = start + 4;

	if (!counts && !(counts = opened()))
		return;
	while (*at) {
		const char *file = (const char *)at;

		for (at += strlen(file) + 1; *at; at++) {
			const char *function = (const char *)at;
			uint64_t count, most = 0;

			at += strlen(function) + 1;
			for (at += (-(at - start) & 7) + 8; *at; at += 16) {
				memcpy(&count, at + 8, sizeof(count));
				most = count > most ? count : most;
			}
			if (most)
				fprintf(counts, "%s\t%s\n", file, function);
		}
		at++;
	}
	fflush(counts);
}
#else
void __gcov_dump(void);

static void dump(void)
{
	__gcov_dump();
}
#endif

static void flush(int number, siginfo_t *info, void *unused)
{
	sigaction(number, &before[number], NULL);
	dump();
	if (info->si_code <= 0) /* it was sent, so it does not arise again */
		raise(number);
}

/* Flush before what is to be done at this signal is done. */
static int catch(int number, struct sigaction *old)
{
	struct sigaction action = { .sa_sigaction = flush, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	return sigaction(number, &action, old);
}

/* What HAProxy calls by the name of signal(): thanks to gcc's linker's --wrap, or with tcc, which
 * has none, since the program comes before the C library. */
#ifdef __TINYC__
void (*signal(int number, void (*handler)(int)))(int)
#else
void (*__wrap_signal(int number, void (*handler)(int)))(int)
#endif
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;
	int failed;

	if (handler == SIG_DFL && (number == SIGINT || number == SIGTERM)) {
		before[number] = (struct sigaction){ .sa_handler = SIG_DFL };
		failed = catch(number, &old);
	} else
		failed = sigaction(number, &action, &old);
	if (failed)
		return SIG_ERR;
	return old.sa_flags & SA_SIGINFO ? SIG_DFL : old.sa_handler;
}

__attribute__((constructor)) static void install(void)
{
#ifdef __TINYC__
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(".counts"));

	strcpy(path + (length < 0 ? 0 : length), length < 0 ? "" : ".counts");
#endif
	for (size_t at = 0; at < sizeof(ends) / sizeof(*ends); at++)
		catch(ends[at], &before[ends[at]]);
}
