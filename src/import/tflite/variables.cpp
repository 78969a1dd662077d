// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Variables that have a name: state from run to run that any graph of the file
// may read and assign. A handle is nothing but the name, so it is no tensor of
// ours; a variable is a cell of the frame.
//
// source  TensorFlow Lite, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, versions
//         1; what is not assigned is zero, as in TensorFlow Lite Micro
#include "import/tflite/node.h"

namespace rune::import {
namespace {

constexpr size_t maxVariables = 1 << 12;

std::string textOf(const flatbuffers::String *text) {
  return text ? std::string(text->c_str(), text->size()) : std::string();
}

/// The number of the variable that an input stands for.
Result<size_t> handleOf(const TfliteNode &node) {
  ValueId handle = RUNE_TRY(node.input(0, "resource_id"));
  auto variable = node.frame().resourceOf(handle);
  if (!variable)
    return node.fail("input 0 is no variable that VAR_HANDLE names");
  return *variable;
}

/// The cell of a variable; its type is that of what is first read or assigned.
///
/// in  `tensor` of the file says what stands for 0
Result<CellId> cellOf(const TfliteNode &node, size_t variable,
                      const TensorType &type, size_t tensor) {
  ResourceVariable &facts = node.model().variables[variable];
  if (!type.isStatic())
    return node.unsupported("variable `{}` is `{}`, needs known sizes",
                            facts.name, type.str());
  if (!facts.cell) {
    auto initial = RUNE_TRY(initialOf(node.scope(), tensor, type));
    facts.cell =
        RUNE_TRY(node.model().cell("variable " + std::to_string(variable),
                                   {facts.name, type, std::move(initial)}));
  }
  const TensorType &known = node.model().cells[*facts.cell].type;
  if (known != type)
    return node.unsupported("variable `{}` is `{}` in one place, `{}` in "
                            "another",
                            facts.name, known.str(), type.str());
  return *facts.cell;
}

} // namespace

/// result  what stands for the variable of that name; one for the whole model
Imported importTfliteVarHandle(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(0, 0));
  const auto *options = RUNE_TRY(node.options<tflite::VarHandleOptions>());
  std::string name = textOf(options->shared_name());
  std::string key = textOf(options->container()) + '\0' + name;
  if (key.size() > maxTfliteNameBytes || !isUtf8(asBytes(key)))
    return node.fail("the name of the variable is not UTF-8, or longer than {} "
                     "bytes",
                     maxTfliteNameBytes);
  TfliteModel &model = node.model();
  auto [at, isNew] =
      model.variableNames.try_emplace(key, model.variables.size());
  if (isNew)
    model.variables.push_back({name.empty() ? node.name() : name});
  if (model.variables.size() > maxVariables)
    return error("import.limit", "more than {} variables", maxVariables);
  return std::vector{node.frame().resource(at->second)};
}

/// inputs  a variable
/// result  what it holds now
Imported importTfliteReadVariable(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  size_t variable = RUNE_TRY(handleOf(node));
  TensorType type = RUNE_TRY(node.statedOutput());
  const auto &known = node.model().variables[variable].cell;
  // sizes that the file leaves open are those of what was assigned
  if (known && mayFlow(node.model().cells[*known].type, type))
    type = node.model().cells[*known].type;
  CellId cell = RUNE_TRY(cellOf(node, variable, type, node.outputTensor(0)));
  return std::vector{node.frame().read(cell)};
}

/// inputs  a variable, a value
Imported importTfliteAssignVariable(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  size_t variable = RUNE_TRY(handleOf(node));
  ValueId value = RUNE_TRY(node.input(1, "value"));
  if (node.frame().resourceOf(value))
    return node.fail("input 1 is a variable, not its value");
  CellId cell =
      RUNE_TRY(cellOf(node, variable, node.type(value), node.inputTensor(1)));
  node.frame().write(cell, value);
  return std::vector<ValueId>();
}

} // namespace rune::import
