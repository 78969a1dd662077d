// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds wasm files in tests, readably. Nothing is checked: a test may build
// what is malformed or invalid. Three layers: bytes (`cat`, `leb`, `text`,
// `section`), instructions (`Code`), whole modules (`ModuleBuilder`).
#pragma once

#include "wasm/instruction.h"

#include <initializer_list>

namespace rune::wasm::test {

inline Bytes cat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// An unsigned number as LEB128.
inline Bytes leb(uint64_t value) {
  Bytes bytes;
  for (; value > 0x7F; value >>= 7)
    bytes.push_back(static_cast<uint8_t>(value | 0x80));
  bytes.push_back(static_cast<uint8_t>(value));
  return bytes;
}

/// A signed number as LEB128.
inline Bytes sleb(int64_t value) {
  Bytes bytes;
  for (;; value >>= 7) {
    uint8_t low = value & 0x7F;
    if ((value >> 6) == 0 || (value >> 6) == -1) {
      bytes.push_back(low);
      return bytes;
    }
    bytes.push_back(low | 0x80);
  }
}

inline Bytes byte(uint8_t value) { return {value}; }
inline Bytes byte(ValueType type) { return {static_cast<uint8_t>(type)}; }
inline Bytes text(std::string_view value) {
  Bytes bytes(value.begin(), value.end());
  return cat({leb(bytes.size()), bytes});
}
inline Bytes sized(const Bytes &payload) {
  return cat({leb(payload.size()), payload});
}
inline Bytes vec(const std::vector<Bytes> &items) {
  Bytes all = leb(items.size());
  for (const Bytes &item : items)
    all.insert(all.end(), item.begin(), item.end());
  return all;
}

/// Section ids of core 2.0, section 5.5.2.
enum class Id : uint8_t {
  Custom,
  Type,
  Import,
  Function,
  Table,
  Memory,
  Global,
  Export,
  Start,
  Element,
  Code,
  Data,
  DataCount
};
inline Bytes section(Id id, const Bytes &payload) {
  return cat({byte(static_cast<uint8_t>(id)), sized(payload)});
}
inline Bytes header() { return {0, 'a', 's', 'm', 1, 0, 0, 0}; }
/// A file of these sections.
inline Bytes file(std::initializer_list<Bytes> sections) {
  return cat({header(), cat(sections)});
}

inline Bytes typeList(std::initializer_list<ValueType> types) {
  Bytes all = leb(types.size());
  for (ValueType type : types)
    all.push_back(static_cast<uint8_t>(type));
  return all;
}
inline Bytes functionType(std::initializer_list<ValueType> parameters,
                          std::initializer_list<ValueType> results) {
  return cat({byte(0x60), typeList(parameters), typeList(results)});
}
inline Bytes sizeLimits(uint32_t minimum,
                        std::optional<uint32_t> maximum = {}) {
  return maximum ? cat({byte(1), leb(minimum), leb(*maximum)})
                 : cat({byte(0), leb(minimum)});
}

/// Instructions, one call each.
class Code {
public:
  /// An opcode and its indices or other unsigned immediates.
  template <class... Words> Code &op(Opcode opcode, Words... words) {
    uint32_t code = static_cast<uint32_t>(opcode);
    if (code > 0xFF)
      add(byte(static_cast<uint8_t>(code >> 12))).add(leb(code & 0xFFF));
    else
      add(byte(static_cast<uint8_t>(code)));
    (add(leb(words)), ...);
    return *this;
  }
  Code &i32(int32_t value) { return op(Opcode::I32Const).add(sleb(value)); }
  Code &i64(int64_t value) { return op(Opcode::I64Const).add(sleb(value)); }
  Code &f32(float value) { return op(Opcode::F32Const).fixed(value); }
  Code &f64(double value) { return op(Opcode::F64Const).fixed(value); }
  Code &block(Opcode opcode) { return op(opcode).add(byte(0x40)); }
  Code &block(Opcode opcode, ValueType result) {
    return op(opcode).add(byte(result));
  }
  Code &block(Opcode opcode, uint32_t type) {
    return op(opcode).add(sleb(type));
  }
  Code &brTable(std::initializer_list<uint32_t> labels, uint32_t standard) {
    op(Opcode::BrTable, labels.size());
    for (uint32_t label : labels)
      add(leb(label));
    return add(leb(standard));
  }
  Code &select(std::initializer_list<ValueType> types) {
    return op(Opcode::SelectTyped).add(typeList(types));
  }
  Code &refNull(ValueType type) { return op(Opcode::RefNull).add(byte(type)); }
  Code &get(uint32_t local) { return op(Opcode::LocalGet, local); }
  Code &set(uint32_t local) { return op(Opcode::LocalSet, local); }
  Code &end() { return op(Opcode::End); }
  Code &add(const Bytes &bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  const Bytes &bytes() const { return bytes_; }

private:
  template <class T> Code &fixed(T value) {
    Bytes bytes(sizeof value);
    storeUnaligned(bytes.data(), value);
    return add(bytes);
  }

  Bytes bytes_;
};

/// A body as the code section has it; `code` ends with its own `end`.
inline Bytes body(std::initializer_list<std::pair<uint32_t, ValueType>> locals,
                  const Code &code) {
  Bytes runs = leb(locals.size());
  for (auto [count, type] : locals)
    runs = cat({runs, leb(count), byte(type)});
  return sized(cat({runs, code.bytes()}));
}

/// Items of each section, in the order they are added; each `add` gives the
/// index of what it added. Imports come before definitions.
class ModuleBuilder {
public:
  uint32_t type(std::initializer_list<ValueType> parameters,
                std::initializer_list<ValueType> results) {
    types_.push_back(functionType(parameters, results));
    return static_cast<uint32_t>(types_.size() - 1);
  }
  uint32_t importFunction(std::string_view module, std::string_view name,
                          uint32_t type) {
    import(cat({text(module), text(name), byte(0), leb(type)}));
    return functionCount_++;
  }
  ModuleBuilder &import(const Bytes &entry) {
    imports_.push_back(entry);
    return *this;
  }
  uint32_t
  function(uint32_t type, const Code &code,
           std::initializer_list<std::pair<uint32_t, ValueType>> locals = {}) {
    functions_.push_back(leb(type));
    bodies_.push_back(body(locals, code));
    return functionCount_++;
  }
  uint32_t table(ValueType element, uint32_t minimum,
                 std::optional<uint32_t> maximum = {}) {
    tables_.push_back(cat({byte(element), sizeLimits(minimum, maximum)}));
    return static_cast<uint32_t>(tables_.size() - 1);
  }
  ModuleBuilder &memory(uint32_t minimum,
                        std::optional<uint32_t> maximum = {}) {
    memories_.push_back(sizeLimits(minimum, maximum));
    return *this;
  }
  /// A memory or table as its section has it.
  ModuleBuilder &rawMemory(const Bytes &type) {
    memories_.push_back(type);
    return *this;
  }
  ModuleBuilder &rawTable(const Bytes &type) {
    tables_.push_back(type);
    return *this;
  }
  uint32_t global(ValueType type, bool isMutable, const Code &initial) {
    globals_.push_back(
        cat({byte(type), byte(uint8_t{isMutable}), initial.bytes()}));
    return static_cast<uint32_t>(globals_.size() - 1);
  }
  ModuleBuilder &exported(std::string_view name, uint32_t index,
                          ExternKind kind = ExternKind::Function) {
    exports_.push_back(
        cat({text(name), byte(static_cast<uint8_t>(kind)), leb(index)}));
    return *this;
  }
  ModuleBuilder &start(uint32_t function) {
    start_ = function;
    return *this;
  }
  ModuleBuilder &element(const Bytes &segment) {
    elements_.push_back(segment);
    return *this;
  }
  /// Functions copied into table 0 at `offset`.
  ModuleBuilder &activeElements(int32_t offset,
                                std::initializer_list<uint32_t> functions) {
    std::vector<Bytes> items;
    for (uint32_t each : functions)
      items.push_back(leb(each));
    return element(cat({leb(0), Code().i32(offset).end().bytes(), vec(items)}));
  }
  ModuleBuilder &activeData(int32_t offset, std::string_view bytes) {
    data_.push_back(
        cat({leb(0), Code().i32(offset).end().bytes(), text(bytes)}));
    return *this;
  }
  ModuleBuilder &passiveData(std::string_view bytes) {
    data_.push_back(cat({leb(1), text(bytes)}));
    return *this;
  }
  ModuleBuilder &data(const Bytes &segment) {
    data_.push_back(segment);
    return *this;
  }
  /// Adds the data count section.
  ModuleBuilder &countData() {
    countsData_ = true;
    return *this;
  }

  Bytes bytes() const {
    return file({
        list(Id::Type, types_),
        list(Id::Import, imports_),
        list(Id::Function, functions_),
        list(Id::Table, tables_),
        list(Id::Memory, memories_),
        list(Id::Global, globals_),
        list(Id::Export, exports_),
        start_ ? section(Id::Start, leb(*start_)) : Bytes{},
        list(Id::Element, elements_),
        countsData_ ? section(Id::DataCount, leb(data_.size())) : Bytes{},
        list(Id::Code, bodies_),
        list(Id::Data, data_),
    });
  }

private:
  static Bytes list(Id id, const std::vector<Bytes> &items) {
    return items.empty() ? Bytes{} : section(id, vec(items));
  }

  std::vector<Bytes> types_, imports_, functions_, tables_, memories_, globals_,
      exports_, elements_, bodies_, data_;
  std::optional<uint32_t> start_;
  uint32_t functionCount_ = 0;
  bool countsData_ = false;
};

} // namespace rune::wasm::test
