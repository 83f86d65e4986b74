/* glibc makes __attribute__() empty for all compilers but gcc and clang. tcc knows attributes:
 * without this, struct epoll_event, packed in the kernel's interface, has the wrong layout in
 * every file that includes <sys/epoll.h> first, and events get lost. */
#include_next <sys/cdefs.h>
#ifndef SHIM_NO_ATTRIBUTES
#undef __attribute__
#endif
