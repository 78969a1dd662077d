// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/target.h"

#include "base/did_you_mean.h"

#include <vector>

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
    {"x86_64-linux-v4", {Family::X86_64, 4}},
    {"aarch64-linux", {Family::AArch64, 0}},
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
    level = 4;
  else if (__builtin_cpu_supports("x86-64-v3"))
    level = 3;
  else if (__builtin_cpu_supports("x86-64-v2"))
    level = 2;
  return {Family::X86_64, level};
#elif defined(__aarch64__)
  return {Family::AArch64, 0};
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
  return code.family == machine.family && code.level <= machine.level;
}

} // namespace rune::machine
