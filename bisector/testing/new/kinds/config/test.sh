#!/bin/sh
# Status 0 means good, 1 bad (if it prints the line "bug: …"), 125 that nothing can be said.
cd "$BISECTOR_TEST_DIR" || exit 125

# The control: HAProxy runs, and accepts a configuration without the bug.
"$HAPROXY_PROGRAM" -c -f control.cfg || exit 125
echo "control: accepted"

# FILL IN: what should not be; here, that the configuration is refused
if ! "$HAPROXY_PROGRAM" -c -f NAME.cfg; then
    echo "bug: refused"
    exit 1
fi
