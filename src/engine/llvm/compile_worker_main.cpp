// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiling worker by itself (engine/native/compile_worker.h): for tests, and
// for hosts that are not `rune`. With an argument it misbehaves, for tests.
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/compile_worker.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace rune;

/// Does in place of compiling what a faulty compiler might.
class FaultyCompiler final : public engine::native::Compiler {
public:
  explicit FaultyCompiler(std::string_view fault) : fault_(fault) {}
  std::string_view buildId() const override { return "faulty"; }

  Result<Bytes> compile(const wasm::Module &,
                        const engine::native::CompileOptions &,
                        const std::atomic<bool> &) override {
    if (fault_ == "crash")
      std::raise(SIGSEGV);
    if (fault_ == "hang")
      for (;;)
        ::pause();
    if (fault_ == "eat") {
      std::vector<char *> blocks;
      for (;;)
        blocks.push_back(new char[1 << 20]);
    }
    if (fault_ == "silence")
      _exit(0);
    return Bytes(100, 7); // what is no code
  }

private:
  std::string_view fault_;
};

} // namespace

int main(int argc, char **argv) {
  if (argc > 1) {
    FaultyCompiler compiler(argv[1]);
    return engine::native::serveCompile(compiler);
  }
  return engine::native::serveCompile(*engine::makeLlvmCompiler());
}
