// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: a table of blocks and models, with the shapes of real ones.
#pragma once

#include "check/signature_source.h"
#include "runefile/words.h"

#include <algorithm>

namespace rune::check {

class FakeSignatures : public SignatureSource {
public:
  Result<BlockSignature> block(const Stage &stage) override {
    static const std::vector<std::string> numbers = {"u8",  "i8",  "u16", "i16",
                                                     "u32", "i32", "f32"};
    std::string name = blockName(stage);
    PortInfo number{"input", numbers, true, {}};
    PortInfo output{"output", {}, true, {}};
    if (name == "modulo")
      return BlockSignature{
          name,
          "1.0.0",
          {{"modulus", "what to divide by", ValueKind::Number, true}},
          {number},
          {output}};
    if (name == "normalize" || name == "image-normalization" ||
        name == "noise-filtering")
      return BlockSignature{name, "1.0.0", {}, {number}, {output}};
    if (name == "most_confident_indices")
      return BlockSignature{
          name,
          "1.0.0",
          {{"count", "how many indices", ValueKind::Integer, true}},
          {number},
          {output}};
    if (name == "label")
      return BlockSignature{
          name,
          "1.0.0",
          {{"wordlist", "one word per line", ValueKind::Texts, false},
           {"fall_back", "", ValueKind::Text, true},
           {"loud", "", ValueKind::Boolean, true}},
          {{"input", {"u32", "i32"}, true, {}}},
          {output}};
    if (name == "fft")
      return BlockSignature{
          name,
          "1.0.0",
          {},
          {{"audio", {"i16"}, false, {Dim(1), Dim::unknown()}}},
          {output}};
    if (name == "identity")
      return BlockSignature{
          name, "1.0.0", {}, {output, output}, {output, output}};
    return error("check.unknown-block", "there is no block `{}`", name);
  }

  Result<std::vector<TensorType>>
  blockOutputs(const Stage &stage, const std::vector<TensorType> &inputs,
               const std::vector<Resource> &) override {
    std::string name = blockName(stage);
    if (name == "identity")
      return inputs;
    TensorType type = inputs.at(0);
    if (name == "most_confident_indices") {
      if (std::ranges::count_if(type.dims, [](const Dim &dim) {
            return dim.isFixed() && dim.size() > 1;
          }) > 1)
        return error("check.block-refused",
                     "`{}` refuses {}: more than one dimension", stage.name,
                     type.str());
      return std::vector{TensorType{DType::U32, {Dim(1)}}};
    }
    if (name == "fft")
      return std::vector{TensorType{DType::U32, {Dim(1), Dim(1960)}}};
    if (name == "label")
      type.dtype = DType::Utf8;
    if (name == "normalize" || name == "image-normalization")
      type.dtype = DType::F32;
    if (name == "noise-filtering")
      type.dtype = DType::I8;
    return std::vector{type};
  }

  Result<ModelSignature>
  model(const Stage &stage, const std::vector<Resource> &resources) override {
    std::string path = stage.what;
    if (stage.modelResource)
      path = resources[*stage.modelResource].path.value_or("inline");
    auto type = [](std::string_view text) {
      return std::move(*parseTensorType(text));
    };
    if (path == "./digits.onnx")
      return ModelSignature{"onnx",    false,
                            {"image"}, {type("f32[1, 28, 28, 3]")},
                            {"digit"}, {type("f32[1, 10]")}};
    if (path == "./batch.onnx")
      return ModelSignature{"onnx", false,
                            {"x"},  {type("f32[batch, 4]")},
                            {"y"},  {type("f32[batch, 2]")}};
    if (path.starts_with("./missing"))
      return error("file.not-found", "Unable to read \"{}\" for \"{}\": {}",
                   path, stage.name, "No such file or directory");
    if (path == "./lite.tflite")
      return ModelSignature{"tensorflow-lite",   false, {"x"},
                            {type("f32[1, 4]")}, {"y"}, {type("f32[1, 2]")}};
    ModelSignature opaque;
    opaque.format = path.ends_with('/') ? "tensorflow-js" : "";
    opaque.opaque = true;
    return opaque;
  }

private:
  static std::string blockName(const Stage &stage) {
    auto path = runefile::parseBlockPath(stage.what);
    return std::string(path ? path->name() : "");
  }
};

} // namespace rune::check
