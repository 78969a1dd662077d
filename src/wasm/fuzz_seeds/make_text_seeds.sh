#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds of text_fuzz: a small module for each kind of field and each
# way to write instructions, and scripts of each kind of command. Small, so that
# most mutations hit something.
set -euo pipefail
cd "$(dirname "$0")/text_fuzz"

cat >tiny.wat <<'W'
(module (func (export "f") (result i32) i32.const 41))
W
cat >folded.wat <<'W'
(module $m (type $t (func (param i32 i64) (result i32)))
  (func $f (export "f") (type $t) (param $x i32) (param i64) (result i32) (local $y f64)
    (block $out (result i32)
      (loop $again (br_if $out (i32.const 1) (i32.eqz (local.get $x)))
        (local.set $x (i32.sub (local.get $x) (i32.const 0x1_0))) (br $again))
      (i32.const -7))))
W
cat >plain.wat <<'W'
(func $g (param f32 f64) (result f64) (local i32 v128)
  local.get 0 f64.promote_f32 local.get 1 f64.add
  if $l (result f64) f64.const 0x1.8p-3 else $l f64.const nan:0x123 end $l
  br_table 0 0 0 (; nested (; comment ;) ;) select (result f64) ;; to the end
)
W
cat >memory.wat <<'W'
(module (memory $m i64 1 2) (memory (data "ab\00\u{1F600}\t")) (memory (pagesize 1) (data "x"))
  (data $d (memory $m) (offset (i64.const 3)) "q" "r")
  (func (memory.init $m $d (i64.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
    (i32.store8 offset=3 align=1 (i32.const 0) (i32.const 9))
    (memory.copy 1 2 (i32.const 1) (i32.const 2) (i32.const 3))
    (v128.store $m (i64.const 1) (v128.const f32x4 1 nan -inf 0x1p3))
    (drop (v128.load8_lane 1 offset=2 15 (i32.const 0) (v128.const i64x2 1 -1)))))
W
cat >table.wat <<'W'
(module (import "m" "t" (table $i 1 3 externref)) (table $t funcref (elem $f $f)) (table i64 2 funcref (ref.func $f))
  (elem $e declare func $f) (elem (table $t) (i32.const 0) funcref (ref.null func) (item ref.func $f)) (elem func 0)
  (func $f (call_indirect $t (param i32) (result) (i32.const 1) (i32.const 0))
    (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1)) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0))
    (return_call_indirect $t (i32.const 0))))
W
cat >border.wat <<'W'
(module (import "spectest" "global_i32" (global $g i32)) (func $p (import "spectest" "print") (param i32))
  (global $h (export "h") (mut i64) (i64.add (i64.const 1) (i64.const -0x8000_0000_0000_0000)))
  (export "again" (global $h)) (start $s) (func $"a b" (@note any (thing) "here")) (func $s (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
    (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) (v128.const i16x8 0 1 2 3 4 5 6 7)) drop))
W
cat >script.wast <<'W'
(module definition $d (func (export "f") (param i32) (result i32) (local.get 0)))
(module instance $i $d) (register "i" $i)
(module binary "\00asm" "\01\00\00\00") (module quote "(func (export \"q\"))")
(assert_return (invoke $i "f" (i32.const 3)) (either (i32.const 3) (i32.const 4)))
(assert_return (get "g") (v128.const f32x4 nan:canonical nan:arithmetic 1 2))
(assert_return (invoke "r" (ref.extern 1) (ref.null func)) (ref.func) (ref.null) (ref.extern))
(assert_trap (module (func $s unreachable) (start $s)) "unreachable")
(assert_malformed (module quote "(func") "unexpected") (assert_invalid (module (func (result i32))) "type mismatch")
(assert_exhaustion (invoke "f") "call stack") (assert_unlinkable (module (import "a" "b" (func))) "unknown import")
W
