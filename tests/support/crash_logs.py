"""What crashes print: excerpts of real logs of VTest, without its mark and the instance's name.

Those of HAProxy are made by its CLI, those of sanitizers by a small program in its place, or by
faults that were planted in HAProxy 3.0.11 (``fault_*``).
"""

from __future__ import annotations

# debug dev bug, 3.5-dev5
BUG = """\
FATAL: bug condition "one > zero" matched at src/debug.c:1144
This was triggered on purpose from the CLI 'debug dev bug' command.
  call trace(16):
  |       0x984321 <48 89 c7 e8 80 cf ff ff]: complain+0x53/0x55 > ha_backtrace_to_stderr
  |       0x9844ea <48 89 c7 e8 e4 fd ff ff]: debug_parse_cli_bug+0x96/0xa9 > complain
  |       0x8f1925 <ff ff 4d 8b 1b 41 ff d3]: cli_process_cmdline+0x73c/0x803
  |       0x8f28b7 <48 89 c7 e8 32 e9 ff ff]: cli_io_handler+0x1dd/0xb0f > cli_process_cmdline
  |       0x9d3d42 <ff ff 4d 8b 1b 41 ff d3]: task_process_applet+0xade/0x1780
  |       0xb0592a <d2 4c 8b 5d f0 41 ff d3]: run_tasks_from_lists+0x9f5/0xc54
  |       0xb06346 <48 89 c7 e8 ef eb ff ff]: process_runnable_tasks+0x7bd/0x83b > run_tasks_from\
_lists
  |       0x9b80d9 <3f 00 00 e8 b0 da 14 00]: run_poll_loop+0x89/0x4f1 > process_runnable_tasks
  |       0x9b8997 <96 1b 00 e8 b9 f6 ff ff]: run_thread_poll_loop+0x456/0x4fc > run_poll_loop
  |       0x9bac1b <48 89 c7 e8 26 d9 ff ff]: main+0x1b46/0x1b5f > run_thread_poll_loop

Hint: when reporting this bug to developers, please check if a core file was
"""

# the same, 2.9.0
BUG_2_9 = """\
FATAL: bug condition "one > zero" matched at src/debug.c:652
  call trace(15):
  |       0x8f401f [0f 0b e9 fb ff ff ff e8]: debug_parse_cli_bug+0x96/0xb3
  |       0x83b51b [83 f8 00 0f 84 05 00 00]: main-0x671e2
  |       0x83bf62 [48 8b 45 f8 48 83 c0 10]: main-0x6679b
  |       0x9aec80 [8b 05 ba c0 79 00 83 f8]: task_run_applet+0x7e5/0xe4c
  |       0x91019f [48 89 45 e0 e9 30 00 00]: run_tasks_from_lists+0x6b7/0x7f6
  |       0x910afd [8b 4d a8 29 c1 89 4d a8]: process_runnable_tasks+0x81f/0x87f
  |       0x8a1cfd [48 8b 05 4c 0a 69 00 8b]: run_poll_loop+0x89/0x4b2
  |       0x8a245c [48 8b 05 6d 03 69 00 48]: main-0x2a1
  |       0x8a454d [b8 00 00 00 00 e8 3b 01]: main+0x1e50/0x1e69
"""

# debug dev panic, 3.5-dev5
PANIC = """\
PANIC! Thread 1 is about to kill the process (pid 7796).

HAProxy info:
  version: 3.5-dev5
  features: -51DEGREES +ACCEPT4 +BACKTRACE...

Operating system info:
  virtual machine: yes
  container: no
  kernel: Linux 6.18.44-fc-v782 #1 SMP PREEMPT_DYNAMIC @0 x86_64
  userland: Debian GNU/Linux 12 (bookworm)

* Thread 1 : id=0x0 act=1 glob=0 wq=1 rq=0 tl=0 tlsz=0 rqsz=0
      1/1    loops=4 ctxsw=10 stuck=0 prof=0
             cpu_ns: poll=15260698 now=15283220 diff=22522
             exec_ctx: applet '<CLI>'
             curr_task=0xf12b580 (task) calls=2 last=0
               fct=0x9d3264(task_process_applet) ctx=0xf12f950
             call trace(17):
             |       0x981b72 <48 89 c7 e8 53 f8 ff ff]: ha_thread_dump_fill+0x14d/0x157 > ha_thr\
ead_dump_one
             |       0x9835d9 <48 89 c7 e8 4c e4 ff ff]: ha_panic+0x31f/0x55b > ha_thread_dump_fi\
ll
             |       0x984d41 <41 89 03 e8 79 e5 ff ff]: debug_parse_cli_panic+0x5d/0x64 > ha_pan\
ic
             |       0x8f1925 <ff ff 4d 8b 1b 41 ff d3]: cli_process_cmdline+0x73c/0x803
             |       0x8f28b7 <48 89 c7 e8 32 e9 ff ff]: cli_io_handler+0x1dd/0xb0f > cli_process\
_cmdline
             |       0x9d3d42 <ff ff 4d 8b 1b 41 ff d3]: task_process_applet+0xade/0x1780

Hint: when reporting this bug to developers, please check if a core file was
"""

