# Prints the memory of each HAProxy of this test, in kB: a line "memory|", then "memory|PID SIZE".
# It is the memory that HAProxy has written to, without the program and its libraries.
echo "memory|"
for process in /proc/[0-9]*; do
    [ "$process/exe" -ef "$HAPROXY_PROGRAM" ] || continue
    grep -qsz "^TMPDIR=$TMPDIR\$" "$process/environ" || continue # else it is of another test
    sed -n "s,^RssAnon:[^0-9]*\([0-9]*\).*,memory|${process#/proc/} \1,p" "$process/status"
done
