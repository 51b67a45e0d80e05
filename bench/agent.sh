#!/bin/sh
# The agent that the bench runs: `agent.sh FIFO` says on FIFO that it is up, then repeats each line it is told.
# FIFO is opened for reading too, so that an agent never blocks on it when the bench has gone.
printf 'ready\n'
printf 'up %s\n' "$$" 1<>"$1"
while IFS= read -r line; do
    printf 'got %s\n' "$line" 1<>"$1"
done
