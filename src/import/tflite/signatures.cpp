// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/signatures.h"

#include <algorithm>
#include <set>

namespace rune::import {
namespace {

constexpr size_t maxSignatures = 1 << 10;

using NamedTensors =
    flatbuffers::Vector<flatbuffers::Offset<tflite::NamedTensor>>;

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

Result<std::string> nameIn(const flatbuffers::String *text) {
  if (!text || text->size() == 0 || text->size() > maxTfliteNameBytes)
    return error("import.limit",
                 "a name of a signature has {} bytes, needs 1 to {}",
                 countOf(text), maxTfliteNameBytes);
  std::string name(text->c_str(), text->size());
  if (!isUtf8(asBytes(name)))
    return error("import.malformed", "a name of a signature is not UTF-8");
  return name;
}

Result<TensorNames> tensorsIn(const NamedTensors *list, const TfliteFile &graph,
                              const std::string &signature) {
  TensorNames names;
  std::set<std::string> taken;
  if (countOf(list) > maxTfliteEnds)
    return error("import.limit",
                 "signature `{}` names {} inputs or outputs, at most {} are "
                 "allowed",
                 signature, countOf(list), maxTfliteEnds);
  for (size_t i = 0; i < countOf(list); ++i) {
    const tflite::NamedTensor &facts = *list->Get(static_cast<uint32_t>(i));
    std::string name = RUNE_TRY(nameIn(facts.name()));
    if (facts.tensor() >= graph.tensors())
      return error("import.malformed",
                   "signature `{}`: `{}` is tensor {}, graph {} has {}",
                   signature, name, facts.tensor(), graph.index(),
                   graph.tensors());
    if (!taken.insert(name).second)
      return error("import.malformed",
                   "signature `{}` has two tensors called `{}`", signature,
                   name);
    // two outputs may be one tensor: the first name holds
    names.try_emplace(facts.tensor(), std::move(name));
  }
  return names;
}

Result<TfliteSignature> signatureIn(const tflite::Signature &facts,
                                    const TfliteFile &file) {
  TfliteSignature signature;
  // a model of one signature may leave its name empty
  if (countOf(facts.key()) > 0)
    signature.name = RUNE_TRY(nameIn(facts.key()));
  signature.subgraph = facts.subgraph();
  if (signature.subgraph >= file.subgraphs())
    return error("import.malformed",
                 "signature `{}` is of graph {}, the file has {}",
                 signature.name, signature.subgraph, file.subgraphs());
  TfliteFile graph = file.at(signature.subgraph);
  signature.inputs = RUNE_TRY(tensorsIn(facts.inputs(), graph, signature.name));
  signature.outputs =
      RUNE_TRY(tensorsIn(facts.outputs(), graph, signature.name));
  return signature;
}

} // namespace

Result<std::vector<TfliteSignature>> signaturesOf(const TfliteFile &file) {
  std::vector<TfliteSignature> signatures;
  const auto *list = file.model().signatures();
  if (countOf(list) > maxSignatures)
    return error("import.limit", "{} signatures, at most {} are allowed",
                 countOf(list), maxSignatures);
  uint64_t stated = 0;
  for (size_t i = 0; i < countOf(list); ++i) {
    const tflite::Signature &facts = *list->Get(static_cast<uint32_t>(i));
    stated += countOf(facts.inputs()) + countOf(facts.outputs());
    if (stated > file.bytes().size())
      return error("import.limit", "signatures that name more than the file "
                                   "holds");
    signatures.push_back(RUNE_TRY(signatureIn(facts, file)));
  }
  return signatures;
}

Result<TfliteEntry> entryOf(const std::vector<TfliteSignature> &signatures,
                            const std::string &asked) {
  auto named = [&](std::string_view name) {
    return std::ranges::find(signatures, name, &TfliteSignature::name);
  };
  auto found = named(asked.empty() ? "serving_default" : asked);
  if (found == signatures.end() && asked.empty())
    found =
        std::ranges::find(signatures, size_t{0}, &TfliteSignature::subgraph);
  if (found != signatures.end())
    return TfliteEntry{found->subgraph, &*found};
  if (asked.empty())
    return TfliteEntry{};
  std::vector<std::string> names;
  for (const TfliteSignature &signature : signatures)
    names.push_back(fmt::format("`{}`", signature.name));
  auto why = error("import.unknown-signature",
                   "the model has no signature `{}`", asked);
  return names.empty()
             ? why.withHelp("it has none: leave the choice out")
             : why.withHelp(fmt::format("it has {}", fmt::join(names, ", ")));
}

} // namespace rune::import
