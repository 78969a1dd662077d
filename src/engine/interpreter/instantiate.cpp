// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a module to an instance (core 2.0, section 4.5.4).
#include "engine/interpreter/instance.h"

#include "wasm/instruction.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace rune::engine {

InterpreterInstance::InterpreterInstance(
    std::shared_ptr<const wasm::Module> module, const Limits &limits)
    : module_(std::move(module)), limits_(limits),
      frames_(new Frame[limits.callDepth]) {}

Result<> InterpreterInstance::start(std::span<const Import> imports,
                                    Deadline deadline) {
  RUNE_TRY(makeStack());
  makeFunctions();
  RUNE_TRY(link(imports));
  RUNE_TRY(makeMemory());
  RUNE_TRY(makeTables());
  makeGlobals();
  makeElements();
  // From here on every index space is complete; what fails now is the guest's.
  if (MaybeTrap trap = copyActiveSegments())
    return error("engine.trap", "{} while copying segments", trapText(*trap))
        .at({module_->source, {}});
  return runStart(deadline);
}

/// Types are compared by structure; equal ones get the number of the first.
static std::vector<uint32_t>
firstOfEqual(const std::vector<wasm::FunctionType> &types) {
  auto less = [&](uint32_t a, uint32_t b) {
    const wasm::FunctionType &x = types[a], &y = types[b];
    return std::tie(x.parameters, x.results, a) <
           std::tie(y.parameters, y.results, b);
  };
  std::vector<uint32_t> order(types.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), less);
  std::vector<uint32_t> first(types.size());
  for (size_t i = 0; i < order.size(); ++i)
    first[order[i]] = i > 0 && types[order[i]] == types[order[i - 1]]
                          ? first[order[i - 1]]
                          : order[i];
  return first;
}

void InterpreterInstance::makeFunctions() {
  sameType_ = firstOfEqual(module_->types);
  functions_.resize(module_->functions.size());
  for (uint32_t i = 0; i < functions_.size(); ++i) {
    functions_[i].index = i;
    functions_[i].type = sameType_[module_->functions[i]];
  }
}

static const Import *findImport(std::span<const Import> imports,
                                const wasm::Import &wanted) {
  for (const Import &each : imports)
    if (each.module == wanted.module && each.name == wanted.name)
      return &each;
  return nullptr;
}

Result<> InterpreterInstance::link(std::span<const Import> imports) {
  hosts_.reserve(module_->importedFunctions);
  for (const wasm::Import &wanted : module_->imports) {
    Location at{module_->source, {}};
    if (wanted.kind != wasm::ExternKind::Function)
      return error("engine.missing-import",
                   "import `{}` `{}` is a {}; the host gives only functions",
                   wanted.module, wanted.name, externKindName(wanted.kind))
          .at(at);
    const wasm::FunctionType &type = functionType(wanted.index);
    const Import *found = findImport(imports, wanted);
    if (!found)
      return error("engine.missing-import",
                   "import `{}` `{}` of type {} is not given", wanted.module,
                   wanted.name, type.str())
          .at(at);
    if (found->type != type)
      return error("engine.import-type",
                   "import `{}` `{}` needs type {}, the host gives {}",
                   wanted.module, wanted.name, type.str(), found->type.str())
          .at(at);
    hosts_.push_back(found->function);
    functions_[wanted.index].host = &hosts_.back();
  }
  return {};
}

Result<> InterpreterInstance::makeStack() {
  uint64_t bytes = limits_.stackSlots * sizeof(Value);
  stack_ = RUNE_TRY(LinearMemory::reserve(bytes, bytes));
  free_ = reinterpret_cast<Value *>(stack_.base());
  slotsEnd_ = free_ + limits_.stackSlots;
  return {};
}

Result<> InterpreterInstance::makeMemory() {
  if (module_->memories.empty())
    return {};
  const wasm::SizeLimits &pages = module_->memories[0].pages;
  uint64_t least = uint64_t{pages.minimum} * wasm::pageBytes;
  uint64_t most = uint64_t{pages.maximum.value_or(65536)} * wasm::pageBytes;
  uint64_t cap = limits_.memoryBytes / wasm::pageBytes * wasm::pageBytes;
  if (least > cap)
    return error("engine.limit",
                 "the guest needs {} bytes of memory, at most {} are allowed",
                 least, limits_.memoryBytes)
        .at({module_->source, {}});
  memory_ = RUNE_TRY(LinearMemory::reserve(least, std::min(most, cap)));
  return {};
}

