# Runs the program in "$@" with the arguments of every line of /plan, and prints which it does not answer with its usage.
busybox=/busybox
while read -r arguments; do
    "$@" $arguments >/out/said 2>/out/complaint # in words
    code=$?
    if [ $code != 2 ] || [ -s /out/said ] || ! $busybox grep -qi usage /out/complaint; then
        echo "wrong '$arguments': exit code $code"
    fi
done </plan
echo finished
