// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What flows along the edges. In version 1 every output is declared in the
// Runefile; models and blocks know better, so both are compared. After a
// message the declared type goes on, or one fault would be told many times.
#include "check/checking.h"
#include "runefile/words.h"

#include <algorithm>

namespace rune::check {

namespace {

/// One end that needs something, and what it needs in words.
struct Need {
  std::string who;
  std::string type;
};

std::string portType(const PortInfo &port) {
  std::string dtypes = port.dtypes.empty()
                           ? "any type"
                           : fmt::format("{}", fmt::join(port.dtypes, " or "));
  if (port.anyRank)
    return dtypes;
  std::string dims = TensorType{DType::F32, port.dims}.str();
  return dtypes + dims.substr(dims.find('['));
}

bool takesType(const PortInfo &port, DType dtype) {
  return port.dtypes.empty() ||
         std::ranges::find(port.dtypes, dtypeName(dtype)) != port.dtypes.end();
}

bool takesShape(const PortInfo &port, const TensorType &type) {
  return port.anyRank ||
         mayFlow({type.dtype, type.dims}, {type.dtype, port.dims});
}

class StageTypes {
public:
  StageTypes(Checking &checking, size_t index)
      : checking_(checking), index_(index),
        stage_(checking.pipeline.stages[index]),
        written_(checking.written(index)) {}

  void run() {
    if (!findInputs())
      return;
    if (stage_.kind == StageKind::Model)
      checkModel();
    if (stage_.kind == StageKind::ProcBlock)
      checkBlock();
    if (stage_.kind == StageKind::Out && stage_.inputs.empty())
      checking_
          .lenient("check.wrong-input-count", stage_.where,
                   "the out `{}` has no inputs", stage_.name)
          .withHelp("name below `inputs:` what it should show");
  }

private:
  /// The types that arrive. False if an input names an output that its stage
  /// does not have.
  bool findInputs() {
    for (const Edge &edge : stage_.inputs) {
      const Stage &from = checking_.pipeline.stages[edge.stage];
      if (edge.port < from.outputs.size()) {
        inputs_.push_back(from.outputs[edge.port]);
        continue;
      }
      checking_.report
          .error("check.no-such-output", edge.where,
                 "The \"{}\" node has no {}'th output", from.name, edge.port)
          .note(from.where, fmt::format("`{}` has {} output{}, counted from 0",
                                        from.name, from.outputs.size(),
                                        from.outputs.size() == 1 ? "" : "s"));
    }
    return inputs_.size() == stage_.inputs.size();
  }

  /// A fault within a file is told where it is, and who named the file.
  void addError(Diagnostic why) {
    // What two stages use is at fault once.
    for (const Diagnostic &told : checking_.report.diagnostics())
      if (why.where && told.message == why.message &&
          told.where.source == why.where.source &&
          told.where.span == why.where.span)
        return;
    if (!why.where)
      why.at(written_.what.where);
    else if (why.where.source != written_.what.where.source)
      why.note(written_.what.where, fmt::format("`{}` uses it", stage_.name));
    checking_.report.add(std::move(why));
  }
  /// An error if that cannot have worked in the first system, else lenient.
  Diagnostic &mismatch(bool always, std::string_view code, Location where,
                       const std::string &text) {
    agreed_ = false;
    return always ? checking_.report.error(code, std::move(where), "{}", text)
                  : checking_.lenient(code, std::move(where), "{}", text);
  }

  /// Where the value that comes in by this edge was declared.
  Location declared(const Edge &edge) const {
    const runefile::Stage &from = checking_.written(edge.stage);
    return edge.port < from.outputs.size() ? from.outputs[edge.port].where
                                           : from.name.where;
  }
  void compareCount(size_t needed, size_t given, std::string_view code,
                    std::string_view noun) {
    if (needed == given)
      return;
    Diagnostic &wrong = mismatch(
        false, code, stage_.where,
        fmt::format("`{}` has {} {}{}, but {} are given in the Runefile",
                    stage_.name, needed, noun, needed == 1 ? "" : "s", given));
    wrong.note(written_.what.where,
               fmt::format("as `{}` says of itself", stage_.what));
    wrong.withHelp(fmt::format("list {} below `{}s:`", needed, noun));
  }

  void inputMismatch(size_t i, bool always, std::string_view code,
                     const std::string &needed) {
    const Edge &edge = stage_.inputs[i];
    const Stage &from = checking_.pipeline.stages[edge.stage];
    bool isType = code == "check.type-mismatch";
    mismatch(always, code, edge.where,
             fmt::format("`{}` needs {} but `{}` gives {}", stage_.name, needed,
                         from.name, inputs_[i].str()))
        .note(declared(edge), fmt::format("`{}` declared here", from.name))
        .withHelp(isType ? fmt::format("put a proc-block between them that "
                                       "turns {} into what `{}` needs",
                                       dtypeName(inputs_[i].dtype), stage_.name)
                         : fmt::format("correct the `dimensions` of `{}`, or "
                                       "put a proc-block between them",
                                       from.name));
  }