Result<> InterpreterInstance::makeTables() {
  for (const auto &[type, initial] : module_->tables)
    tableElements_ += type.elements.minimum;
  if (tableElements_ > limits_.tableElements)
    return error("engine.limit",
                 "the guest needs {} table elements, at most {} are allowed",
                 tableElements_, limits_.tableElements)
        .at({module_->source, {}});
  for (const auto &[type, initial] : module_->tables)
    tables_.push_back({std::vector<uint64_t>(type.elements.minimum),
                       type.elements.maximum.value_or(UINT32_MAX)});
  return {};
}

void InterpreterInstance::makeGlobals() {
  for (const wasm::Global &global : module_->globals)
    globals_.push_back({evaluate(global.initial)});
}

void InterpreterInstance::makeElements() {
  for (const wasm::ElementSegment &segment : module_->elements) {
    std::vector<uint64_t> &references = elements_.emplace_back();
    if (segment.mode == wasm::SegmentMode::Declarative)
      continue;
    for (uint32_t function : segment.functions)
      references.push_back(uint64_t{function} + 1);
    for (const wasm::ConstantExpression &each : segment.expressions)
      references.push_back(evaluate(each));
  }
}

InterpreterInstance::MaybeTrap InterpreterInstance::copyActiveSegments() {
  for (uint32_t i = 0; i < module_->elements.size(); ++i) {
    const wasm::ElementSegment &segment = module_->elements[i];
    if (segment.mode != wasm::SegmentMode::Active)
      continue;
    uint32_t to = static_cast<uint32_t>(evaluate(segment.offset));
    uint32_t count = static_cast<uint32_t>(elements_[i].size());
    if (MaybeTrap trap = initTable(segment.table, i, to, 0, count))
      return trap;
    elements_[i] = {};
  }
  for (const wasm::DataSegment &segment : module_->data)
    data_.push_back(segment.bytes);
  for (uint32_t i = 0; i < module_->data.size(); ++i) {
    const wasm::DataSegment &segment = module_->data[i];
    if (segment.mode != wasm::SegmentMode::Active)
      continue;
    uint32_t to = static_cast<uint32_t>(evaluate(segment.offset));
    uint32_t count = static_cast<uint32_t>(segment.bytes.size());
    if (MaybeTrap trap = initMemory(i, to, 0, count))
      return trap;
    data_[i] = {};
  }
  return {};
}

Result<> InterpreterInstance::runStart(Deadline deadline) {
  if (!module_->start)
    return {};
  if (auto trap = call(*module_->start, {}, {}, deadline))
    return error("engine.trap", "{} in the start function", trap->str())
        .at({module_->source, {}});
  return {};
}

/// The two top operands, combined; wraps at the instruction's width.
static uint64_t combine(wasm::Opcode opcode, uint64_t a, uint64_t b) {
  switch (opcode) {
  case wasm::Opcode::I32Add:
    return static_cast<uint32_t>(a + b);
  case wasm::Opcode::I32Sub:
    return static_cast<uint32_t>(a - b);
  case wasm::Opcode::I32Mul:
    return static_cast<uint32_t>(a * b);
  case wasm::Opcode::I64Add:
    return a + b;
  case wasm::Opcode::I64Sub:
    return a - b;
  default:
    return a * b;
  }
}

uint64_t InterpreterInstance::evaluate(
    const wasm::ConstantExpression &expression) const {
  wasm::Reader reader(expression.code, nullptr, expression.offset, true);
  wasm::Instruction instruction;
  std::vector<uint64_t> stack;
  while (!reader.atEnd()) {
    auto read = wasm::readInstruction(reader, instruction);
    RUNE_CHECK(read.ok(), "the module was validated");
    switch (instruction.opcode) {
    case wasm::Opcode::End:
      break;
    case wasm::Opcode::RefNull:
      stack.push_back(0);
      break;
    case wasm::Opcode::RefFunc:
      stack.push_back(uint64_t{instruction.index} + 1);
      break;
    case wasm::Opcode::GlobalGet:
      stack.push_back(globals_[instruction.index].bits);
      break;
    case wasm::Opcode::I32Const:
    case wasm::Opcode::I64Const:
    case wasm::Opcode::F32Const:
    case wasm::Opcode::F64Const:
      stack.push_back(instruction.bits);
      break;
    default: {
      uint64_t b = stack.back();
      stack.pop_back();
      stack.back() = combine(instruction.opcode, stack.back(), b);
    }
    }
  }
  return stack.back();
}

} // namespace rune::engine
