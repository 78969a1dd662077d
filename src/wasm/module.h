// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoded module: plain data, indices and spans into the file's bytes.
// The names are those of the specification's abstract syntax (core 2.0, section
// 2). Each index space lists what was imported first, then what is defined.
#pragma once

#include "base/bytes.h"
#include "wasm/features.h"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rune::wasm {

enum class ValueType : uint8_t {
  I32 = 0x7F,
  I64 = 0x7E,
  F32 = 0x7D,
  F64 = 0x7C,
  V128 = 0x7B,
  FuncRef = 0x70,
  ExternRef = 0x6F,
};
std::string_view valueTypeName(ValueType type);
inline bool isReference(ValueType type) {
  return type == ValueType::FuncRef || type == ValueType::ExternRef;
}

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  auto operator<=>(const FunctionType &) const = default;
  /// "(i32, i32) -> (i64)"
  std::string str() const;
};

/// How small and how large a table or memory may be, in elements or pages.
struct SizeLimits {
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum;
};

struct TableType {
  ValueType element;
  SizeLimits elements;
  /// Of indices: i32 or i64.
  ValueType address = ValueType::I32;
};

/// The unit of a memory's size, where its type does not say another.
constexpr uint64_t pageBytes = 65536;

struct MemoryType {
  SizeLimits pages;
  /// Of addresses: i32 or i64.
  ValueType address = ValueType::I32;
  /// log2 of the size of its pages: 16, or 0 (custom page sizes).
  uint8_t pageSizeLog2 = 16;

  uint64_t pageBytes() const { return uint64_t{1} << pageSizeLog2; }
};

struct GlobalType {
  ValueType value;
  bool isMutable = false;
  bool operator==(const GlobalType &) const = default;
};

/// The kinds of things that cross a module's border; the values are those of
/// the binary format.
enum class ExternKind : uint8_t { Function, Table, Memory, Global };
std::string_view externKindName(ExternKind kind);

/// Something the embedder must give. Its type stands at `index` of the index
/// space of its kind.
struct Import {
  std::string module;
  std::string name;
  ExternKind kind;
  uint32_t index;
};

struct Export {
  std::string name;
  ExternKind kind;
  uint32_t index;
};

/// A constant expression, without being evaluated: its instructions with the
/// final `end`.
struct ConstantExpression {
  ByteSpan code;
  /// Where the expression stands in the file.
  uint64_t offset = 0;
};

/// A table of the index space.
struct Table {
  TableType type;
  /// What its elements start as; without code: null.
  ConstantExpression initial;
};

/// A global of the index space.
struct Global {
  GlobalType type;
  /// Empty for an imported global.
  ConstantExpression initial;
};

/// When a segment is used: copied at instantiation, copied by an instruction,
/// or (elements only) merely a declaration that functions may be referenced.
enum class SegmentMode : uint8_t { Active, Passive, Declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::Passive;
  ValueType type = ValueType::FuncRef;
  uint32_t table = 0;
  /// Only for active segments.
  ConstantExpression offset;
  /// One of the two is empty: the file lists function indices or expressions.
  std::vector<uint32_t> functions;
  std::vector<ConstantExpression> expressions;

  size_t size() const { return functions.size() + expressions.size(); }
};

struct DataSegment {
  SegmentMode mode = SegmentMode::Passive;
  uint32_t memory = 0;
  /// Only for active segments.
  ConstantExpression offset;
  ByteSpan bytes;
};

/// A run of locals of one type, as the file declares them.
struct LocalRun {
  uint32_t count;
  ValueType type;
};

struct FunctionBody {
  /// Declared locals, parameters excluded; at most `limits::locals` in all.
  std::vector<LocalRun> locals;
  /// The instructions with the final `end`.
  ByteSpan code;
  /// Where `code` stands in the file.
  uint64_t offset = 0;
};

struct CustomSection {
  std::string name;
  ByteSpan payload;
  /// Where `payload` stands in the file.
  uint64_t offset = 0;
};

/// Everything a file says. `decode` fills it, `validate` judges it; engines
/// take only what passed both (`load` does both).
struct Module {
  std::vector<FunctionType> types;
  std::vector<Import> imports;
  /// Type index of each function.
  std::vector<uint32_t> functions;
  std::vector<Table> tables;
  std::vector<MemoryType> memories;
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::optional<uint32_t> start;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  /// What the data count section says, if there is one.
  std::optional<uint32_t> dataCount;
  /// Bodies of the defined functions: function `importedFunctions + i` has
  /// `bodies[i]`.
  std::vector<FunctionBody> bodies;
  std::vector<CustomSection> customSections;

  uint32_t importedFunctions = 0;
  uint32_t importedTables = 0;
  uint32_t importedMemories = 0;
  uint32_t importedGlobals = 0;

  /// What it was decoded with.
  Features features;
  /// The whole file, and what keeps its bytes alive (null: the caller does).
  ByteSpan bytes;
  std::shared_ptr<const void> owner;
  /// Where the file came from, for messages.
  SourcePtr source;

  /// The type of a function by its index, which must exist.
  const FunctionType &functionType(uint32_t function) const {
    return types[functions[function]];
  }
  bool isImported(uint32_t function) const {
    return function < importedFunctions;
  }
  const FunctionBody &body(uint32_t function) const {
    return bodies[function - importedFunctions];
  }
  /// The export of that kind and name, or null.
  const Export *findExport(ExternKind kind, std::string_view name) const;
  /// The first custom section of that name, or null.
  const CustomSection *findCustomSection(std::string_view name) const;
};

} // namespace rune::wasm
