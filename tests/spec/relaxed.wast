;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;;
;; Relaxed vector instructions (core 3.0, 4.3.5 and 4.3.6): one result where all
;; implementations must agree, a set where the rule leaves a choice.

(module
  (func (export "i32x4.relaxed_trunc_f32x4_s") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "i32x4.relaxed_trunc_f32x4_u") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "i32x4.relaxed_trunc_f64x2_s_zero") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "i32x4.relaxed_trunc_f64x2_u_zero") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (export "i8x16.relaxed_swizzle") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
  (func (export "f32x4.relaxed_min") (param v128 v128) (result v128) (f32x4.relaxed_min (local.get 0) (local.get 1)))
  (func (export "f32x4.relaxed_max") (param v128 v128) (result v128) (f32x4.relaxed_max (local.get 0) (local.get 1)))
  (func (export "f64x2.relaxed_min") (param v128 v128) (result v128) (f64x2.relaxed_min (local.get 0) (local.get 1)))
  (func (export "f64x2.relaxed_max") (param v128 v128) (result v128) (f64x2.relaxed_max (local.get 0) (local.get 1)))
  (func (export "i16x8.relaxed_q15mulr_s") (param v128 v128) (result v128) (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 1)))
  (func (export "i16x8.relaxed_dot_i8x16_i7x16_s") (param v128 v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "f32x4.relaxed_madd") (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "f32x4.relaxed_nmadd") (param v128 v128 v128) (result v128) (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "f64x2.relaxed_madd") (param v128 v128 v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "f64x2.relaxed_nmadd") (param v128 v128 v128) (result v128) (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "i8x16.relaxed_laneselect") (param v128 v128 v128) (result v128) (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "i16x8.relaxed_laneselect") (param v128 v128 v128) (result v128) (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "i32x4.relaxed_laneselect") (param v128 v128 v128) (result v128) (i32x4.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "i64x2.relaxed_laneselect") (param v128 v128 v128) (result v128) (i64x2.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "i32x4.relaxed_dot_i8x16_i7x16_add_s") (param v128 v128 v128) (result v128) (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2)))
)


;; indices below 16 choose; above, the result is zero or the index is taken modulo 16
(assert_return (invoke "i8x16.relaxed_swizzle" (v128.const i8x16 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31) (v128.const i8x16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0)) (v128.const i8x16 31 30 29 28 27 26 25 24 23 22 21 20 19 18 17 16))
(assert_return (invoke "i8x16.relaxed_swizzle" (v128.const i8x16 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31) (v128.const i8x16 3 0 15 7 3 0 15 7 3 0 15 7 3 0 15 7)) (v128.const i8x16 19 16 31 23 19 16 31 23 19 16 31 23 19 16 31 23))
(assert_return (invoke "i8x16.relaxed_swizzle" (v128.const i8x16 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31) (v128.const i8x16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16)) (either (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0) (v128.const i8x16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16 16)))
(assert_return (invoke "i8x16.relaxed_swizzle" (v128.const i8x16 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31) (v128.const i8x16 131 131 131 131 131 131 131 131 131 131 131 131 131 131 131 131)) (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0))

;; truncations of what fits; else the nearest number or the one that is all ones or only a sign
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_s" (v128.const f32x4 1.9 -1.9 2147483520 -2147483648)) (v128.const i32x4 1 -1 2147483520 -2147483648))
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_u" (v128.const f32x4 1.9 -0.9 4294967040 3000000000)) (v128.const i32x4 1 0 4294967040 3000000000))
(assert_return (invoke "i32x4.relaxed_trunc_f64x2_s_zero" (v128.const f64x2 1.5 -2147483648.5)) (v128.const i32x4 1 -2147483648 0 0))
(assert_return (invoke "i32x4.relaxed_trunc_f64x2_s_zero" (v128.const f64x2 -7.99 2147483647.9)) (v128.const i32x4 -7 2147483647 0 0))
(assert_return (invoke "i32x4.relaxed_trunc_f64x2_u_zero" (v128.const f64x2 4294967295.5 3.7)) (v128.const i32x4 4294967295 3 0 0))
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_s" (v128.const f32x4 nan nan nan nan)) (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 2147483648 2147483648 2147483648 2147483648)))
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_u" (v128.const f32x4 nan nan nan nan)) (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 4294967295 4294967295 4294967295 4294967295)))
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_s" (v128.const f32x4 0x1p31 0x1p31 0x1p31 0x1p31)) (either (v128.const i32x4 2147483647 2147483647 2147483647 2147483647) (v128.const i32x4 2147483648 2147483648 2147483648 2147483648)))
(assert_return (invoke "i32x4.relaxed_trunc_f32x4_u" (v128.const f32x4 -1 -1 -1 -1)) (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 4294967295 4294967295 4294967295 4294967295)))
(assert_return (invoke "i32x4.relaxed_trunc_f64x2_s_zero" (v128.const f64x2 nan nan)) (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 2147483648 2147483648 0 0)))
(assert_return (invoke "i32x4.relaxed_trunc_f64x2_u_zero" (v128.const f64x2 nan nan)) (either (v128.const i32x4 0 0 0 0) (v128.const i32x4 4294967295 4294967295 0 0)))

