"""Excerpts of real VTest logs (varnishtest 7.1.1, HAProxy 3.0-dev), and oracles to judge them."""

from __future__ import annotations

from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario_loader import load

ANY = VTestCase("any", "digest", "any.vtc", folder="/tests")
FLAP = load("dns-flap").vtest_case(load("dns-flap").choose({}))

SERVING = "***  h1    debug|00000000:fe.accept(0006)=000e from [127.0.0.1:44674] ALPN=<none>\n"
EXPECT = '---- c1    EXPECT resp.status (200) == "300" failed\n'
SERVER_EXPECT = '---- s1    EXPECT req.url (/) == "/foo" failed\n'
CLI = '---- h1    CLI expect failed ~ "Nonesuch"\n'
EOF = "---- c1    HTTP header is incomplete\n"
SHELL = "---- top   shell_exit not as expected: got 0x0001 wanted 0x0000\n"
NO_PROGRAM = "---- top   shell_exit not as expected: got 0x007f wanted 0x0000\n"
NOT_EXECUTABLE = "---- top   shell_exit not as expected: got 0x007e wanted 0x0000\n"
RX_TIMEOUT = "---- c1    HTTP rx timeout (fd:7 1500 ms)\n"
UNKNOWN_COMMAND = '---- top   Unknown command: "bogus"\n'
NOT_READY = "---- h1    FAIL sd_notify recv READY failure\n"  # VTest 2, with -Ws
UNKNOWN_FEATURE = "---- top   FAIL test, unknown feature: vtest_cmd\n"
SKIP = "*    top   SKIPPING test, lacking feature: cmd\n"
SEGV = "---- h1    Bad exit status: 0x000b exit 0x0 signal 11 core 0\n"
EXIT_1 = "---- h1    Bad exit status: 0x0100 exit 0x1 signal 0 core 0\n"
KILLED = "#    top  TEST slow.vtc TIMED OUT (kill -9)\n#    top  TEST slow.vtc FAILED signal=9\n"
REFUSED = """\
***  h1    debug|[NOTICE]   (9214) : haproxy version is 3.0-dev0-64c9c8ef3
***  h1    debug|[ALERT]    (9214) : config : parsing [/tmp/vtc.9208.66b28484/h1/cfg:12] : \
unknown keyword 'no-such-keyword' in 'frontend' section
***  h1    debug|[ALERT]    (9214) : config : Error(s) found in configuration file : \
/tmp/vtc.9208.66b28484/h1/cfg
***  h1    debug|[ALERT]    (9214) : config : Fatal errors found in configuration.
"""
NO_BIND = """\
***  h1    debug|[ALERT]    (9163) : Starting frontend fe: cannot bind socket \
(Address already in use) for [127.0.0.1:1]
"""
