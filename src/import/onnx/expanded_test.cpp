// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Many operators of ONNX are defined by a function of others. Where we have an
// own lowering, ONNX's node tests hold both: a case, and the same case with the
// function's body in its place (`…_expanded`). Here both meet on inputs that
// the files do not have.
#include "base/files.h"
#include "import/import.h"
#include "import/onnx/tensor_file.h"
#include "import/onnx/test_suite_folder.h"
#include "import/verify_folder.h"

#include "graph/numeric.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

namespace rune::import {
namespace {

namespace fs = std::filesystem;

std::optional<graph::Graph> graphIn(const fs::path &folder) {
  auto file =
      FileBytes::open((folder / "model.onnx").string(), uint64_t{1} << 28);
  Report report;
  auto model = file ? importModel(file->bytes(), nullptr,
                                  Source::binary("model.onnx"), report)
                    : Result<ImportedModel>(std::move(file).error());
  if (!model)
    return std::nullopt;
  return std::move(model->graph);
}

/// The tensor with each float moved by up to a quarter of itself: signs, and
/// with them domains, stay. What is no float may be an axis or an index.
Tensor moved(const TensorView &view, std::mt19937_64 &random) {
  Tensor tensor = Tensor::copyOf(view).value();
  if (!isFloat(view.dtype))
    return tensor;
  std::uniform_real_distribution<double> factor(0.75, 1.25);
  graph::withFloat(view.dtype, [&]<class T>(graph::Type<T>) {
    for (T &element : tensor.as<T>())
      element = graph::narrow<T>(static_cast<double>(graph::widen(element)) *
                                 factor(random));
  });
  return tensor;
}

graph::Item moved(const graph::Item &item, std::mt19937_64 &random) {
  if (item.tensor)
    return graph::Item::of(moved(item.view(), random));
  if (!item.list)
    return item;
  std::vector<Tensor> tensors;
  for (const graph::SharedTensor &tensor : item.list->tensors)
    tensors.push_back(moved(tensor->view, random));
  return graph::Item::sequence(item.dtype, std::move(tensors));
}

/// The stored inputs, moved; nothing where one is not to be read.
std::optional<graph::Items> inputsFor(const graph::Graph &graph,
                                      const fs::path &folder,
                                      std::mt19937_64 &random) {
  graph::Items items;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    auto file = readItemFile(
        (folder / "test_data_set_0" / fmt::format("input_{}.pb", i)).string(),
        graph.values[graph.inputs[i]].type);
    if (!file || file->item.form != graph.values[graph.inputs[i]].type.form)
      return std::nullopt;
    items.push_back(moved(file->item, random));
  }
  return items;
}

/// Draws its own numbers, or rounds so that a step of a float is a step of an
/// integer.
bool isExempt(const std::string &name) {
  for (const char *part : {"bernoulli", "dropout", "quantize", "random"})
    if (name.find(part) != std::string::npos)
      return true;
  return false;
}

/// The suffix may say which version was expanded.
std::optional<std::string> plainName(const std::string &name) {
  size_t at = name.find("_expanded");
  return at == std::string::npos ? std::nullopt
                                 : std::optional(name.substr(0, at));
}

TEST(OnnxExpanded, OwnLoweringsAgreeWithTheFunctionsThatDefineThem) {
  if (!fs::exists(testing::suiteArchives()))
    GTEST_SKIP() << "the shared test data is not here";
  testing::Unpacked unpacked;
  ASSERT_TRUE(unpacked.addAll(testing::suiteArchives()));
  size_t compared = 0, skipped = 0;
  for (const auto &entry :
       fs::recursive_directory_iterator(unpacked.folder())) {
    auto plain = plainName(entry.path().filename().string());
    if (!entry.is_directory() || !plain || isExempt(*plain))
      continue;
    fs::path folder = entry.path().parent_path() / *plain;
    auto own = graphIn(folder), expanded = graphIn(entry.path());
    std::mt19937_64 random(std::hash<std::string>{}(*plain));
    auto inputs = own ? inputsFor(*own, folder, random) : std::nullopt;
    if (!inputs || !expanded || own->inputs.size() != expanded->inputs.size()) {
      ++skipped;
      continue;
    }
    auto left = graph::evaluateItems(*own, *inputs);
    auto right = graph::evaluateItems(*expanded, *inputs);
    ASSERT_TRUE(left.ok()) << *plain << ": " << left.error().message;
    ASSERT_TRUE(right.ok()) << *plain << ": " << right.error().message;
    ASSERT_EQ(left->size(), right->size()) << *plain;
    for (size_t i = 0; i < left->size(); ++i) {
      Comparison both = compareItems((*left)[i], (*right)[i]);
      EXPECT_TRUE(both.equal)
          << entry.path().filename() << ", output " << i << ": " << both.why;
    }
    ++compared;
  }
  EXPECT_GT(compared, 0u) << "the archives hold such cases";
  std::cout << compared << " compared, " << skipped << " skipped\n";
}

} // namespace
} // namespace rune::import
