// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/llvm/processors.h"

#include "base/did_you_mean.h"

#include <llvm/TargetParser/X86TargetParser.h>

#include <algorithm>
#include <vector>

namespace rune::machine {

namespace {

/// The highest of the psABI's levels whose features it has.
uint8_t levelOf(llvm::StringRef processor) {
  llvm::SmallVector<llvm::StringRef> features;
  llvm::X86::getFeaturesForCPU(processor, features);
  auto has = [&](std::initializer_list<const char *> needed) {
    return std::ranges::all_of(needed, [&](llvm::StringRef name) {
      return llvm::is_contained(features, name);
    });
  };
  if (!has({"cx16", "sahf", "popcnt", "sse4.2", "ssse3"}))
    return 1;
  if (!has({"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}))
    return 2;
  return has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}) ? 4
                                                                          : 3;
}

} // namespace

Result<Target> targetFor(Target family, std::string_view processor) {
  std::vector<std::string> names;
  if (family.family == Family::X86_64) {
    llvm::SmallVector<llvm::StringRef> known;
    llvm::X86::fillValidCPUArchList(known, /*Only64Bit=*/true);
    for (llvm::StringRef name : known)
      if (levelOf(name) >= 2)
        names.push_back(name.str());
  }
  if (family.family == hostTarget().family) {
    names.emplace_back("native");
    if (processor == "native")
      return hostTarget();
  }
  if (std::ranges::find(names, processor) != names.end())
    return Target{family.family, levelOf({processor.data(), processor.size()})};
  Diagnostic why = error("machine.unknown-processor",
                         "no code is made for the processor `{}`", processor);
  if (names.empty())
    return why.withHelp("for this family there is one kind of code: leave "
                        "`--cpu` out");
  auto near = didYouMean(processor, names);
  return why.withHelp(near ? fmt::format("did you mean `{}`?", *near)
                           : "x86-64-v2, x86-64-v3 and x86-64-v4 stand for "
                             "all that reach these levels");
}

} // namespace rune::machine
