/* At some revisions only the code that starts threads creates the pipes of the poller, and without
 * threads the first task dies of that (gcc's as well). Here main() creates them in its place. */
#include_next <haproxy/thread.h>
#if defined(SHIM_POLLER_PIPES) && !defined(USE_THREAD) && !defined(SHIM_THREAD_H)
#define SHIM_THREAD_H
#define setup_extra_threads(handler) \
	do { if (!fd_precreate_poller_pipes()) exit(1); } while (0)
#endif
