// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "blocks/library.h"
#include "cli/command.h"
#include "cli/version.h"
#include "container/rune_file.h"

namespace rune::cli {

const char *version() { return RUNE_VERSION; }

namespace {

struct Component {
  const char *name;
  const char *licence;
  const char *what;
};

/// What the static binary holds beside our own code, with the SPDX names that
/// the packages' own licence files give.
constexpr Component linkedIn[] = {
    {"glibc", "LGPL-2.1-or-later",
     "the C library (static builds; relink with the sources and objects)"},
    {"libstdc++", "GPL-3.0-or-later WITH GCC-exception-3.1", "the C++ library"},
    {"yaml-cpp", "MIT", "reads Runefiles"},
    {"protobuf", "BSD-3-Clause", "reads ONNX"},
    {"libpng", "libpng-2.0", "reads PNG"},
    {"libjpeg-turbo", "IJG AND BSD-3-Clause AND Zlib", "reads JPEG"},
    {"zlib", "Zlib", "inflates PNG"},
    {"libFLAC", "BSD-3-Clause", "reads FLAC"},
    {"libogg", "BSD-3-Clause", "named by libFLAC"},
    {"speexdsp", "BSD-3-Clause", "resamples sound"},
    {"OpenSSL", "Apache-2.0", "SHA-256, HMAC"},
    {"Boost.Context", "BSL-1.0", "switches stacks"},
    {"LLVM", "Apache-2.0 WITH LLVM-exception", "makes machine code"},
    {"zstd", "BSD-3-Clause", "for LLVM"},
    {"nlohmann-json", "MIT", "JSON"},
    {"CLI11", "BSD-3-Clause", "the command line"},
    {"fmt", "MIT", "formats text"},
    {"wasi-libc", "Apache-2.0 WITH LLVM-exception",
     "inside the library blocks"},
    {"libc++, libc++abi, compiler-rt", "Apache-2.0 WITH LLVM-exception",
     "inside the library blocks"},
};

struct Options {
  bool verbose = false;
  bool licences = false;
};

void describe(Console &console) {
  console.fields()["compiler"] = __clang_version__;
  console.fields()["runeFormat"] = container::formatVersion;
  console.print(
      fmt::format("compiler     clang {}\nrune format  {}\nblocks      ",
                  __clang_version__, container::formatVersion));
  Json &listed = console.fields()["blocks"] = Json::array();
  for (const blocks::LibraryBlock &block : blocks::all()) {
    listed.push_back({{"name", block.name}, {"version", block.version}});
    console.print(fmt::format(" {}", block.name));
  }
  console.print("\n");
}

void listLicences(Console &console) {
  Json &listed = console.fields()["licences"] = Json::array();
  console.print(
      "\nrune itself is under Apache-2.0 WITH LLVM-exception. Linked in:\n");
  for (const Component &component : linkedIn) {
    listed.push_back(
        {{"name", component.name}, {"licence", component.licence}});
    console.print(fmt::format("  {:31}{:45}{}\n", component.name,
                              component.licence, component.what));
  }
}

} // namespace

Action installVersion(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_flag("-v,--verbose", options->verbose,
               "the compiler, formats and library blocks too");
  app.add_flag("--licenses", options->licences,
               "what is linked in, and under which licence");
  return [options](Console &console) -> Result<> {
    console.fields()["name"] = "rune";
    console.fields()["version"] = version();
    console.print(fmt::format("rune {}\n", version()));
    if (options->verbose)
      describe(console);
    if (options->licences)
      listLicences(console);
    return {};
  };
}

} // namespace rune::cli
