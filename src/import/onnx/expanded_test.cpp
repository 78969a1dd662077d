// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Many operators of ONNX are defined by a function of others. Where we have an
// own lowering, ONNX's node tests hold the case with the function's body in
// place of the node (`…_expanded`), some the case itself too. For the others
// testdata/expanded_nodes.txt says which node it was. Here own lowering and
// body meet on inputs that the files do not have.
#include "base/files.h"
#include "import/import.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/tensor_file.h"
#include "import/onnx/test_suite_folder.h"
#include "import/verify_folder.h"

#include "graph/numeric.h"

#include <onnx_facts.pb.h>

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

namespace rune::import {
namespace {

namespace fs = std::filesystem;

std::optional<graph::Graph>
imported(ByteSpan bytes, std::shared_ptr<const void> owner, std::string &why) {
  Report report;
  auto model = importModel(bytes, std::move(owner),
                           Source::binary("model.onnx"), report);
  if (model)
    return std::move(model->graph);
  for (const Diagnostic &diagnostic : report.diagnostics())
    why += diagnostic.message + "\n";
  return std::nullopt;
}

std::shared_ptr<FileBytes> modelIn(const fs::path &folder) {
  auto opened =
      FileBytes::open((folder / "model.onnx").string(), uint64_t{1} << 28);
  return opened ? std::make_shared<FileBytes>(*std::move(opened)) : nullptr;
}

std::vector<std::string> split(const std::string &text, char at) {
  std::vector<std::string> parts{""};
  for (char c : text)
    c == at ? (void)parts.emplace_back() : parts.back().push_back(c);
  return parts;
}

/// `axis=-1`, `alpha=0.5f`, `axes=[1,2]`, `reduction=mean`
void addAttribute(onnx::NodeProto &node, const std::string &text) {
  size_t equals = text.find('=');
  std::string value = text.substr(equals + 1);
  auto *attribute = node.add_attribute();
  attribute->set_name(text.substr(0, equals));
  int64_t number = 0;
  const char *end = value.data() + value.size();
  if (value.starts_with("[")) {
    attribute->set_type(7);
    for (const std::string &each :
         split(value.substr(1, value.size() - 2), ','))
      attribute->add_ints(std::stoll(each));
  } else if (std::from_chars(value.data(), end, number).ptr == end) {
    attribute->set_type(2);
    attribute->set_i(number);
  } else if (value.ends_with("f") && value.find('.') != std::string::npos) {
    attribute->set_type(1);
    attribute->set_f(std::stof(value));
  } else {
    attribute->set_type(3);
    attribute->set_s(value);
  }
}

using Nodes = std::map<std::string, std::vector<std::string>>;

/// The lines of expanded_nodes.txt by the name of the case.
Nodes readNodes() {
  Nodes nodes;
  std::ifstream file(fs::path(RUNE_SOURCE_DIR) /
                     "src/import/onnx/testdata/expanded_nodes.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<std::string> all{std::istream_iterator<std::string>(words), {}};
    if (!all.empty() && all[0] != "#")
      nodes["test_" + all[0]] = {all.begin() + 1, all.end()};
  }
  return nodes;
}

/// The expanded model with the node that its body stands for.
std::shared_ptr<Bytes> withNode(ByteSpan expanded,
                                const std::vector<std::string> &words) {
  auto parsed = parseModel(expanded, Source::binary("model.onnx"));
  if (!parsed)
    return nullptr;
  onnx::ModelProto model = *parsed->proto;
  onnx::NodeProto node;
  node.set_op_type(words[0]);
  if (words[0] == "FlexAttention")
    node.set_domain("ai.onnx.preview");
  for (const std::string &name : split(words[1], ','))
    node.add_input(name);
  for (const std::string &name : split(words[2], ','))
    node.add_output(name);
  for (size_t i = 3; i < words.size(); ++i)
    addAttribute(node, words[i]);
  model.mutable_graph()->clear_node();
  *model.mutable_graph()->add_node() = node;
  std::string text = model.SerializeAsString();
  return std::make_shared<Bytes>(text.begin(), text.end());
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
                                      const fs::path &folder, bool move,
                                      std::mt19937_64 &random) {
  graph::Items items;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    auto file = readItemFile(
        (folder / "test_data_set_0" / fmt::format("input_{}.pb", i)).string(),
        graph.values[graph.inputs[i]].type);
    if (!file || file->item.form != graph.values[graph.inputs[i]].type.form)
      return std::nullopt;
    items.push_back(move ? moved(file->item, random) : file->item);
  }
  return items;
}

/// Why a case has nothing to compare; empty for all others.
std::string exemption(const std::string &name) {
  const std::pair<const char *, const char *> reasons[] = {
      {"bernoulli", "draws its own numbers"},
      {"dropout", "draws its own numbers"},
      {"sequence_map", "the node holds a graph, which the body does not keep"},
      {"flexattention_prob_mod", "the node holds a graph"},
      {"flexattention_relative_positional", "the node holds a graph"},
      {"flexattention_score_mod", "the node holds a graph"},
      {"flexattention_soft_cap", "the node holds a graph"},
      {"softmax_precision", "the body rounds to f16 within, we do not"}};
  for (const auto &[part, why] : reasons)
    if (name.find(part) != std::string::npos)
      return why;
  return "";
}

/// Rounds so that a step of a float is a step of an integer: these keep the
/// inputs of the file.
bool rounds(const std::string &name) {
  return name.find("quantize") != std::string::npos;
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
  Nodes nodes = readNodes();
  size_t compared = 0, skipped = 0;
  for (const auto &entry :
       fs::recursive_directory_iterator(unpacked.folder())) {
    auto plain = plainName(entry.path().filename().string());
    if (!entry.is_directory() || !plain)
      continue;
    SCOPED_TRACE(entry.path().filename().string());
    if (std::string why = exemption(*plain); !why.empty()) {
      std::cout << *plain << ": " << why << "\n";
      ++skipped;
      continue;
    }
    auto body = modelIn(entry.path());
    ASSERT_TRUE(body);
    auto pair = modelIn(entry.path().parent_path() / *plain);
    std::shared_ptr<Bytes> made;
    if (!pair) {
      ASSERT_TRUE(nodes.contains(*plain)) << "no line in expanded_nodes.txt";
      made = withNode(body->bytes(), nodes[*plain]);
      ASSERT_TRUE(made);
    }
    std::string why;
    auto own =
        pair ? imported(pair->bytes(), pair, why) : imported(*made, made, why);
    auto expanded = imported(body->bytes(), body, why);
    EXPECT_TRUE(own && expanded) << why;
    if (!own || !expanded)
      continue;
    std::mt19937_64 random(std::hash<std::string>{}(*plain));
    auto inputs = inputsFor(*own, entry.path(), !rounds(*plain), random);
    ASSERT_TRUE(inputs);
    ASSERT_EQ(own->inputs.size(), expanded->inputs.size());
    auto left = graph::evaluateItems(*own, *inputs);
    auto right = graph::evaluateItems(*expanded, *inputs);
    ASSERT_TRUE(left.ok()) << left.error().message;
    ASSERT_TRUE(right.ok()) << right.error().message;
    ASSERT_EQ(left->size(), right->size());
    for (size_t i = 0; i < left->size(); ++i) {
      Comparison both = compareItems((*left)[i], (*right)[i]);
      EXPECT_TRUE(both.equal) << "output " << i << ": " << both.why;
    }
    ++compared;
  }
  EXPECT_GT(compared, 0u) << "the archives hold such cases";
  std::cout << compared << " compared, " << skipped << " skipped\n";
}

} // namespace
} // namespace rune::import
