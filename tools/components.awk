# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Reads a linker's map (lld) and sums what each component brings into the file:
# code, constants, data; no symbols, nothing that is zero at the start.
function hex(text,    i, value) {
  for (i = 1; i <= length(text); ++i)
    value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
  return value
}
function componentOf(file) {
  if (file ~ /libLLVMX86/) return "LLVM, for x86"
  if (file ~ /libLLVMAArch64/) return "LLVM, for AArch64"
  if (file ~ /libLLVMRISCV/) return "LLVM, for RISC-V"
  if (file ~ /libLLVMWebAssembly/) return "LLVM, for WebAssembly"
  if (file ~ /libLLVM|liblld/) return "LLVM, the rest"
  if (file ~ /library_bitcode/) return "the kernels' bitcode (src/compile/library)"
  if (file ~ /librune_blocks|embedded/) return "the library blocks"
  if (file ~ /libprotobuf/) return "protobuf"
  if (file ~ /libssl|libcrypto/) return "OpenSSL"
  if (file ~ /lib(c|m|pthread|stdc\+\+|gcc|gcc_eh)\.a|crt/) return "C and C++ libraries"
  if (file ~ /lib(FLAC|ogg|speexdsp|png|jpeg|z|zstd|yaml-cpp|fmt|boost_context)[^\/]*\.a/) return "pictures, sound, YAML, compression"
  sub(/\(.*/, "", file)
  sub(/.*\//, "", file)
  if (file ~ /^librune_/) {
    sub(/^librune_/, "", file)
    sub(/\.a$/, "", file)
    sub(/_llvm$/, "/llvm", file)
    sub(/^passes$/, "compile/passes", file)
    sub(/^onnx_facts$/, "import", file)
    return "src/" file
  }
  return "other"
}
# address, address, size, alignment, eight spaces more than a section, file:(section)
/^ +[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+ +[0-9]+         [^ ].*:\(/ {
  if ($1 == "0")
    next
  size = hex($3)
  place = $0
  sub(/^ +[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+ +[0-9]+ +/, "", place)
  section = place
  sub(/.*:\(/, "", section)
  if (section ~ /^\.(t?bss|debug|comment|symtab|strtab|shstrtab)/ || section == "COMMON)")
    next
  sub(/:\([^:]*$/, "", place)
  sums[componentOf(place)] += size
}
END {
  for (component in sums)
    printf "%10d  %s\n", sums[component], component
}
