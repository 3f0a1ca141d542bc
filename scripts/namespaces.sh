# For scripts that run something in namespaces of its own and must leave nothing behind: to be sourced.

inside=''

# run_apart COMMAND...: run a command that is `unshare`, by way of others or not; its exit code is returned.
# Not in the foreground, where a signal to the script would wait for the command's end; but a shell would have its
# background ignore Ctrl-C and read nothing.
run_apart() {
  exec 3<&0
  env --default-signal=INT,QUIT "$@" <&3 3<&- 9>&- &
  inside=$!
  code=0
  wait "$inside" || code=$?
  inside=''
  return "$code"
}

# end_apart: end what runs apart. All processes of a namespace end with its first, and its mounts with its last.
end_apart() {
  [ -z "$inside" ] || { kill -KILL "$inside"; wait "$inside"; } 2>/dev/null || :
}

# remove_groups NAME: remove the control groups with such a name, which stay when an engine is killed, as soon as the last
# process of theirs is gone.
remove_groups() {
  tries=50
  while [ "$tries" -gt 0 ] && [ -n "$(find /sys/fs/cgroup -type d -path "*$1*" -print -quit)" ]; do
    find /sys/fs/cgroup -depth -type d -path "*$1*" -exec rmdir {} + 2>/dev/null || sleep 0.1
    tries=$((tries - 1))
  done
}