;; a * b + c and -(a * b) + c, rounded once or twice
(assert_return (invoke "f32x4.relaxed_madd" (v128.const f32x4 2 3 -4 0.5) (v128.const f32x4 3 5 2 8) (v128.const f32x4 1 -1 10 2)) (v128.const f32x4 7 14 2 6))
(assert_return (invoke "f32x4.relaxed_nmadd" (v128.const f32x4 2 3 -4 0.5) (v128.const f32x4 3 5 2 8) (v128.const f32x4 1 -1 10 2)) (v128.const f32x4 -5 -16 18 -2))
(assert_return (invoke "f64x2.relaxed_madd" (v128.const f64x2 2 -3) (v128.const f64x2 5 4) (v128.const f64x2 1 2)) (v128.const f64x2 11 -10))
(assert_return (invoke "f64x2.relaxed_nmadd" (v128.const f64x2 2 -3) (v128.const f64x2 5 4) (v128.const f64x2 1 2)) (v128.const f64x2 -9 14))
(assert_return (invoke "f32x4.relaxed_madd" (v128.const f32x4 0x1.000002p0 0x1.000002p0 0x1.000002p0 0x1.000002p0) (v128.const f32x4 0x1.000002p0 0x1.000002p0 0x1.000002p0 0x1.000002p0) (v128.const f32x4 -0x1.000004p0 -0x1.000004p0 -0x1.000004p0 -0x1.000004p0)) (either (v128.const f32x4 0 0 0 0) (v128.const f32x4 0x1p-46 0x1p-46 0x1p-46 0x1p-46)))

;; lanes of a where the mask is all ones, of b where it is zero; else by bits, or by the highest bit
(assert_return (invoke "i8x16.relaxed_laneselect" (v128.const i8x16 1 4 7 10 13 16 19 22 25 28 31 34 37 40 43 46) (v128.const i8x16 90 95 100 105 110 115 120 125 130 135 140 145 150 155 160 165) (v128.const i8x16 255 0 255 255 0 255 255 0 255 255 0 255 255 0 255 255)) (v128.const i8x16 1 95 7 10 110 16 19 125 25 28 140 34 37 155 43 46))
(assert_return (invoke "i8x16.relaxed_laneselect" (v128.const i8x16 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255) (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0) (v128.const i8x16 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128)) (either (v128.const i8x16 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128) (v128.const i8x16 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255 255)))
(assert_return (invoke "i16x8.relaxed_laneselect" (v128.const i16x8 1 4 7 10 13 16 19 22) (v128.const i16x8 90 95 100 105 110 115 120 125) (v128.const i16x8 65535 0 65535 65535 0 65535 65535 0)) (v128.const i16x8 1 95 7 10 110 16 19 125))
(assert_return (invoke "i16x8.relaxed_laneselect" (v128.const i16x8 65535 65535 65535 65535 65535 65535 65535 65535) (v128.const i16x8 0 0 0 0 0 0 0 0) (v128.const i16x8 32768 32768 32768 32768 32768 32768 32768 32768)) (either (v128.const i16x8 32768 32768 32768 32768 32768 32768 32768 32768) (v128.const i16x8 65535 65535 65535 65535 65535 65535 65535 65535) (v128.const i8x16 0 255 0 255 0 255 0 255 0 255 0 255 0 255 0 255)))
(assert_return (invoke "i32x4.relaxed_laneselect" (v128.const i32x4 1 4 7 10) (v128.const i32x4 90 95 100 105) (v128.const i32x4 4294967295 0 4294967295 4294967295)) (v128.const i32x4 1 95 7 10))
(assert_return (invoke "i32x4.relaxed_laneselect" (v128.const i32x4 4294967295 4294967295 4294967295 4294967295) (v128.const i32x4 0 0 0 0) (v128.const i32x4 2147483648 2147483648 2147483648 2147483648)) (either (v128.const i32x4 2147483648 2147483648 2147483648 2147483648) (v128.const i32x4 4294967295 4294967295 4294967295 4294967295) (v128.const i8x16 0 0 0 255 0 0 0 255 0 0 0 255 0 0 0 255)))
(assert_return (invoke "i64x2.relaxed_laneselect" (v128.const i64x2 1 4) (v128.const i64x2 90 95) (v128.const i64x2 18446744073709551615 0)) (v128.const i64x2 1 95))
(assert_return (invoke "i64x2.relaxed_laneselect" (v128.const i64x2 18446744073709551615 18446744073709551615) (v128.const i64x2 0 0) (v128.const i64x2 9223372036854775808 9223372036854775808)) (either (v128.const i64x2 9223372036854775808 9223372036854775808) (v128.const i64x2 18446744073709551615 18446744073709551615) (v128.const i8x16 0 0 0 0 0 0 0 255 0 0 0 0 0 0 0 255)))

