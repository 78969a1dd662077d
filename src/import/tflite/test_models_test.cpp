// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/test_models.h"

#include "base/files.h"
#include "graph/evaluate.h"
#include "import/verify_folder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace rune::import::testing {

std::string sharedData(const std::string &path) {
  return RUNE_SOURCE_DIR "/../shared/data/" + path;
}

bool isThere(const std::string &path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

TensorType fixedType(TensorType type) {
  for (Dim &dim : type.dims)
    if (!dim.isFixed())
      dim = 1;
  return type;
}

Tensor tensorOf(const TensorType &type, ByteSpan bytes) {
  TensorType fixed = fixedType(type);
  std::vector<int64_t> sizes = fixed.sizes();
  auto tensor = Tensor::copyOf({fixed.dtype, sizes, bytes});
  EXPECT_TRUE(tensor.ok()) << fixed.str() << " from " << bytes.size()
                           << " bytes";
  return tensor ? *std::move(tensor) : Tensor();
}

LoadedModel loadModel(const std::string &path) {
  LoadedModel loaded;
  auto file = FileBytes::open(path, uint64_t{1} << 30);
  if (!file) {
    loaded.messages = file.error().message;
    return loaded;
  }
  auto owner = std::make_shared<FileBytes>(*std::move(file));
  Report report;
  auto model = importModel(owner->bytes(), owner, Source::binary(path), report);
  for (const Diagnostic &diagnostic : report.diagnostics())
    loaded.messages +=
        fmt::format("{}: {}\n", diagnostic.code, diagnostic.message);
  if (model) {
    loaded.graph = std::move(model->graph);
    loaded.info = std::move(model->info);
  }
  return loaded;
}

StoredRun runOn(const LoadedModel &model, const std::vector<Tensor> &inputs) {
  StoredRun run;
  run.messages = model.messages;
  if (!model.graph)
    return run;
  std::vector<TensorView> views;
  for (const Tensor &tensor : inputs)
    views.push_back(tensor.view());
  auto results = graph::evaluate(*model.graph, views);
  if (results)
    run.got = *std::move(results);
  else
    run.messages += results.error().code + ": " + results.error().message;
  return run;
}

StoredRun runStored(const std::string &path, const std::string &stem) {
  LoadedModel model = loadModel(path);
  if (!model.graph)
    return runOn(model, {});
  auto read = [&](graph::ValueId value, std::string_view kind, size_t index) {
    std::string name = fmt::format("{}.{}{}.bin", stem, kind, index);
    auto file = FileBytes::open(name, uint64_t{1} << 30);
    EXPECT_TRUE(file.ok()) << name;
    return file ? tensorOf(model.graph->values[value].type, file->bytes())
                : Tensor();
  };
  std::vector<Tensor> inputs, wanted;
  for (size_t i = 0; i < model.graph->inputs.size(); ++i)
    inputs.push_back(read(model.graph->inputs[i], "in", i));
  for (size_t i = 0; i < model.graph->outputs.size(); ++i)
    wanted.push_back(read(model.graph->outputs[i], "out", i));
  StoredRun run = runOn(model, inputs);
  run.wanted = std::move(wanted);
  return run;
}

static double largest(const Tensor &tensor) {
  double most = 1;
  if (tensor.dtype() == DType::F32)
    for (float value : tensor.as<float>())
      most = std::max<double>(most, std::abs(value));
  return most;
}

std::string StoredRun::difference(double tolerance) const {
  if (got.size() != wanted.size() || got.empty())
    return fmt::format("{} outputs, needs {}", got.size(), wanted.size());
  std::string text;
  for (size_t i = 0; i < got.size(); ++i) {
    Comparison result = compareTensors(
        got[i].view(), wanted[i].view(),
        {.relative = 0, .absolute = tolerance * largest(wanted[i])});
    if (!result.equal)
      text += fmt::format("output {}: {}\n", i, result.why);
  }
  return text;
}

} // namespace rune::import::testing
