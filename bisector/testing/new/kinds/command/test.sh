#!/bin/sh
# Status 0 means good, 1 bad (if it prints the line "bug: …"), 125 that nothing can be said.
# BISECTOR_PORT1 and BISECTOR_PORT2 are free ports; NAME.cfg uses the first one.
"$HAPROXY_PROGRAM" -D -p "$TMPDIR/pid" -f "$BISECTOR_TEST_DIR/NAME.cfg" || exit 125

ask() {
    curl --silent --show-error --max-time 5 "http://127.0.0.1:$BISECTOR_PORT1$1"
}

# The control: with this request all is well, whether the bug is there or not.
ask / > "$TMPDIR/control" || exit    # with curl's status, also if there is no curl
echo "control: answers"

# FILL IN: the command that shows the bug, and what its output should be
answer=$(ask /)
if [ "$answer" != "hello" ]; then
    echo "bug: the answer is $answer"
    exit 1
fi