;; the smaller and the larger; of zeros and NaNs either operand or the usual answer
(assert_return (invoke "f32x4.relaxed_min" (v128.const f32x4 1 -2 inf 0.5) (v128.const f32x4 2 -3 1 0.25)) (v128.const f32x4 1 -3 1 0.25))
(assert_return (invoke "f32x4.relaxed_max" (v128.const f32x4 1 -2 inf 0.5) (v128.const f32x4 2 -3 1 0.25)) (v128.const f32x4 2 -2 inf 0.5))
(assert_return (invoke "f64x2.relaxed_min" (v128.const f64x2 1 -2) (v128.const f64x2 2 -3)) (v128.const f64x2 1 -3))
(assert_return (invoke "f64x2.relaxed_max" (v128.const f64x2 1 -2) (v128.const f64x2 2 -3)) (v128.const f64x2 2 -2))
(assert_return (invoke "f32x4.relaxed_min" (v128.const f32x4 0 0 0 0) (v128.const f32x4 -0 -0 -0 -0)) (either (v128.const f32x4 -0 -0 -0 -0) (v128.const f32x4 0 0 0 0)))
(assert_return (invoke "f32x4.relaxed_max" (v128.const f32x4 -0 -0 -0 -0) (v128.const f32x4 0 0 0 0)) (either (v128.const f32x4 0 0 0 0) (v128.const f32x4 -0 -0 -0 -0)))
(assert_return (invoke "f64x2.relaxed_min" (v128.const f64x2 nan nan) (v128.const f64x2 1 1)) (either (v128.const f64x2 nan:arithmetic nan:arithmetic) (v128.const f64x2 1 1)))
(assert_return (invoke "f64x2.relaxed_max" (v128.const f64x2 1 1) (v128.const f64x2 nan nan)) (either (v128.const f64x2 nan:arithmetic nan:arithmetic) (v128.const f64x2 1 1)))

;; (a * b + 0x4000) >> 15; the one product that does not fit saturates or wraps
(assert_return (invoke "i16x8.relaxed_q15mulr_s" (v128.const i16x8 16384 32767 -1 4660 -32768 100 0 -32768) (v128.const i16x8 16384 32767 16384 256 16384 200 9 1)) (v128.const i16x8 8192 32766 0 36 -16384 1 0 -1))
(assert_return (invoke "i16x8.relaxed_q15mulr_s" (v128.const i16x8 -32768 -32768 -32768 -32768 -32768 -32768 -32768 -32768) (v128.const i16x8 -32768 -32768 -32768 -32768 -32768 -32768 -32768 -32768)) (either (v128.const i16x8 32767 32767 32767 32767 32767 32767 32767 32767) (v128.const i16x8 -32768 -32768 -32768 -32768 -32768 -32768 -32768 -32768)))

;; sums of neighbouring products; the second factor has seven bits
(assert_return (invoke "i16x8.relaxed_dot_i8x16_i7x16_s" (v128.const i8x16 1 2 -1 3 127 127 -128 -128 0 0 0 1 1 0 -5 6) (v128.const i8x16 10 20 5 7 127 127 127 127 9 9 9 9 11 11 2 3)) (v128.const i16x8 50 16 32258 -32512 0 9 11 8))
(assert_return (invoke "i32x4.relaxed_dot_i8x16_i7x16_add_s" (v128.const i8x16 1 2 -1 3 127 127 -128 -128 0 0 0 1 1 0 -5 6) (v128.const i8x16 10 20 5 7 127 127 127 127 9 9 9 9 11 11 2 3) (v128.const i32x4 1 1000 -9 2147483647)) (v128.const i32x4 67 746 0 2147483666))
