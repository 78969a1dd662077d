// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C programs as modules, and the calls that they ask for in `// call:` lines.
// Tests only.
#pragma once

#include "base/files.h"
#include "engine/test_node_oracle.h"

#include <sstream>

namespace rune::engine::test {

inline Value parsed(const std::string &word, wasm::ValueType type) {
  switch (type) {
  case wasm::ValueType::I32:
    return Value::i32(
        static_cast<uint32_t>(std::strtoll(word.c_str(), nullptr, 10)));
  case wasm::ValueType::I64:
    return Value::i64(
        static_cast<uint64_t>(std::strtoll(word.c_str(), nullptr, 10)));
  case wasm::ValueType::F32:
    return Value::f32(std::strtof(word.c_str(), nullptr));
  default:
    return Value::f64(std::strtod(word.c_str(), nullptr));
  }
}

/// The calls that a program asks for; types are those of its exports.
inline std::vector<Call> callsOf(const std::string &sourcePath,
                                 const wasm::Module &module) {
  std::vector<Call> calls;
  std::ifstream source(sourcePath);
  for (std::string line; std::getline(source, line);) {
    if (!line.starts_with("// call: "))
      continue;
    std::istringstream words(line.substr(9));
    Call call;
    words >> call.name;
    const wasm::Export *found =
        module.findExport(wasm::ExternKind::Function, call.name);
    EXPECT_NE(found, nullptr) << call.name;
    for (wasm::ValueType type : module.functionType(found->index).parameters) {
      std::string word;
      words >> word;
      call.arguments.push_back(parsed(word, type));
    }
    calls.push_back(call);
  }
  return calls;
}

inline std::string kernelPath(const std::string &kernel) {
  return fmt::format("{}/src/engine/kernels/{}.c", RUNE_SOURCE_DIR, kernel);
}

/// The bytes that clang makes of a kernel; empty if it could not.
inline std::shared_ptr<Bytes> compileKernel(const std::string &kernel,
                                            const std::string &flags) {
  std::string name = kernel;
  std::ranges::replace(name, '/', '_');
  std::string output = temporaryFile(name + ".wasm");
  auto bytes = std::make_shared<Bytes>();
  if (!outputOf(fmt::format(
          "clang-22 --target=wasm32-unknown-unknown {} -ffreestanding "
          "-nostdlib -w -fuse-ld=lld -Wl,--no-entry -Wl,--export-memory -o {} "
          "{} 2>&1",
          flags, output, kernelPath(kernel))))
    return bytes;
  FileBytes file = std::move(FileBytes::open(output, 1 << 20)).value();
  bytes->assign(file.bytes().begin(), file.bytes().end());
  std::filesystem::remove(output);
  return bytes;
}

} // namespace rune::engine::test
