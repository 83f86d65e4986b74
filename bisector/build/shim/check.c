/* Can this compiler, with this shim, be trusted on this machine? Exit status 0 if so; otherwise
 * the number of the first thing that it gets wrong. */
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct packed {
	char c;
	uint64_t u;
} __attribute__((packed));

/* the kernel fills an array of struct epoll_event: its layout must be the kernel's */
static int reads_events_right(void)
{
	struct epoll_event want[2] = { { .events = EPOLLIN }, { .events = EPOLLIN } }, got[2];
	int fd[2], ep = epoll_create1(0), i;

	for (i = 0; i < 2; i++) {
		want[i].data.u64 = 0x1122334455667700ULL + i;
		if (pipe(fd) < 0 || write(fd[1], "x", 1) != 1 ||
		    epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &want[i]) < 0)
			return 0;
	}
	memset(got, 0, sizeof(got));
	if (epoll_wait(ep, got, 2, 0) != 2)
		return 0;
	for (i = 0; i < 2; i++)
		if (got[i].events != EPOLLIN || got[i].data.u64 >> 8 != 0x11223344556677ULL)
			return 0;
	return got[0].data.u64 != got[1].data.u64;
}

/* unsigned ranges of all 64 bits, as src/tools.c has them */
static int digits(unsigned long long n)
{
	switch (n) {
	case 0 ... 9ULL:
		return 1;
	case 10ULL ... 4294967295ULL:
		return 10;
	case 4294967296ULL ... 9999999999999999999ULL:
		return 19;
	case 10000000000000000000ULL ... 18446744073709551615ULL:
		return 20;
	default:
		return 0;
	}
}

int main(void)
{
	int old, expected = 1, value = 1;

	if (sizeof(struct packed) != 9)
		return 1;
	if (!reads_events_right())
		return 2;
	if (digits(9) != 1 || digits(10) != 10 || digits(1ULL << 32) != 19 || digits(1ULL << 63) != 19 ||
	    digits(~0ULL) != 20)
		return 3;
	old = __atomic_exchange_n(&value, 2, __ATOMIC_SEQ_CST);
	if (old != 1 || value != 2)
		return 4;
	if (__atomic_compare_exchange_n(&value, &expected, 3, 0, 0, 0) || expected != 2)
		return 5;
	return 0;
}
