(module (import "spectest" "global_i32" (global $g i32)) (func $p (import "spectest" "print") (param i32))
  (global $h (export "h") (mut i64) (i64.add (i64.const 1) (i64.const -0x8000_0000_0000_0000)))
  (export "again" (global $h)) (start $s) (func $"a b" (@note any (thing) "here")) (func $s (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
    (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) (v128.const i16x8 0 1 2 3 4 5 6 7)) drop))
