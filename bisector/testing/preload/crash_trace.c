/* Says by which signal, and where, the HAProxy of a test crashes.
 *
 * Preloaded into the programs of a test (LD_PRELOAD), it does nothing except in the program that
 * $HAPROXY_PROGRAM names. There it appends one line to the file $BISECTOR_CRASHES when a signal is
 * about to kill the process: pid, signal, and the places in the program, innermost first, as hex
 * addresses that addr2line(1) takes. The signal then kills the process as it does without this.
 */
#define _GNU_SOURCE
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

enum { FRAMES = 48, STACK = 1 << 16 };

static const int signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP };
static char path[PATH_MAX];
static uintptr_t bias, low = UINTPTR_MAX, high; /* of the program's code in memory */

static int in_program(uintptr_t place)
{
	return place >= low && place < high;
}

/* The place where the signal arose, 0 if that is not known for this processor. */
static uintptr_t origin(const ucontext_t *context)
{
#if defined(__x86_64__)
	return context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return context->uc_mcontext.pc;
#else
	return 0;
#endif
}

/* The place of a call that went to where there is no code, from which nothing can be traced. */
static uintptr_t caller(const ucontext_t *context)
{
#if defined(__x86_64__)
	return *(const uintptr_t *)context->uc_mcontext.gregs[REG_RSP] - 1;
#elif defined(__aarch64__)
	return context->uc_mcontext.regs[30] - 4;
#else
	return 0;
#endif
}

static void crashed(int number, siginfo_t *info, void *context)
{
	char line[32 + 19 * (FRAMES + 1)];
	void *frames[FRAMES];
	uintptr_t places[FRAMES + 1], first = origin(context);
	int count = backtrace(frames, FRAMES), found = 0, file;
	int size = snprintf(line, sizeof(line), "%d %d", (int)getpid(), number);

	if (in_program(first))
		places[found++] = first;
	for (int at = 0; at < count; at++) {
		uintptr_t place = (uintptr_t)frames[at]; /* after the call, but for the first one */

		if (in_program(place) && place != first)
			places[found++] = place - 1;
	}
	if (!found && in_program(caller(context)))
		places[found++] = caller(context);
	for (int at = 0; at < found; at++)
		size += snprintf(line + size, sizeof(line) - size, " %lx", (long)(places[at] - bias));
	line[size++] = '\n';
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file >= 0 && write(file, line, size) == size)
		close(file);
	if (info->si_code <= 0) /* it was sent, so it does not arise again */
		raise(number);
}

static int examine(struct dl_phdr_info *program, size_t size, void *unused)
{
	bias = program->dlpi_addr;
	for (int at = 0; at < program->dlpi_phnum; at++) {
		const ElfW(Phdr) *part = &program->dlpi_phdr[at];

		if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
			uintptr_t begin = bias + part->p_vaddr;

			low = begin < low ? begin : low;
			high = begin + part->p_memsz > high ? begin + part->p_memsz : high;
		}
	}
	return 1; /* the program is the first object, the others are its libraries */
}

static int is_haproxy(void)
{
	const char *name = getenv("HAPROXY_PROGRAM");
	struct stat it, self;

	return name && !stat(name, &it) && !stat("/proc/self/exe", &self) &&
	       it.st_dev == self.st_dev && it.st_ino == self.st_ino;
}

__attribute__((constructor)) static void prepare(void)
{
	const char *name = getenv("BISECTOR_CRASHES");
	void *frame;
	stack_t own = { .ss_size = STACK };
	struct sigaction action = { .sa_sigaction = crashed,
	                            .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK },
	                 old;

	if (!name || strlen(name) >= sizeof(path) || !is_haproxy())
		return;
	strcpy(path, name);
	dl_iterate_phdr(examine, NULL);
	backtrace(&frame, 1); /* its first call loads a library, which a crash may not allow */
	own.ss_sp = malloc(STACK);
	if (own.ss_sp)
		sigaltstack(&own, NULL); /* for an overflow of the main thread's stack */
	for (size_t at = 0; at < sizeof(signals) / sizeof(*signals); at++)
		if (!sigaction(signals[at], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(signals[at], &action, NULL); /* a sanitizer has its own */
}
