/* What tcc lacks to compile HAProxy without threads; read before each source file. */

/* glibc's <sys/ucontext.h> mentions the type and never uses it here */
typedef struct { unsigned long long __lo, __hi; } __int128_t;

/* tcc ignores the attributes "weak" and "section". HAProxy itself chooses what needs neither if it
 * sees tcc, but only since 2.8-dev13. */
#ifndef USE_OBSOLETE_LINKER
#define USE_OBSOLETE_LINKER 1
#endif

/* xxhash: the plain code; tcc's preprocessor fails on a condition of the other */
#define XXH_VECTOR 0

/* From here on, right for one thread only. */
#define __thread
#define __builtin_prefetch(...) do { } while (0)
#ifdef USE_THREAD
/* one thread, whatever the configuration and the machine say */
#define MAX_THREADS 1
#define MAX_TGROUPS 1
#else
/* some revisions of 3.4-dev9 forget it where there are no threads */
#define DEF_MAX_THREADS_PER_GROUP 1
/* before 2.8-dev11 src/debug.c asks for it where there are no threads, too: none is isolated */
#define isolated_thread (~0U)
#endif

#ifndef __ATOMIC_RELAXED
#define __ATOMIC_RELAXED 0
#define __ATOMIC_CONSUME 1
#define __ATOMIC_ACQUIRE 2
#define __ATOMIC_RELEASE 3
#define __ATOMIC_ACQ_REL 4
#define __ATOMIC_SEQ_CST 5
#endif
#define __atomic_load_n(p, order)        (*(p))
#define __atomic_store_n(p, v, order)    ((void)(*(p) = (v)))
/* this way round: from 3.1-dev12 on, mt_list.h defines the _n form in the same terms */
#define __atomic_exchange(p, v, order) \
	({ __typeof__(p) __xp = (p); __typeof__(*(p)) __old = *__xp; *__xp = (v); __old; })
#define __atomic_exchange_n(p, v, order) __atomic_exchange(p, v, order)
#define __atomic_compare_exchange_n(p, e, d, weak, success, failure) \
	({ __typeof__(p) __cp = (p); __typeof__(e) __ce = (e); \
	   (*__cp == *__ce) ? ((*__cp = (d)), 1) : ((*__ce = *__cp), 0); })
#define __atomic_thread_fence(order)     do { } while (0)
#define __atomic_signal_fence(order)     do { } while (0)
