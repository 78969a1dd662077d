// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machinery of the algorithm: the two stacks, the walk, and its messages.
#include "wasm/function_validator.h"

#include "wasm/limits.h"

#include <algorithm>

namespace rune::wasm {

static std::string_view typeName(ValueType type) {
  return type == unknownType ? "any type" : valueTypeName(type);
}

uint32_t FunctionValidator::memoryIndex() const {
  return instruction_.info->immediates == Immediates::DataMemory
             ? instruction_.secondIndex
             : instruction_.index;
}

/// `a` is the address type of the memory named, which was checked.
ValueType FunctionValidator::typeOfLetter(char letter) const {
  switch (letter) {
  case 'i':
    return ValueType::I32;
  case 'I':
    return ValueType::I64;
  case 'f':
    return ValueType::F32;
  case 'F':
    return ValueType::F64;
  case 'v':
    return ValueType::V128;
  default:
    return module_.memories[memoryIndex()].address;
  }
}

std::string FunctionValidator::inFunction() const {
  return function_ ? fmt::format(" in function {}", *function_) : "";
}

Diagnostic FunctionValidator::fail(std::string_view words,
                                   std::string_view detail) const {
  return error("wasm.invalid", "{}{}{}{}", words, inFunction(),
               detail.empty() ? "" : ": ", detail)
      .at(here());
}

Diagnostic FunctionValidator::mismatch(std::string_view expected,
                                       std::string_view found) const {
  return fail("type mismatch",
              fmt::format("`{}` needs {}, found {}", instruction_.info->text,
                          expected, found));
}

Diagnostic FunctionValidator::unknown(std::string_view what,
                                      uint32_t index) const {
  return fail(fmt::format("unknown {} {}", what, index));
}

Diagnostic FunctionValidator::placed(Diagnostic why) const {
  why.message += inFunction();
  return why;
}

Result<> FunctionValidator::push(ValueType type) {
  if (operands_.size() >= limits::operands)
    return error("wasm.limit", "more than {} operands at once{}",
                 limits::operands, inFunction())
        .at(here());
  operands_.push_back(type);
  return {};
}

Result<> FunctionValidator::push(Types types) {
  for (ValueType type : types)
    RUNE_TRY(push(type));
  return {};
}

Result<ValueType> FunctionValidator::pop() {
  const Control &control = controls_.back();
  if (operands_.size() > control.height) {
    ValueType type = operands_.back();
    operands_.pop_back();
    return type;
  }
  if (control.unreachable)
    return unknownType;
  return mismatch("an operand", "an empty stack");
}

Result<ValueType> FunctionValidator::pop(ValueType expected) {
  const Control &control = controls_.back();
  if (operands_.size() == control.height && !control.unreachable)
    return mismatch(typeName(expected), "an empty stack");
  ValueType found = RUNE_TRY(pop());
  if (found != expected && found != unknownType && expected != unknownType)
    return mismatch(typeName(expected), typeName(found));
  return found;
}

Result<> FunctionValidator::pop(Types expected) {
  for (size_t i = expected.size(); i-- > 0;)
    RUNE_TRY(pop(expected[i]));
  return {};
}

Result<> FunctionValidator::checkTop(Types expected) const {
  const Control &control = controls_.back();
  size_t present = operands_.size() - control.height;
  if (present < expected.size() && !control.unreachable)
    return mismatch(fmt::format("{} operands", expected.size()),
                    fmt::format("{}", present));
  for (size_t i = 0; i < std::min(present, expected.size()); ++i) {
    ValueType found = operands_[operands_.size() - 1 - i];
    ValueType wanted = expected[expected.size() - 1 - i];
    if (found != wanted && found != unknownType)
      return mismatch(typeName(wanted), typeName(found));
  }
  return {};
}

Result<> FunctionValidator::open(Opcode opcode, Types start, Types end) {
  if (controls_.size() >= limits::nesting)
    return error("wasm.limit", "blocks nested more than {} deep{}",
                 limits::nesting, inFunction())
        .at(here());
  controls_.push_back({opcode, start, end, operands_.size(), false});
  return push(start);
}

Result<FunctionValidator::Control> FunctionValidator::close() {
  Control control = controls_.back();
  RUNE_TRY(pop(control.end));
  if (operands_.size() != control.height)
    return mismatch(fmt::format("{} results", control.end.size()),
                    fmt::format("{} more", operands_.size() - control.height));
  controls_.pop_back();
  return control;
}

void FunctionValidator::setUnreachable() {
  operands_.resize(controls_.back().height);
  controls_.back().unreachable = true;
}

Result<const FunctionValidator::Control *>
FunctionValidator::label(uint32_t depth) const {
  if (depth >= controls_.size())
    return unknown("label", depth);
  return &controls_[controls_.size() - 1 - depth];
}

Result<> FunctionValidator::stepSignature() {
  std::string_view signature = instruction_.info->signature;
  size_t colon = signature.find(':');
  for (size_t i = colon; i-- > 0;)
    RUNE_TRY(pop(typeOfLetter(signature[i])));
  for (char letter : signature.substr(colon + 1))
    RUNE_TRY(push(typeOfLetter(letter)));
  return {};
}

Result<> FunctionValidator::step() {
  if (!function_)
    RUNE_TRY(stepConstant());
  if (instruction_.info->signature.empty())
    return stepSpecial();
  switch (instruction_.info->immediates) {
  case Immediates::MemoryArgumentLane:
    RUNE_TRY(laneAccess());
    [[fallthrough]];
  case Immediates::MemoryArgument:
  case Immediates::MemoryIndex:
    RUNE_TRY(memoryAccess());
    break;
  case Immediates::Data:
  case Immediates::DataMemory:
    RUNE_TRY(dataAccess());
    break;
  case Immediates::Lane:
  case Immediates::Lanes:
    RUNE_TRY(laneAccess());
    break;
  default:
    break;
  }
  return stepSignature();
}

Result<> FunctionValidator::run(Reader reader, Types results) {
  reader.setFeatures(module_.features);
  operands_.clear();
  controls_.clear();
  RUNE_TRY(open(Opcode::Block, {}, results));
  while (!controls_.empty()) {
    at_ = reader.offset();
    if (auto read = readInstruction(reader, instruction_); !read)
      return placed(std::move(read).error());
    RUNE_TRY(step());
  }
  if (!reader.atEnd())
    return placed(error("wasm.malformed",
                        "section size mismatch: {} bytes "
                        "after the last `end`",
                        reader.remaining())
                      .at(reader.here()));
  return {};
}

Result<> FunctionValidator::validateBody(uint32_t function) {
  function_ = function;
  const FunctionType &type = module_.functionType(function);
  const FunctionBody &body = module_.body(function);
  locals_.clear();
  uint32_t end = 0;
  for (ValueType parameter : type.parameters)
    locals_.push_back({++end, parameter});
  for (const LocalRun &run : body.locals)
    locals_.push_back({end += run.count, run.type});
  return run(Reader(body.code, module_.source, body.offset, true),
             type.results);
}

Result<>
FunctionValidator::validateConstant(const ConstantExpression &expression,
                                    ValueType type, size_t visibleGlobals) {
  function_.reset();
  visibleGlobals_ = visibleGlobals;
  ValueType results[] = {type};
  return run(Reader(expression.code, module_.source, expression.offset, true),
             results);
}

} // namespace rune::wasm