# the same, 2.9.0: it has no call trace
PANIC_2_9 = """\
Thread 1 is about to kill the process.
* Thread 1 : id=0x0 act=1 glob=0 wq=1 rq=0 tl=0 tlsz=0 rqsz=0
      1/1    stuck=0 prof=0
             cpu_ns: poll=8121437 now=8159338 diff=37901
             curr_task=0x270ddee0 (task) calls=3 last=0
               fct=0x9ae49b(task_run_applet) ctx=0x270ea6e0(<CLI>)
"""

# debug dev loop 6000, 3.5-dev5: the watchdog's warning, and its end
WATCHDOG = """\
PANIC! Thread 1 is about to kill the process (pid 7912).

HAProxy info:
  version: 3.5-dev5
  features: -51DEGREES +ACCEPT4 +BACKTRACE...

Operating system info:
  virtual machine: yes
  container: no
  kernel: Linux 6.18.44-fc-v782 #1 SMP PREEMPT_DYNAMIC @0 x86_64
  userland: Debian GNU/Linux 12 (bookworm)

*>Thread 1 : id=0x0 act=1 glob=0 wq=1 rq=0 tl=0 tlsz=0 rqsz=0
      1/1    loops=4 ctxsw=10 stuck=1 prof=0
             cpu_ns: poll=19195604 now=1247368576 diff=1228172972
             exec_ctx: applet '<CLI>'
             curr_task=0x3f976580 (task) calls=2 last=0
               fct=0x9d3264(task_process_applet) ctx=0x3f97a950
             call trace(21):
             |       0x981b72 <48 89 c7 e8 53 f8 ff ff]: ha_thread_dump_fill+0x14d/0x157 > ha_thr\
ead_dump_one
             |       0x9835d9 <48 89 c7 e8 4c e4 ff ff]: ha_panic+0x31f/0x55b > ha_thread_dump_fi\
ll
             |       0xbd0bd0 <00 00 00 e8 ea 26 db ff]: wdt_handler+0x2b3/0x32f > ha_panic
             | 0x7f3dcaf3e050 <00 00 00 00 0f 1f 40 00]: libc:+0x3c050
             |       0xbd4030 <e5 48 81 ec 10 00 00 00]: main+0x21af5b
             |       0xbd3d31 <48 89 c7 e8 f4 02 00 00]: _tv_ms_cmp+0x26/0x28 > main+0x21af50
             |       0x984c7f <48 89 c7 e8 8c f0 24 00]: debug_parse_cli_loop+0x116/0x17b > _tv_m\
s_cmp
             |       0x8f1925 <ff ff 4d 8b 1b 41 ff d3]: cli_process_cmdline+0x73c/0x803
             |       0x8f28b7 <48 89 c7 e8 32 e9 ff ff]: cli_io_handler+0x1dd/0xb0f > cli_process\
_cmdline
             |       0x9d3d42 <ff ff 4d 8b 1b 41 ff d3]: task_process_applet+0xade/0x1780

Hint: when reporting this bug to developers, please check if a core file was
"""
WARNING = """\
WARNING! thread 1 has stopped processing traffic for 204 milliseconds
    with 1 streams currently blocked, prevented from making any progress.

* Thread 1 : id=0x0 act=1 glob=0 wq=1 rq=0 tl=0 tlsz=0 rqsz=0
             |       0x983937 <48 89 c7 e8 8e da ff ff]: ha_stuck_warning+0x122/0x24a > ha_thread\
_dump_one
             |       0xbd0c1c <c0 89 08 e8 f9 2b db ff]: wdt_handler+0x2ff/0x32f > ha_stuck_warni\
ng
             | 0x7f3dcaf3e050 <00 00 00 00 0f 1f 40 00]: libc:+0x3c050
             | 0x7f3dcb30a8b7 <d3 4d 62 10 48 c1 e8 26]: linux-vdso:__vdso_gettimeofday+0xa7/0x2a\
b
             |       0x984cc5 <48 89 c7 e8 fb 5a 2a 00]: debug_parse_cli_loop+0x15c/0x17b > getti\
meofday@plt
             |       0x8f1925 <ff ff 4d 8b 1b 41 ff d3]: cli_process_cmdline+0x73c/0x803
             |       0x8f28b7 <48 89 c7 e8 32 e9 ff ff]: cli_io_handler+0x1dd/0xb0f > cli_process\
_cmdline
             |       0x9d3d42 <ff ff 4d 8b 1b 41 ff d3]: task_process_applet+0xade/0x1780
 => Trying to gracefully recover now (pid 7912).
"""

