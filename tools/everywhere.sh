#!/bin/bash
# Builds dc3 where it was not written, and tests it there: everywhere.sh WORK [TARGET..], as root. A TARGET is a system
# and a compiler; by default all:
#
#     trixie-gcc, trixie-clang   Debian 13, in a folder of its own, by its own compilers
#     noble-gcc, noble-clang     Ubuntu 24.04, as well
#     bookworm-arm64             Debian 12 of arm64: compiled here by gcc-aarch64-linux-gnu, run by qemu-aarch64
#
# What is committed is built, by `make deps-test` and `make test` as a user would. WORK/TARGET.log has what was said,
# WORK/results.txt a line for each target. It continues where it stopped: systems and objects stay, and so do results
# of the same commit and tests. The exit status says whether all that was tested passed.
#
# In the environment: TESTS (which, a regular expression of ctest -R; default all, of arm64 '^(unit|ops|kernels)/'),
# SKIP (which not, of ctest -E; default none), JOBS (default: processors), DEBIAN and UBUNTU (mirrors; default
# mmdebstrap's).
#
# Needs mmdebstrap and the network; for arm64 gcc-aarch64-linux-gnu and qemu-user-static. A system takes 2 GB, of arm64
# half of it; building takes about ten minutes of a processor for each target, all tests 15, those of arm64 far more.
set -eu -o pipefail
source=$(realpath "$(dirname "$0")/..") commit=$(git -C "$(dirname "$0")" rev-parse --short HEAD)
mkdir -p "$1" && cd "$1" && shift
jobs=${JOBS:-$(nproc)}
export TESTS=${TESTS:-} SKIP=${SKIP:-^$}

# inside ROOT COMMAND: in the system ROOT, with mounts that go when the command does.
inside() {
  unshare --mount bash -eu -c 'mount --rbind /dev "$1/dev"; mount -t proc proc "$1/proc"
    exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
      OMP_WAIT_POLICY=passive TESTS="${TESTS:-.}" SKIP="$SKIP" bash -eu -c "$2"' - "$@" < /dev/null
}
# boot NAME OPTIONS..: the system NAME in a folder of that name, unless it is there.
boot() {
  local key=/usr/share/keyrings/ubuntu-archive-keyring.gpg mirror=${DEBIAN:-} options=()
  [[ ! -f $1/ready ]] || return 0
  rm -rf --one-file-system "$1"
  if [[ $1 == noble ]]; then
    mirror=${UBUNTU:-} options=(--components=main,universe)
    [[ -f $key ]] || {
      echo "not verified, for there is no $key: Ubuntu's archive"
      options+=(--aptopt='Acquire::AllowInsecureRepositories "true"' --aptopt='APT::Get::AllowUnauthenticated "true"')
    }
  fi
  mmdebstrap --quiet --mode=root "${options[@]}" "${@:2}" "${1%-*}" "$1" ${mirror:+"$mirror"}
  touch "$1/ready"
}
# sources FOLDER: what is committed, where only files that changed are new.
sources() {
  git init -q "$1"
  git -C "$1" fetch -q --depth 1 "file://$source" HEAD
  git -C "$1" checkout -q --force --detach FETCH_HEAD
}
# native SYSTEM COMPILER
native() {
  local clang=""
  boot "$1" --variant=apt --include=apt,ca-certificates,make
  cp --remove-destination /etc/resolv.conf "$1/etc/resolv.conf"
  sources "$1/dc3-$2"
  [[ $2 != clang ]] || clang="apt-get install -y -q --no-install-recommends clang libomp-dev"
  inside "$1" "cd /dc3-$2; make deps-test; $clang
    CC=$2 make test JOBS=$jobs CTEST='ctest --output-on-failure -j $jobs -R \"\$\$TESTS\" -E \"\$\$SKIP\"'"
}
# arm64 SYSTEM: its packages are unpacked, not configured, so that nothing of the system itself is run.
arm64() {
  local root=$PWD/$1-arm64 packages name
  local libraries=$root/usr/lib/aarch64-linux-gnu
  packages=$(make -C "$source" -pn clean | sed -n 's/^PACKAGES_[BT][A-Z]* := //p' | grep -o 'lib[^ ]*' | paste -sd,)
  boot "$1-arm64" --variant=extract --architectures=arm64 --include="$packages"
  # Debian's alternatives, which configuring would choose.
  for name in libopenblas.so{,.0} libblas.so.3 liblapack.so.3; do
    ln -sf "openblas-pthread/$name" "$libraries/$name"
  done
  for name in blas lapack; do
    ln -sf "../openblas-pthread/pkgconfig/$name-openblas.pc" "$libraries/pkgconfig/$name.pc"
  done
  # Links that mean a place in the system, not one here.
  find "$libraries" -type l -lname '/*' | while read -r name; do
    ln -sfn "$(realpath -sm --relative-to="$(dirname "$name")" "$root/$(readlink "$name")")" "$name"
  done
  export PKG_CONFIG_SYSROOT_DIR=$root
  export PKG_CONFIG_LIBDIR=$libraries/openblas-pthread/pkgconfig:$libraries/pkgconfig:$root/usr/share/pkgconfig
  sources "$1-arm64-dc3" && cd "$1-arm64-dc3"
  cmake -S . -B build -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_SYSROOT="$root" \
    -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
    -DCMAKE_CROSSCOMPILING_EMULATOR="qemu-aarch64-static;-L;$root"
  cmake --build build -j "$jobs"
  OMP_WAIT_POLICY=passive ctest --test-dir build --output-on-failure -j "$jobs" -E "$SKIP" \
    -R "${TESTS:-^(unit|ops|kernels)/}"
}
# try TARGET COMMAND..: unless it was done; what was done says of what commit, which tests, and what came of them.
try() {
  local what="$1 of $commit, tests ${TESTS:-by default} without $SKIP"
  [[ ! -f $1.done || $(< "$1.done") != "$what: "* ]] || return 0
  echo "== $1"
  set +e # not `||`, within which no failure would end the command
  (set -e; "${@:2}") > "$1.log" 2>&1
  set -e
  grep -q 'tests passed' "$1.log" || { tail -n 3 "$1.log" >&2; failed=1; return 0; }
  echo "$what: $(sed -n -e 's/^[0-9]*% tests passed, //p' -e 's/^\t *[0-9]* - \([^ ]*\).*/\1/p' "$1.log" |
    paste -sd' ')" > "$1.done"
}
failed=0
(($# > 0)) || set -- trixie-gcc trixie-clang noble-gcc noble-clang bookworm-arm64
for target; do
  case $target in
    *-arm64) try "$target" arm64 "${target%-*}" ;;
    trixie-*|noble-*|bookworm-*) try "$target" native "${target%-*}" "${target##*-}" ;;
    *) echo "$target: expected trixie-gcc, trixie-clang, noble-gcc, noble-clang or bookworm-arm64" >&2; exit 1 ;;
  esac
done
compgen -G '*.done' > /dev/null || exit 1
cat -- *.done | tee results.txt
((failed == 0)) && ! grep -qv ': 0 tests failed' results.txt
