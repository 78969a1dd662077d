// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A WebAssembly module, made function by function.
//
// source  WebAssembly core 2.0, section 5.5
#pragma once

#include "link/block_interface.h"

#include <string>
#include <vector>

namespace rune::link {

class ModuleForTest {
public:
  using Types = std::vector<wasm::ValueType>;

  /// Imports must be added after all functions: bodies are not renumbered, so
  /// only bodies without calls may stand beside imports.
  void importFunction(std::string_view module, std::string_view name) {
    imports_.text(module);
    imports_.text(name);
    imports_.raw(Bytes{0, type({}, {})});
    ++importCount_;
  }

  /// Adds a function, exports it unless `name` is empty, and gives its index.
  uint32_t function(std::string_view name, const Types &parameters,
                    const Types &results, const Bytes &code) {
    auto index = static_cast<uint8_t>(functions_.size());
    functions_.push_back(type(parameters, results));
    bodies_.push_back(code);
    if (!name.empty())
      exports_.push_back({std::string(name), index});
    return index;
  }

  void memory(std::string_view name) { memory_ = name; }

  Bytes bytes() const {
    Leb out;
    out.raw(Bytes{0, 'a', 's', 'm', 1, 0, 0, 0});
    Leb body;
    body.vector(types_);
    out.section(1, body);
    if (importCount_ > 0) {
      body = {};
      body.u8(importCount_);
      body.raw(imports_.bytes());
      out.section(2, body);
    }
    body = {};
    body.u8(static_cast<uint8_t>(functions_.size()));
    body.raw(functions_);
    out.section(3, body);
    if (!memory_.empty()) {
      body = {};
      body.raw(Bytes{1, 0, 1});
      out.section(5, body);
    }
    out.section(7, exportBody());
    body = {};
    body.u8(static_cast<uint8_t>(bodies_.size()));
    for (const Bytes &code : bodies_) {
      body.u8(static_cast<uint8_t>(code.size() + 1));
      body.u8(0); // no locals
      body.raw(code);
    }
    out.section(10, body);
    return out.take();
  }

private:
  /// Lengths below 16384 in two bytes.
  struct Leb : ByteWriter {
    void length(size_t size) {
      u8(static_cast<uint8_t>(0x80 | (size & 0x7F)));
      u8(static_cast<uint8_t>(size >> 7));
    }
    void text(std::string_view text) {
      length(text.size());
      raw(asBytes(text));
    }
    void section(uint8_t id, const Leb &body) {
      u8(id);
      length(body.size());
      raw(body.bytes());
    }
    void vector(const std::vector<Bytes> &items) {
      length(items.size());
      for (const Bytes &item : items)
        raw(item);
    }
  };

  uint8_t type(const Types &parameters, const Types &results) {
    Bytes encoded = {0x60};
    for (const Types *each : {&parameters, &results}) {
      encoded.push_back(static_cast<uint8_t>(each->size()));
      for (wasm::ValueType value : *each)
        encoded.push_back(static_cast<uint8_t>(value));
    }
    types_.push_back(encoded);
    return static_cast<uint8_t>(types_.size() - 1);
  }

  Leb exportBody() const {
    Leb body;
    body.length(exports_.size() + !memory_.empty());
    for (const auto &[name, index] : exports_) {
      body.text(name);
      body.raw(Bytes{0, static_cast<uint8_t>(index + importCount_)});
    }
    if (!memory_.empty()) {
      body.text(memory_);
      body.raw(Bytes{2, 0});
    }
    return body;
  }

  std::vector<Bytes> types_;
  Leb imports_;
  uint8_t importCount_ = 0;
  Bytes functions_;
  std::vector<Bytes> bodies_;
  std::vector<std::pair<std::string, uint8_t>> exports_;
  std::string memory_;
};

/// Types of "(i32, i32) -> (i32)".
inline std::pair<ModuleForTest::Types, ModuleForTest::Types>
typesOf(std::string_view signature) {
  size_t arrow = signature.find("->");
  auto count = [](std::string_view text) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find("i32", at)) != text.npos; ++at)
      ++found;
    return ModuleForTest::Types(found, wasm::ValueType::I32);
  };
  return {count(signature.substr(0, arrow)), count(signature.substr(arrow))};
}

/// `call function`, then `rest`.
inline Bytes call(uint32_t function, Bytes rest) {
  rest.insert(rest.begin(), {0x10, static_cast<uint8_t>(function)});
  return rest;
}

/// An export of this signature that traps; a memory if it is empty.
inline void addExport(ModuleForTest &module, std::string_view name,
                      std::string_view signature) {
  if (signature.empty())
    return module.memory(name);
  auto [parameters, results] = typesOf(signature);
  module.function(name, parameters, results, {0x00, 0x0B});
}

/// A wrapper around a new function, which calls `constructors` first.
inline void addWrapped(ModuleForTest &module, const BlockExport &wanted,
                       uint32_t constructors, bool withDestructors) {
  auto [parameters, results] = typesOf(wanted.signature);
  uint32_t inner = module.function("", parameters, results, {0x00, 0x0B});
  Bytes code = call(constructors, {});
  for (uint8_t i = 0; i < parameters.size(); ++i)
    code.insert(code.end(), {0x20, i});
  code.insert(code.end(), {0x10, static_cast<uint8_t>(inner)});
  if (withDestructors)
    code.insert(code.end(), {0x10, static_cast<uint8_t>(constructors)});
  code.push_back(0x0B);
  module.function(wanted.legacy, parameters, results, code);
}

/// A module with all that a block exports.
inline ModuleForTest blockModule(bool initialize = true) {
  ModuleForTest module;
  for (const BlockExport &each : blockExports)
    if (initialize || each.legacy != "_initialize")
      addExport(module, each.legacy, each.signature);
  return module;
}

} // namespace rune::link
