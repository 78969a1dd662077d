// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One case of a suite in the layout of the first system's: a folder
// CATEGORY/NAME with a Runefile.yml, inputs for the run, and texts that must be
// seen. Judged as there:
//
//   compile-pass  the build succeeds       run-pass  the run succeeds
//   compile-fail  the build fails          run-fail  the run fails
//
// (of the last two the build must succeed), and each *.stdout and *.stderr,
// trimmed, is a part of that stream, once decimals in both are cut to five
// places. Files of the folder are inputs by their ending, in the order of their
// names.
#pragma once

#include <filesystem>
#include <string>

namespace rune::tests {

struct Ran {
  int exitCode = -1;
  std::string out;
  std::string err;
};

struct Verdict {
  /// Empty if the case is as it should be.
  std::string fault;
  Ran build;
  Ran run;
};

/// Runs a shell command in `folder` with the `rune` that was built.
Ran shell(const std::string &command, const std::filesystem::path &folder);

/// "0.69727874" as "0.69727".
std::string cutDecimals(const std::string &text);

/// What a run of the folder's Rune is given: " --image 'a.png' --raw 'b.bin'".
std::string inputFlags(const std::filesystem::path &folder);

/// Builds and runs in the folder itself, which is a scratch copy.
Verdict judge(const std::filesystem::path &folder);

} // namespace rune::tests