# gcc 12 with -fsanitize=address
USE_AFTER_FREE = """\
==10199==ERROR: AddressSanitizer: heap-use-after-free on address 0x606000000020 at pc 0x555fc98eb\
1f4 bp 0x7ffea6d83c50 sp 0x7ffea6d83c48
READ of size 4 at 0x606000000020 thread T0
    #0 0x555fc98eb1f3 in srv_read src/haproxy.c:6
    #1 0x555fc98eb216 in srv_use src/haproxy.c:7
    #2 0x555fc98eb2d5 in main src/haproxy.c:17
    #3 0x7fe32f645249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
    #4 0x7fe32f645304 in __libc_start_main_impl ../csu/libc-start.c:360
    #5 0x555fc98eb100 in _start (/haproxy-a+0x1100)

0x606000000020 is located 0 bytes inside of 64-byte region [0x606000000020,0x606000000060)
freed by thread T0 here:
    #0 0x7fe32f8b76a8 in __interceptor_free ../../../../src/libsanitizer/asan/asan_malloc_linux.c\
pp:52
    #1 0x555fc98eb20e in srv_use src/haproxy.c:7
    #2 0x555fc98eb2d5 in main src/haproxy.c:17
    #3 0x7fe32f645249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

previously allocated by thread T0 here:
    #0 0x7fe32f8b83b7 in __interceptor_calloc ../../../../src/libsanitizer/asan/asan_malloc_linux\
.cpp:77
    #1 0x555fc98eb24b in main src/haproxy.c:12
    #2 0x7fe32f645249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

SUMMARY: AddressSanitizer: heap-use-after-free src/haproxy.c:6 in srv_read
"""
SEGV = """\
AddressSanitizer:DEADLYSIGNAL
=================================================================
==10283==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000010 (pc 0x560cc05e11e8 bp 0x\
7ffd33683130 sp 0x7ffd33683108 T0)
==10283==The signal is caused by a READ memory access.
==10283==Hint: address points to the zero page.
    #0 0x560cc05e11e8 in srv_read src/haproxy.c:6
    #1 0x560cc05e129b in main src/haproxy.c:16
    #2 0x7eff6a445249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
    #3 0x7eff6a445304 in __libc_start_main_impl ../csu/libc-start.c:360
    #4 0x560cc05e1100 in _start (/haproxy-a+0x1100)

AddressSanitizer can not provide additional info.
SUMMARY: AddressSanitizer: SEGV src/haproxy.c:6 in srv_read
"""
DOUBLE_FREE = """\
==10319==ERROR: AddressSanitizer: attempting double-free on 0x606000000020 in thread T0:
    #0 0x7f83bfeb76a8 in __interceptor_free ../../../../src/libsanitizer/asan/asan_malloc_linux.c\
pp:52
    #1 0x55cd974b52cb in main src/haproxy.c:15
    #2 0x7f83bfc45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
    #3 0x7f83bfc45304 in __libc_start_main_impl ../csu/libc-start.c:360
    #4 0x55cd974b5100 in _start (/haproxy-a+0x1100)

0x606000000020 is located 0 bytes inside of 64-byte region [0x606000000020,0x606000000060)
freed by thread T0 here:
    #0 0x7f83bfeb76a8 in __interceptor_free ../../../../src/libsanitizer/asan/asan_malloc_linux.c\
pp:52
    #1 0x55cd974b52c3 in main src/haproxy.c:15
    #2 0x7f83bfc45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

previously allocated by thread T0 here:
    #0 0x7f83bfeb83b7 in __interceptor_calloc ../../../../src/libsanitizer/asan/asan_malloc_linux\
.cpp:77
    #1 0x55cd974b524b in main src/haproxy.c:12
    #2 0x7f83bfc45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

SUMMARY: AddressSanitizer: double-free ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:52\
 in __interceptor_free
"""


