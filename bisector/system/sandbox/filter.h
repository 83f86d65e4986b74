/* Which system calls a program may make: the seccomp filter of confine.c, see seccomp(2). */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
	exit(1);
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no seccomp filter for this processor"
#endif

/* These numbers are the same on all processors, and newer than some C libraries. */
enum {
	IO_URING_SETUP = 425, IO_URING_ENTER, IO_URING_REGISTER, OPEN_TREE, MOVE_MOUNT, FSOPEN,
	FSCONFIG, FSMOUNT, FSPICK, CLONE3 = 435, PIDFD_GETFD = 438, PROCESS_MADVISE = 440,
	MOUNT_SETATTR = 442, QUOTACTL_FD = 443, PROCESS_MRELEASE = 448, OPEN_TREE_ATTR = 467
};

/* What no build and no test needs, and what Landlock does not cover. */
static const int refused[] = {
	/* other processes */
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, PIDFD_GETFD, PROCESS_MADVISE,
	PROCESS_MRELEASE,
	/* namespaces and mounts */
	SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, OPEN_TREE, MOVE_MOUNT,
	FSOPEN, FSCONFIG, FSMOUNT, FSPICK, MOUNT_SETATTR, OPEN_TREE_ATTR, SYS_open_by_handle_at,
	/* large parts of the kernel, in which many faults were found */
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_fanotify_init,
	/* the machine as a whole */
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime,
	SYS_adjtimex, SYS_acct, SYS_quotactl, QUOTACTL_FD, SYS_syslog, SYS_vhangup,
#if defined(__x86_64__)
	SYS_iopl, SYS_ioperm,
#endif
	/* what the processes of a user share by a number or a name */
	SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget,
	SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink,
};

/* Programs do without these if the kernel does not know them. The filter cannot see the flags of
 * clone3(2), which are in memory. */
static const int unknown[] = { CLONE3, IO_URING_SETUP, IO_URING_ENTER, IO_URING_REGISTER };

#define NAMESPACES 0x7e020000 /* CLONE_NEWNS, CLONE_NEWCGROUP and the five from CLONE_NEWUTS on */
#define X32 0x40000000        /* __X32_SYSCALL_BIT of asm/unistd.h */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct sock_filter code[512];
static unsigned short length;

static void emit(struct sock_filter line)
{
	if (length == COUNT(code)) {
		errno = E2BIG;
		fail("seccomp filter");
	}
	code[length++] = line;
}

static void load(size_t offset)
{
	emit((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Of an argument of a system call the lower half, which is all that the kernel looks at here. */
static void load_argument(int number)
{
	load(offsetof(struct seccomp_data, args) + 8 * (size_t)number);
}

/* If the loaded value compares so with *value*, the next *count* lines apply, else they do not. */
static void only_if(unsigned short how, uint32_t value, unsigned char count)
{
	emit((struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, value, 0, count));
}

static void answer(int error)
{
	emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error));
}

static void allowed(void)
{
	emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static void answer_if(unsigned short how, uint32_t value, int error)
{
	only_if(how, value, 1);
	answer(error);
}

/* The lines of a system call *number*; end_of() says where they end. */
static unsigned short begin_of(int number)
{
	load(offsetof(struct seccomp_data, nr));
	only_if(BPF_JEQ, (uint32_t)number, 0);
	return length - 1;
}

static void end_of(unsigned short begin)
{
	allowed();
	code[begin].jf = (unsigned char)(length - begin - 1);
}

static void filter_sockets(int none)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	unsigned short begin = begin_of(SYS_socket);

	if (none)
		answer(EACCES);
	load_argument(1);
	emit((struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf)); /* without SOCK_CLOEXEC … */
	answer_if(BPF_JEQ, SOCK_RAW, EPERM);
	answer_if(BPF_JEQ, SOCK_PACKET, EPERM);
	load_argument(0);
	for (size_t at = 0; at < COUNT(families); at++) {
		only_if(BPF_JEQ, (uint32_t)families[at], 1);
		allowed();
	}
	answer(EAFNOSUPPORT);
	end_of(begin);
}

static void filter_calls(int no_sockets)
{
	struct sock_fprog program = { 0, code };
	unsigned short begin;

	load(offsetof(struct seccomp_data, arch));
	emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	answer(ENOSYS);
	load(offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	answer_if(BPF_JSET, X32, ENOSYS);
#endif
	for (size_t at = 0; at < COUNT(refused); at++)
		answer_if(BPF_JEQ, (uint32_t)refused[at], EPERM);
	for (size_t at = 0; at < COUNT(unknown); at++)
		answer_if(BPF_JEQ, (uint32_t)unknown[at], ENOSYS);

	filter_sockets(no_sockets);
	begin = begin_of(SYS_clone);
	load_argument(0);
	answer_if(BPF_JSET, NAMESPACES, EPERM);
	end_of(begin);
	begin = begin_of(SYS_ioctl); /* what types into a terminal */
	load_argument(1);
	answer_if(BPF_JEQ, TIOCSTI, EPERM);
	answer_if(BPF_JEQ, TIOCLINUX, EPERM);
	end_of(begin);
	begin = begin_of(SYS_prlimit64); /* of other processes */
	load_argument(0);
	only_if(BPF_JEQ, 0, 1);
	allowed();
	answer(EPERM);
	end_of(begin);
	allowed();

	program.len = length;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		fail("seccomp");
}
