#!/bin/sh
# reduced.sh FOLDER BINARY...
# Makes in FOLDER the C++ library with what these binaries use of it, out of the archive that Debian has for that: it
# takes a twentieth of the whole one.
set -eu
folder=$1
shift
objdump -T "$@" | sed -n 's/.*\*UND\*.*(\(\(GLIBCXX\|CXXABI\)_[0-9.]*\)) *\([A-Za-z0-9_]*\)$/\1 \3/p' | sort -u >wanted
awk '$1 != last { if (last) print "};"; print $1 " {"; last = $1 } { print "  " $2 ";" }
  END { print "};"; print "HIDDEN { local: *; };" }' wanted >versions
mkdir -p "$folder"
ld -shared -soname libstdc++.so.6 --version-script versions --gc-sections -z defs -z noexecstack --build-id=none \
  --hash-style=gnu --strip-all $(sed 's/.* /-u /' wanted) -o "$folder/libstdc++.so.6" \
  /usr/lib/gcc/*-linux-gnu/14/libstdc++_pic.a /usr/lib/gcc/*-linux-gnu/14/libgcc.a \
  /usr/lib/*-linux-gnu/libgcc_s.so.1 /usr/lib/*-linux-gnu/libc.so.6 /usr/lib/*-linux-gnu/ld-linux-*.so.*
rm wanted versions
