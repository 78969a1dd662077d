// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/sample_rune.h"

#include <bit>

namespace rune::container {

namespace {

Bytes bytesOf(std::string_view text) { return {text.begin(), text.end()}; }

void setHashes(RuneFile &file) {
  for (Block &block : file.blocks)
    block.hash = sha256(block.wasm);
  for (Model &model : file.models) {
    model.hash = sha256(model.graph);
    for (Weight &weight : model.weights)
      weight.hash = sha256(weight.data);
  }
}

class Maker {
public:
  explicit Maker(std::mt19937_64 &random) : random_(random) {}

  OwnedRune run() {
    RuneFile &file = rune_.file;
    file.name = name("");
    file.image = name("");
    file.producer = name("");
    file.runefileVersion = static_cast<uint32_t>(random_());
    addBlocks();
    addModels();
    addResources();
    for (uint64_t i = upTo(9); i > 0; --i)
      addStage();
    setHashes(file);
    return std::move(rune_);
  }

private:
  /// 0 to `most`, both included.
  uint64_t upTo(uint64_t most) { return random_() % (most + 1); }
  bool coin() { return random_() & 1; }

  Bytes data(uint64_t most) {
    Bytes bytes(upTo(most));
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(random_());
    return bytes;
  }

  std::string text() {
    static constexpr std::string_view parts[] = {
        "a", "Ω", "\n", "𝄞", "label ", std::string_view("\0", 1)};
    std::string text;
    for (uint64_t i = upTo(12); i > 0; --i)
      text += parts[upTo(std::size(parts) - 1)];
    return text;
  }

  /// Unique if `start` is.
  std::string name(std::string start) {
    static constexpr std::string_view parts[] = {"x", "-", "é", "Z", " ", "7"};
    for (uint64_t i = upTo(6); i > 0; --i)
      start += parts[upTo(std::size(parts) - 1)];
    return start;
  }
  std::string name(std::string_view start, uint64_t number) {
    return name(fmt::format("{}{}.", start, number));
  }

  void addBlocks() {
    for (uint64_t i = upTo(3); i > 0; --i) {
      Bytes wasm = data(200);
      wasm.push_back(static_cast<uint8_t>(i)); // no block twice
      rune_.file.blocks.push_back(
          {name("block", i), {}, rune_.keep(std::move(wasm))});
    }
  }

  void addModels() {
    std::vector<ByteSpan> weights = {rune_.keep({})};
    for (uint64_t i = upTo(4); i > 0; --i)
      weights.push_back(rune_.keep(data(300)));
    for (uint64_t i = upTo(3); i > 0; --i) {
      Model model{
          name("model", i), name("encoding"), {}, rune_.keep(data(100)), {}};
      for (uint64_t w = upTo(6); w > 0; --w)
        model.weights.push_back({{}, weights[upTo(weights.size() - 1)]});
      rune_.file.models.push_back(std::move(model));
    }
  }

  void addResources() {
    for (uint64_t i = upTo(3); i > 0; --i) {
      Resource resource{name("resource", i), coin(), std::nullopt};
      if (coin())
        resource.data =
            rune_.keep(resource.isText ? bytesOf(text()) : data(100));
      rune_.file.resources.push_back(std::move(resource));
    }
  }

  int64_t integer() {
    return static_cast<int64_t>(random_() >> (upTo(1) * upTo(63)));
  }
  double number() { return std::bit_cast<double>(random_()); }

  template <class T, class Each> std::vector<T> list(Each each) {
    std::vector<T> items;
    for (uint64_t i = upTo(4); i > 0; --i)
      items.push_back(each());
    return items;
  }

  ArgumentValue value() {
    switch (upTo(rune_.file.resources.empty() ? 6 : 7)) {
    case 0:
      return coin();
    case 1:
      return integer();
    case 2:
      return number();
    case 3:
      return text();
    case 4:
      return list<int64_t>([&] { return integer(); });
    case 5:
      return list<double>([&] { return number(); });
    case 6:
      return list<std::string>([&] { return text(); });
    default:
      return ResourceReference{
          static_cast<uint32_t>(upTo(rune_.file.resources.size() - 1))};
    }
  }

