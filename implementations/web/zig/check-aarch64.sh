#!/bin/bash
# The service for aarch64, under QEMU, answers byte for byte as the native one does, dates aside, and ends as it should.
set -eu
export LC_ALL=C

./build.sh safe aarch64
mv web web-aarch64
./build.sh safe

requests() {
  printf '%s\r\n' 'GET / HTTP/1.1' 'Host: a' '' 'HEAD /json HTTP/1.1' 'Host: a' '' 'OPTIONS * HTTP/1.1' 'Host: a' ''
  printf '%s\r\n' 'POST /echo HTTP/1.1' 'Host: a' 'Transfer-Encoding: chunked' '' '5' 'hello' '1' '!' '0' ''
  for n in 1 8 13; do # numbers of the text's bytes, whatever they are
    printf '%s\r\n' "POST /matmul?n=$n HTTP/1.1" 'Host: a' "Content-Length: $((16 * n * n))" ''
    yes 'every byte but a line of the bytes of a double' | head -c $((16 * n * n))
  done
  printf '%s\r\n' 'POST /echo HTTP/1.1' 'Host: a' 'Content-Length: 65536' ''
  yes 0123456789 | head -c 65536
  printf '%s\r\n' 'GET /json HTTP/1.1' 'Host: a' '' 'GET / HTTP/1.1' 'Bad : field' ''
}

# answers PORT COMMAND...: what the service says to all of them.
answers() {
  local port=$1
  shift
  "$@" "$port" 2 127.0.0.1 &
  until exec 3<>"/dev/tcp/127.0.0.1/$port"; do [ $SECONDS -lt 120 ]; sleep 0.1; done 2>/dev/null
  requests >&3
  sed 's/..., .. ... .... ..:..:.. GMT/DATE/' <&3
  exec 3>&-
  kill %1
  wait %1
}

answers 8081 ./web >native
answers 8082 qemu-aarch64 ./web-aarch64 >emulated
cmp native emulated
[ "$(grep -ao 'HTTP/1.1 200 OK' native | wc -l)" = 8 ]
[ "$(grep -ao 'HTTP/1.1 400 Bad Request' native | wc -l)" = 1 ]
rm native emulated web-aarch64
