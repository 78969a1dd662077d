// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/llvm/processors.h"

#include "base/did_you_mean.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/AArch64TargetParser.h>
#include <llvm/TargetParser/X86TargetParser.h>

#include <algorithm>
#include <vector>

namespace rune::machine {

namespace {

/// The highest of the psABI's levels whose features it has; 1 is none of ours.
uint8_t levelOfX86(llvm::StringRef processor) {
  llvm::SmallVector<llvm::StringRef> listed;
  llvm::X86::getFeaturesForCPU(processor, listed);
  llvm::StringMap<bool> features;
  for (llvm::StringRef name : listed) {
    features[name] = true;
    llvm::X86::updateImpliedFeatures(name, true, features);
  }
  auto has = [&](std::initializer_list<const char *> needed) {
    return std::ranges::all_of(
        needed, [&](llvm::StringRef name) { return features.lookup(name); });
  };
  if (!has({"cx16", "sahf", "popcnt", "sse4.2", "ssse3"}))
    return 1;
  if (!has({"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}))
    return 2;
  if (has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    return has({"avx512vnni"}) ? 4 + withDots : 4;
  return has({"avxvnni"}) ? 3 + withDots : 3;
}

uint8_t levelOfArm(llvm::StringRef processor) {
  auto known = llvm::AArch64::parseCpu(processor);
  return known && known->getImpliedExtensions().test(llvm::AArch64::AEK_DOTPROD)
             ? withDots
             : 0;
}

/// Those that code is made for.
std::vector<std::string> namesOf(Family family) {
  llvm::SmallVector<llvm::StringRef> known;
  if (family == Family::X86_64)
    llvm::X86::fillValidCPUArchList(known, /*Only64Bit=*/true);
  if (family == Family::AArch64)
    llvm::AArch64::fillValidCPUArchList(known);
  std::vector<std::string> names;
  for (llvm::StringRef name : known)
    if (family != Family::X86_64 || levelOfX86(name) >= 2)
      names.push_back(name.str());
  return names;
}

} // namespace

Result<Target> targetFor(Target family, std::string_view processor) {
  std::vector<std::string> names = namesOf(family.family);
  if (family.family == hostTarget().family) {
    names.emplace_back("native");
    if (processor == "native")
      return hostTarget();
  }
  if (std::ranges::find(names, processor) != names.end()) {
    llvm::StringRef name(processor.data(), processor.size());
    return Target{family.family, family.family == Family::X86_64
                                     ? levelOfX86(name)
                                     : levelOfArm(name)};
  }
  Diagnostic why = error("machine.unknown-processor",
                         "no code is made for the processor `{}`", processor);
  if (names.empty())
    return why.withHelp("for this family there is one kind of code: leave "
                        "`--cpu` out");
  auto near = didYouMean(processor, names);
  return why.withHelp(near ? fmt::format("did you mean `{}`?", *near)
                      : family.family == Family::AArch64
                          ? "neoverse-n1 stands for all that have dot "
                            "products of bytes"
                          : "x86-64-v2, x86-64-v3 and x86-64-v4 stand for "
                            "all that reach these levels");
}

} // namespace rune::machine
