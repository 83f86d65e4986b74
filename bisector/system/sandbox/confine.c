/* Runs a program that can reach little else than what it is given: see landlock.py.
 *
 *     confine                           prints the version of the kernel's Landlock ABI
 *     confine OPTION... -- PROGRAM...   runs PROGRAM
 *
 *     -r PATH   may be read and executed; one that is not there is skipped
 *     -w PATH   may be written, too
 *     -c FD     is closed in PROGRAM, and open here until all that PROGRAM started has ended
 *     -d PATH   the working directory
 *     -t PATH   is TMPDIR
 *     -n        no sockets, but for socketpair(2)
 *
 * The program gets Landlock rules, a seccomp filter and no capabilities. This process stays its
 * parent, and adopts what it leaves behind. It kills all of that when PROGRAM has ended, on SIGTERM,
 * and when its own parent ends. It exits as PROGRAM did, with 128 + N after signal N.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filter.h" /* fail(), COUNT(), filter_calls() */

/* -- Landlock: linux/landlock.h, of which a machine may have none or an older one -------------- */

#ifndef NEWEST_ABI /* tests compile this as for an older kernel */
#define NEWEST_ABI 9
#endif
enum { OLDEST_ABI = 3 }; /* before, truncate(2) of any file cannot be refused (Linux 6.2) */

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 }; /* on all processors */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, LOG_SAME_EXEC_OFF = 1 };
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1, SCOPE_SIGNAL = 2 }; /* since ABI 6 (Linux 6.12) */

struct ruleset { uint64_t files, network, scoped; };
struct beneath { uint64_t allowed; int32_t parent; } __attribute__((packed));

#define RIGHT(bit) (1ULL << (bit))
#define EXECUTE RIGHT(0)
#define WRITE_FILE RIGHT(1)
#define READ_FILE RIGHT(2)
#define READ_DIR RIGHT(3)
#define MAKE_CHAR RIGHT(6)
#define MAKE_BLOCK RIGHT(11)
#define REFER RIGHT(13)        /* renaming and linking from folder to folder */
#define TRUNCATE RIGHT(14)     /* since ABI 3; all rights before are older */
#define IOCTL_DEV RIGHT(15)    /* since ABI 5 (Linux 6.10) */
#define RESOLVE_UNIX RIGHT(16) /* since ABI 9 (Linux 7.1): to reach sockets made by others */

#define READ (EXECUTE | READ_FILE | READ_DIR)
#define OF_FILES (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV) /* not of folders alone */

static int version(void)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);

	if (abi < 0) {
		fprintf(stderr, "confine: the kernel has no Landlock, or it is switched off: %s\n", strerror(errno));
		exit(1);
	}
	if (abi < OLDEST_ABI || NEWEST_ABI < OLDEST_ABI) {
		fprintf(stderr, "confine: Landlock is too old: ABI %ld, %d is needed (Linux 6.2)\n", abi, OLDEST_ABI);
		exit(1);
	}
	return abi < NEWEST_ABI ? (int)abi : NEWEST_ABI;
}

static uint64_t all_rights(int abi)
{
	uint64_t rights = RIGHT(15) - 1;

	return rights | (abi >= 5 ? IOCTL_DEV : 0) | (abi >= 9 ? RESOLVE_UNIX : 0);
}

static void allow(int rules, const char *path, uint64_t rights)
{
	struct beneath rule = { rights, open(path, O_PATH | O_CLOEXEC) };
	struct stat state;

	if (rule.parent < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
			return;
		fail(path);
	}
	if (fstat(rule.parent, &state))
		fail(path);
	if (!S_ISDIR(state.st_mode))
		rule.allowed &= OF_FILES;
	if (syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0))
		fail(path);
	close(rule.parent);
}

/* Lets the log be opened by its name /dev/stdout, as it can be where nothing is confined. */
static void allow_log(int rules)
{
	static const char *const names[] = { "/proc/self/fd/1", "/proc/self/fd/2" };
	struct stat state;

	for (int at = 0; at < 2; at++)
		if (!fstat(1 + at, &state) && S_ISREG(state.st_mode))
			allow(rules, names[at], WRITE_FILE | TRUNCATE);
}

static int rules_for(int abi, uint64_t files)
{
	struct ruleset ruleset = { files, 0, abi >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0 };
	/* an older kernel has a shorter struct */
	long rules = syscall(CREATE_RULESET, &ruleset, abi >= 6 ? sizeof(ruleset) : 16, 0);

	if (rules < 0)
		fail("landlock_create_ruleset");
	fcntl((int)rules, F_SETFD, FD_CLOEXEC);
	return (int)rules;
}

