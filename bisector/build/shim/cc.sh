#!/bin/sh
# tcc as HAProxy's Makefile wants its CC: with the shim before every source file, and with the
# system's start-up files, which this tcc would look for elsewhere. tcc links, too: GNU ld does
# not take its objects. Linking with -g keeps the names of functions, for call traces.
tcc=@TCC@
library=@LIBRARY@
shim=${0%/*}
system=@SYSTEM@
headers=@HEADERS@

set -- -B"$library" -w -D__STDC_NO_VLA__=1 \
    -include "$shim/compat.h" -I"$shim/inc" -I"$headers" "$@"
case " $* " in
*' -c '*src/haproxy.c*) # 3.5-dev3 to dev5 create the pollers' pipes only where there are threads
    grep -qs fd_precreate_poller_pipes src/thread.c && set -- -DSHIM_POLLER_PIPES "$@"
    "$tcc" "$@" || exit
    if [ -f src/haproxy.d ]; then # with -MD; the object depends on what was looked up
        echo 'src/haproxy.o: src/thread.c' >>src/haproxy.d
    fi
    ;;
*src/mjson.c*) exec "$tcc" -DSHIM_NO_ATTRIBUTES "$@" ;; # has them where tcc takes none
*' -c '* | *' -E '*) exec "$tcc" "$@" ;;
*' -o '*)
    exec "$tcc" -g -nostdlib -L"$system" -L"$shim" "$system/crt1.o" "$system/crti.o" "$@" \
        -lc "$shim/libshim.a" "$library/libtcc1.a" "$system/crtn.o"
    ;;
*) exec "$tcc" "$@" ;;
esac