  /// Compares the declared outputs with `actual`, or takes them over.
  void compareOutputs(const std::vector<TensorType> &actual, bool always) {
    if (written_.outputs.empty()) {
      stage_.outputs = actual;
      return;
    }
    compareCount(actual.size(), stage_.outputs.size(),
                 "check.wrong-output-count", "output");
    size_t count = std::min(actual.size(), stage_.outputs.size());
    for (size_t i = 0; i < count; ++i) {
      const TensorType &declared = stage_.outputs[i];
      if (mayFlow(actual[i], declared))
        continue;
      bool isType = actual[i].dtype != declared.dtype;
      mismatch(isType && always,
               isType ? "check.type-mismatch" : "check.shape-mismatch",
               written_.outputs[i].where,
               fmt::format("`{}` gives {}, but is declared as {}", stage_.name,
                           actual[i].str(), declared.str()))
          .note(written_.what.where,
                fmt::format("as `{}` says of itself", stage_.what))
          .withHelp(isType ? fmt::format("write `type: {}`",
                                         dtypeName(actual[i].dtype))
                           : fmt::format("write `dimensions: {}`",
                                         dimensions(actual[i])));
    }
  }
  static std::string dimensions(const TensorType &type) {
    std::string text = type.str();
    return text.substr(text.find('['));
  }

  /// False if the bytes of the model come only when the Rune runs.
  bool isModelHere() const {
    if (!stage_.modelResource)
      return true;
    const Resource &resource =
        checking_.pipeline.resources[*stage_.modelResource];
    return resource.path || resource.inlineText;
  }

  /// The content of the file wins over what the Runefile calls it.
  void compareFormat(const std::string &format) {
    if (format.empty() || format == stage_.format)
      return;
    auto written = std::ranges::find(
        written_.arguments, "format",
        [](const runefile::Argument &each) { return each.name.text; });
    if (written != written_.arguments.end())
      checking_
          .lenient("check.wrong-format", written->where,
                   "`{}` is said to be {}, but `{}` is {}", stage_.name,
                   stage_.format, stage_.what, format)
          .withHelp(fmt::format("write `format: {}`", format));
    stage_.format = format;
  }

  void sayOpaque() {
    Diagnostic note =
        error("check.opaque-model",
              "nothing here can read or run {} models yet: `{}` is stored as "
              "it is",
              stage_.format, stage_.what)
            .at(written_.what.where);
    note.severity = Severity::Note;
    checking_.report.add(std::move(note));
  }

  void checkModel() {
    if (!isModelHere())
      return;
    auto signature =
        checking_.signatures.model(stage_, checking_.pipeline.resources);
    if (!signature)
      return addError(std::move(signature).error());
    compareFormat(signature->format);
    if (signature->opaque)
      return sayOpaque();
    compareCount(signature->inputs.size(), inputs_.size(),
                 "check.wrong-input-count", "input");
    size_t count = std::min(signature->inputs.size(), inputs_.size());
    for (size_t i = 0; i < count; ++i)
      if (const TensorType &needed = signature->inputs[i];
          !mayFlow(inputs_[i], needed))
        inputMismatch(i, false,
                      needed.dtype != inputs_[i].dtype ? "check.type-mismatch"
                                                       : "check.shape-mismatch",
                      needed.str());
    compareOutputs(signature->outputs, false);
  }

  void sayForeign() {
    checking_.report
        .warning("check.foreign-block", written_.what.where,
                 "nothing is fetched: for `{}` the block of that name of our "
                 "own library is taken",
                 stage_.what)
        .withHelp("if another one is meant, name its module: `./block.wasm`");
  }

  void checkBlock() {
    auto signature = checking_.signatures.block(stage_);
    if (!signature)
      return addError(std::move(signature).error());
    if (auto path = runefile::parseBlockPath(stage_.what);
        path && path->isForeign())
      sayForeign();
    bool fine = readBlockArguments(checking_, index_, *signature);
    // No port at all: any number, as the block's `graph` decides.
    if (!signature->inputs.empty() || !signature->outputs.empty())
      compareCount(signature->inputs.size(), inputs_.size(),
                   "check.wrong-input-count", "input");
    size_t count = std::min(signature->inputs.size(), inputs_.size());
    for (size_t i = 0; i < count; ++i)
      if (const PortInfo &port = signature->inputs[i];
          !takesType(port, inputs_[i].dtype))
        inputMismatch(i, true, "check.type-mismatch", portType(port));
      else if (!takesShape(port, inputs_[i]))
        inputMismatch(i, false, "check.shape-mismatch", portType(port));
    if (fine && agreed_)
      askBlock();
  }

  /// What the block makes of these very arguments and inputs.
  void askBlock() {
    auto outputs = checking_.signatures.blockOutputs(
        stage_, inputs_, checking_.pipeline.resources);
    if (outputs)
      return compareOutputs(*outputs, true);
    if (outputs.error().code == "check.no-signature")
      return;
    Diagnostic why = std::move(outputs).error();
    if (why.code == "check.block-refused" && !checking_.strict)
      why.severity = Severity::Warning;
    addError(std::move(why));
  }

  Checking &checking_;
  size_t index_;
  Stage &stage_;
  const runefile::Stage &written_;
  std::vector<TensorType> inputs_;
  bool agreed_ = true;
};

} // namespace

void checkTypes(Checking &checking, size_t stage) {
  StageTypes(checking, stage).run();
}

} // namespace rune::check