/* -- the program ------------------------------------------------------------------------------- */

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &header, none))
		fail("capset");
}

/* Everything after the rules are made must be allowed by them. */
static void become(int abi, int count, char **words)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full" };
	static const char *const random[] = { "/dev/random", "/dev/urandom" };
	uint64_t files = all_rights(abi);
	int rules = rules_for(abi, files), no_sockets = 0, option;

	for (size_t at = 0; at < COUNT(devices); at++)
		allow(rules, devices[at], WRITE_FILE | READ_FILE | TRUNCATE);
	for (size_t at = 0; at < COUNT(random); at++)
		allow(rules, random[at], READ_FILE);
	allow_log(rules);
	optind = 1;
	while ((option = getopt(count, words, "+r:w:c:d:t:n")) != -1)
		switch (option) {
		case 'r': allow(rules, optarg, READ); break;
		case 'w': allow(rules, optarg, files & ~(MAKE_CHAR | MAKE_BLOCK)); break;
		case 'c': close(atoi(optarg)); break;
		case 'd': if (chdir(optarg)) fail(optarg); break;
		case 't': if (setenv("TMPDIR", optarg, 1)) fail("TMPDIR"); break;
		case 'n': no_sockets = 1; break;
		default: exit(1);
		}
	drop_capabilities();
	if (syscall(RESTRICT_SELF, rules, 0))
		fail("landlock_restrict_self");
	close(rules);
	filter_calls(no_sockets);
	execvp(words[optind], words + optind);
	fprintf(stderr, "confine: %s: %s\n", words[optind], strerror(errno));
	exit(errno == ENOENT ? 127 : 126); /* as a shell's */
}

/* -- its parent -------------------------------------------------------------------------------- */

/* Enters a domain of its own around the program's, so that kill(-1) reaches what is in there and
 * nothing else, and that too at one blow. Returns whether the kernel can do that. */
static int enclosed(int abi)
{
	pid_t parent = getppid();
	int rules;

	if (abi < 6)
		return 0;
	rules = rules_for(abi, REFER);
	allow(rules, "/", REFER); /* which is refused where nothing allows it */
	if (syscall(RESTRICT_SELF, rules, abi >= 7 ? LOG_SAME_EXEC_OFF : 0))
		fail("landlock_restrict_self");
	close(rules);
	return parent > 1 && kill(parent, 0) == -1 && errno == EPERM;
}

/* Kills those children that are there now; theirs become children of this process. */
static void kill_children(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	if (!processes)
		return;
	while ((entry = readdir(processes))) {
		char path[300], text[1024], *after;
		int file, parent;
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (atoi(entry->d_name) < 2 || (file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
			continue;
		size = read(file, text, sizeof(text) - 1);
		close(file);
		text[size > 0 ? size : 0] = '\0';
		after = strrchr(text, ')'); /* a name may contain one */
		if (after && sscanf(after + 1, " %*c %d", &parent) == 1 && parent == getpid())
			kill(atoi(entry->d_name), SIGKILL);
	}
	closedir(processes);
}

/* Ends all that is left; the status of *program* if that is among it, else *status*. */
static int end_all(int scoped, pid_t program, int status)
{
	static const struct timespec pause = { 0, 1000000 };
	pid_t ended;
	int how;

	if (scoped)
		kill(-1, SIGKILL);
	for (;;) {
		if (!scoped)
			kill_children();
		while ((ended = waitpid(-1, &how, scoped ? 0 : WNOHANG)) > 0)
			if (ended == program)
				status = how;
		if (ended < 0 && errno == ECHILD)
			return status;
		nanosleep(&pause, NULL);
	}
}

/* Waits for the end of *program*, or for the order to end it; the status of the program. */
static int watch(pid_t program, const sigset_t *signals, int scoped)
{
	int number, how;
	pid_t ended;

	while (!sigwait(signals, &number) && number != SIGTERM)
		while ((ended = waitpid(-1, &how, WNOHANG)) > 0)
			if (ended == program)
				return end_all(scoped, program, how);
	return end_all(scoped, program, SIGKILL);
}

int main(int count, char **words)
{
	int abi = version(), scoped, status;
	sigset_t signals, before;
	pid_t self = getpid(), program;

	if (count == 1) {
		printf("%d\n", abi);
		return 0;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("prctl");
	scoped = enclosed(abi);
	program = fork();
	if (program < 0)
		fail("fork");
	if (program == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			exit(1);
		sigprocmask(SIG_SETMASK, &before, NULL);
		become(abi, count, words);
	}
	status = watch(program, &signals, scoped);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
