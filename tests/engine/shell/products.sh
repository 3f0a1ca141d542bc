# Runs the program in "$@" for every line of /plan, and prints what came to anything but the right C.
busybox=/busybox
while read -r path rung n threads rows; do
    $busybox ln -sf "/products/$n.a" /data/a.f64
    $busybox ln -sf "/products/$n.b" /data/b.f64
    : >/out/c.f64
    case $path in # HotSpot is told by a switch of its own
        any) unset MATMUL_ISA JDK_JAVA_OPTIONS ;;
        avx2) export MATMUL_ISA=avx2 JDK_JAVA_OPTIONS=-XX:UseAVX=2 ;;
        baseline) export MATMUL_ISA=baseline JDK_JAVA_OPTIONS=-XX:UseAVX=0 ;;
        *) export MATMUL_ISA=$path JDK_JAVA_OPTIONS=-XX:UseAVX=3 ;;
    esac
    "$@" run "$rung" "$n" "$threads" 0 "$rows" 2 1 >/out/said 2>&1
    code=$?
    if [ $code = 3 ]; then
        echo "lacks $path $rung"
    elif [ $code != 0 ]; then
        echo "wrong $path $rung n=$n threads=$threads: exit code $code: $($busybox tail -n 1 /out/said)"
    elif ! $busybox head -c $((8 * rows * n)) "/products/$n.c" | $busybox cmp -s - /out/c.f64; then
        echo "wrong $path $rung n=$n threads=$threads: another C"
    fi
done </plan
echo finished