_FAULT = "READ of size 9 at 0x6020000008d8 thread T0"
_CALLERS = (
    "0x6f5f02 in fault_any src/http_fetch.c:1096",
    "0x6f5f02 in smp_fetch_path src/http_fetch.c:1116",
    "0x5bfadd in sample_process src/sample.c:1374",
    "0x7b7884 in acl_exec_cond src/acl.c:1071",
    "0x570e67 in http_req_get_intercept_rule src/http_ana.c:2703",
    "0x75cf86 in run_tasks_from_lists src/task.c:632",
    "0x75e0c3 in process_runnable_tasks src/task.c:876",
    "0x6881f2 in main src/haproxy.c:4035",
    "0x7f95cfa45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58",
    "0x427240 in _start (/binaries/78/haproxy+0x427240)",
)
_SOURCES = "../../../../src/libsanitizer/sanitizer_common/sanitizer_common_interceptors"


def _trace(*frames: str) -> str:
    return "".join(f"    #{at} {frame}\n" for at, frame in enumerate((*frames, *_CALLERS)))


# gcc 12 with -fsanitize=address,undefined -g1 -O1: UBSan goes on after what it finds
_ALLOCATED = f"""
0x6020000008d8 is located 0 bytes to the right of 8-byte region [0x6020000008d0,0x6020000008d8)
allocated by thread T0 here:
{_trace(f"0x7f95d04b89cf in __interceptor_malloc {_SOURCES}.inc:69")}
SUMMARY: AddressSanitizer: heap-buffer-overflow {_SOURCES}.inc:799 in __interceptor_memset
Shadow bytes around the buggy address:
=>0x0c047fff8110: fa fa 01 fa fa fa 01 fa fa fa 00[fa]fa fa fa fa
==7==ABORTING
"""
HEAP_OVERFLOW = f"""\
=================================================================
==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6020000008d8 at pc 0x7f95d0447681 \
bp 0x7ffcd63d4c80 sp 0x7ffcd63d4430
{_FAULT}
{_trace(f"0x7f95d0447680 in __interceptor_strlen {_SOURCES}.inc:799")}{_ALLOCATED}"""
# the same, as by newer sanitizers and by their libraries without debug information
HEAP_OVERFLOW_13 = HEAP_OVERFLOW.replace("in __interceptor_strlen", "in strlen")
HEAP_OVERFLOW_STRIPPED = HEAP_OVERFLOW_13.replace(
    f"{_SOURCES}.inc:799\n", "(/usr/lib64/libasan.so.8+0x5a6d3) (BuildId: 84fa7d21)\n"
)
STACK_OVERFLOW = f"""\
==7==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f9e23104d28 at pc 0x7f9e25c72b5e \
bp 0x7ffc52a959b0 sp 0x7ffc52a95160
{_FAULT}
{
    _trace(
        f"0x7f9e25c72b5d in printf_common {_SOURCES}_format.inc:553",
        f"0x7f9e25c7446d in __interceptor_vsnprintf {_SOURCES}.inc:1665",
        f"0x7f9e25c745be in __interceptor_snprintf {_SOURCES}.inc:1736",
    )
}
Address 0x7f9e23104d28 is located in stack of thread T0
 at offset 40 in frame
    #0 0x6f5d41 in smp_fetch_path src/http_fetch.c:1114

  This frame has 3 object(s):
    [32, 40) 'here' (line 1093) <== Memory access at offset 40 overflows this variable
"""
BAD_FREE = f"""\
==7==ERROR: AddressSanitizer: attempting free on address which was not malloc()-ed: 0x7fa3f0904c24 \
in thread T0
{_trace(f"0x7fa3f34b76a8 in __interceptor_free {_SOURCES}.cpp:52")}"""
RECURSION = f"""\
==7==ERROR: AddressSanitizer: stack-overflow on address 0x7ffd47670d6c (pc 0x0000006ee17f bp 0x7ffd\
47671230 sp 0x7ffd47670d60 T0)
{_trace(*["0x6ee20c in fault_dive src/http_fetch.c:1090"] * 9)}"""
UNDEFINED = f"""\
src/http_fetch.c:1088:75: runtime error: index 7 out of bounds for type 'int [4]'
{_trace("0x6ee16a in fault_index src/http_fetch.c:1088")}
"""


def printed(text: str, instance: str = "h1") -> str:
    """VTest's log of an *instance* that prints *text*."""
    return "".join(f"***  {instance:<4}  debug|{line}\n" for line in text.splitlines())
