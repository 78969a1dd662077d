// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/grants.h"

namespace rune::runtime {

bool Grants::allows(std::string_view stage, std::string_view kind) const {
  return kinds_.contains(kind) ||
         stages_.contains({std::string(stage), std::string(kind)});
}

Grants Grants::forInputs(const Inputs &inputs) {
  Grants grants;
  grants.allow("SERIAL");
  for (const CapabilityKind &kind : capabilityKinds()) {
    auto given = inputs.find(kind.flag);
    if (!kind.needsInput || (given != inputs.end() && !given->second.empty()))
      grants.allow(kind.name);
  }
  return grants;
}

std::string WantedInput::str() const {
  std::string what = flag == "--random" ? "SEED" : "FILE";
  std::string which = source ? fmt::format(", number {}", source + 1) : "";
  return fmt::format("`{} {}`{} for `{}` ({}, {}){}", flag.empty() ? "?" : flag,
                     what, which, stage, kind, type.str(),
                     needed ? "" : ", optional");
}

/// `source: n`; what is not a number is reported when the stage is opened.
static uint32_t sourceOf(const container::Stage &stage,
                         const container::RuneFile &file) {
  ResourceTexts texts(file.resources.size());
  auto source = StageArguments(stage, texts).integer("source", 0, UINT32_MAX);
  return source ? static_cast<uint32_t>(source->value_or(0)) : 0;
}

std::vector<WantedInput> wantedInputs(const container::RuneFile &file) {
  std::vector<WantedInput> wanted;
  for (const container::Stage &stage : file.stages) {
    if (stage.kind != container::StageKind::Capability)
      continue;
    const CapabilityKind *kind = findCapability(stage.capability);
    wanted.push_back({stage.name, stage.capability,
                      std::string(kind ? kind->flag : ""),
                      stage.outputs.empty() ? TensorType() : stage.outputs[0],
                      sourceOf(stage, file), !kind || kind->needsInput});
  }
  return wanted;
}

} // namespace rune::runtime