  Dim dim() {
    switch (upTo(2)) {
    case 0:
      return Dim(static_cast<int64_t>(upTo(1000)));
    case 1:
      return Dim::named(name("n"));
    default:
      return Dim::unknown();
    }
  }

  TensorType type() {
    TensorType type{static_cast<DType>(upTo(dtypeCount - 1)), {}};
    for (uint64_t rank = upTo(4); rank > 0; --rank)
      type.dims.push_back(dim());
    return type;
  }

  /// A kind whose artifact exists.
  StageKind kind() {
    auto kind = static_cast<StageKind>(upTo(3));
    bool has = kind == StageKind::ProcBlock ? !rune_.file.blocks.empty()
               : kind == StageKind::Model   ? !rune_.file.models.empty()
                                            : true;
    return has ? kind : StageKind::Capability;
  }

  void addStage() {
    RuneFile &file = rune_.file;
    Stage stage;
    stage.name = name("stage", file.stages.size());
    stage.kind = kind();
    stage.channel = static_cast<uint32_t>(random_());
    if (stage.kind == StageKind::ProcBlock)
      stage.artifact = static_cast<uint32_t>(upTo(file.blocks.size() - 1));
    else if (stage.kind == StageKind::Model)
      stage.artifact = static_cast<uint32_t>(upTo(file.models.size() - 1));
    else
      stage.capability = name("KIND");
    for (uint64_t i = upTo(4); i > 0; --i)
      stage.arguments.push_back({name("argument", i), value()});
    if (stage.kind != StageKind::Capability)
      stage.inputs = edges();
    if (stage.kind != StageKind::Out)
      stage.outputs = list<TensorType>([&] { return type(); });
    file.stages.push_back(std::move(stage));
  }

  std::vector<Edge> edges() {
    std::vector<Edge> outputs;
    for (uint32_t s = 0; s < rune_.file.stages.size(); ++s)
      for (uint32_t p = 0; p < rune_.file.stages[s].outputs.size(); ++p)
        outputs.push_back({s, p});
    if (outputs.empty())
      return {};
    return list<Edge>([&] { return outputs[upTo(outputs.size() - 1)]; });
  }

  std::mt19937_64 &random_;
  OwnedRune rune_;
};

} // namespace

OwnedRune sampleRune() {
  OwnedRune rune;
  RuneFile &file = rune.file;
  file.name = "sample";
  file.image = "runicos/base";
  file.producer = "rune 0.1.0";
  // The smallest module there is; a real block does more.
  file.blocks.push_back(
      {"nothing", {}, rune.keep({0, 'a', 's', 'm', 1, 0, 0, 0})});
  file.models.push_back({"two", "opaque", {}, rune.keep(bytesOf("graph")), {}});
  file.models[0].weights.push_back({{}, rune.keep({1, 2, 3, 4})});
  file.models[0].weights.push_back({{}, rune.keep({5, 6, 7, 8})});
  file.resources.push_back({"LABELS", true, rune.keep(bytesOf("no\nyes\n"))});
  TensorType type{DType::F32, {Dim(1), Dim::named("n")}};
  auto add = [&](Stage stage) { file.stages.push_back(std::move(stage)); };
  add({"raw", StageKind::Capability, "RAW", 0, {}, {}, {type}, 1});
  add({"block",
       StageKind::ProcBlock,
       "",
       0,
       {{"scale", 0.5}, {"labels", ResourceReference{0}}},
       {{0, 0}},
       {type},
       0});
  add({"model", StageKind::Model, "", 0, {}, {{1, 0}}, {type}, 2});
  add({"serial", StageKind::Out, "SERIAL", 0, {}, {{2, 0}}, {}, 3});
  setHashes(file);
  return rune;
}

OwnedRune randomRune(std::mt19937_64 &random) { return Maker(random).run(); }

} // namespace rune::container
