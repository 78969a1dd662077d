(func $g (param f32 f64) (result f64) (local i32 v128)
  local.get 0 f64.promote_f32 local.get 1 f64.add
  if $l (result f64) f64.const 0x1.8p-3 else $l f64.const nan:0x123 end $l
  br_table 0 0 0 (; nested (; comment ;) ;) select (result f64) ;; to the end
)
