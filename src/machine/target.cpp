// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/target.h"

#include "base/did_you_mean.h"

#include <vector>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace rune::machine {

namespace {

struct Named {
  std::string_view name;
  Target target;
};
constexpr Named named[] = {
    {"x86_64-linux", {Family::X86_64, 2}},
    {"x86_64-linux-v2", {Family::X86_64, 2}},
    {"x86_64-linux-v3", {Family::X86_64, 3}},
    {"x86_64-linux-v3-vnni", {Family::X86_64, 3 + withDots}},
    {"x86_64-linux-v4", {Family::X86_64, 4}},
    {"x86_64-linux-v4-vnni", {Family::X86_64, 4 + withDots}},
    {"aarch64-linux", {Family::AArch64, 0}},
    {"aarch64-linux-dotprod", {Family::AArch64, withDots}},
    {"riscv64-linux", {Family::RiscV64, 0}},
    {"wasm32", {Family::Wasm32, 0}},
};

} // namespace

std::string Target::str() const {
  std::string last;
  for (const Named &each : named)
    if (each.target == *this)
      last = each.name;
  return last;
}

Target hostTarget() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  uint8_t level = 1;
  if (__builtin_cpu_supports("x86-64-v4"))
    level = __builtin_cpu_supports("avx512vnni") ? 4 + withDots : 4;
  else if (__builtin_cpu_supports("x86-64-v3"))
    level = __builtin_cpu_supports("avxvnni") ? 3 + withDots : 3;
  else if (__builtin_cpu_supports("x86-64-v2"))
    level = 2;
  return {Family::X86_64, level};
#elif defined(__aarch64__)
  // HWCAP_ASIMDDP of the kernel's interface
  constexpr unsigned long dotProducts = 1ul << 20;
  bool has = (getauxval(AT_HWCAP) & dotProducts) != 0;
  return {Family::AArch64, has ? withDots : uint8_t{0}};
#elif defined(__riscv) && __riscv_xlen == 64
  return {Family::RiscV64, 0};
#else
#error "name this processor in target.h"
#endif
}

Result<Target> parseTarget(std::string_view text) {
  std::string known;
  std::vector<std::string> names;
  for (const Named &each : named) {
    if (each.name == text)
      return each.target;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
    names.emplace_back(each.name);
  }
  if (auto near = didYouMean(text, names))
    return error("machine.unknown-target", "no code is made for `{}`", text)
        .withHelp(fmt::format("did you mean `{}`? there is {}", *near, known));
  return error("machine.unknown-target", "no code is made for `{}`", text)
      .withHelp("there is " + known);
}

bool runsOn(Target code, Target machine) {
  if (code.family != machine.family)
    return false;
  return code.hasDots() ? code.level == machine.level
                        : code.base() <= machine.base();
}

} // namespace rune::machine
