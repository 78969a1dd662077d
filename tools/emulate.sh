#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# emulate.sh DEVICE_TESTS TARGET [FILTER]: what the tests of fast kernels run on
# this machine, as cases for TARGET in an emulator. For x86-64 that is Bochs,
# which knows AVX-512 and its dot products (but neither AVX-VNNI nor what came
# after Tiger Lake): no system, the program stands in its memory when the
# processor starts. For the others it is qemu's user mode.
set -euo pipefail
tests=$1 target=$2
filter=${3:-'*FastGroups*:FastKernels*:FastRecurrent*'}
here=$(cd "$(dirname "$0")/../tests/emulate" && pwd)
clang=${CLANG:-clang-22} objcopy=${OBJCOPY:-llvm-objcopy-22}

runner=bochs triple=x86_64-linux-gnu
case $target in
x86_64-linux-v4-vnni) model=corei7_icelake_u ;;
x86_64-linux-v4) model=corei7_skylake_x ;;
x86_64-linux-v3) model=corei7_haswell_4770 ;;
x86_64-linux | x86_64-linux-v2) model=corei5_lynnfield_750 ;;
aarch64-linux) runner="qemu-aarch64 -cpu cortex-a72" triple=aarch64-linux-gnu ;;
aarch64-linux-dotprod) runner="qemu-aarch64 -cpu max" triple=aarch64-linux-gnu ;;
riscv64-linux) runner=qemu-riscv64 triple=riscv64-linux-gnu ;;
*)
  echo "emulate: no emulator runs code for \`$target\`" >&2
  exit 2
  ;;
esac
command -v "${runner%% *}" >/dev/null || {
  echo "emulate: ${runner%% *} is missing; ./dev setup emulate" >&2
  exit 2
}

work=$(mktemp -d)
[ -n "${RUNE_EMULATE_KEEP:-}" ] && echo "emulate: all that is made stays in $work" >&2 || trap 'rm -rf "$work"' EXIT
mkdir "$work/cases"
echo "emulate: making cases for $target" >&2
RUNE_CASES=$work/cases RUNE_CASES_TARGET=$target "$tests" --gtest_filter="$filter" --gtest_brief=1 >"$work/tests.log" || {
  cat "$work/tests.log"
  exit 1
}
find "$work/cases" -name '*.o' | sort -V >"$work/objects"
[ -s "$work/objects" ] || { echo "emulate: the tests made no case" >&2; exit 1; }
for source in "$work"/cases/*.s; do
  "$clang" --target="$triple" -c "$source" -o "${source%.s}.data.o"
  echo "${source%.s}.data.o"
done >"$work/data"

link=(--target="$triple" -O1 -ffreestanding -fno-builtin -fno-stack-protector -fno-pic -nostdlib -static -fuse-ld=lld-22)
if [ "$runner" != bochs ]; then
  "$clang" "${link[@]}" "$here/program.c" @"$work/objects" @"$work/data" -o "$work/program"
  $runner "$work/program"
  exit
fi

"$clang" "${link[@]}" -c "$here/program.c" -o "$work/program.o"
"$clang" "${link[@]}" -Wl,--oformat=binary -Wl,-T,"$here/program.ld" "$work/program.o" @"$work/objects" @"$work/data" -o "$work/program"
"$clang" --target="$triple" -c "$here/rom.S" -o "$work/rom.o"
"$objcopy" -O binary -j .text "$work/rom.o" "$work/rom"
echo c >"$work/continue"
cat >"$work/bochsrc" <<END
cpu: model=$model, count=1, ips=100000000, reset_on_triple_fault=0
memory: guest=512, host=512
romimage: file=$work/rom
optramimage1: file=$work/program, address=0x100000
port_e9_hack: enabled=1
sound: waveoutdrv=dummy
display_library: rfb, options="timeout=0"
log: $work/bochs.log
panic: action=fatal
END
echo "emulate: $(wc -l <"$work/objects") cases on $model" >&2
timeout "${RUNE_EMULATE_SECONDS:-1800}" bochs -q -f "$work/bochsrc" -rc "$work/continue" </dev/null >"$work/said" 2>&1 || true
grep -E '^(case_|exception )|passed, ' "$work/said" || {
  echo "emulate: the program said nothing" >&2
  tail -n 20 "$work/bochs.log" >&2
  exit 1
}
grep -q ', 0 failed' "$work/said"
