// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/given_shapes.h"

#include <charconv>

namespace rune::import {

namespace {

std::optional<Dim> sizeIn(std::string_view text) {
  if (text == "?")
    return Dim::unknown();
  int64_t size = -1;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), size);
  bool whole = fault == std::errc() && end == text.data() + text.size();
  return whole && size >= 0 ? std::optional(Dim(size)) : std::nullopt;
}

/// Sizes with an `x` between them.
std::optional<Dims> sizesIn(std::string_view text) {
  Dims sizes;
  while (true) {
    size_t end = text.find('x');
    auto size = sizeIn(text.substr(0, end));
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
    if (end == text.npos)
      return sizes;
    text.remove_prefix(end + 1);
  }
}

/// `1x3x?`, as it was given.
std::string shown(const Dims &sizes) {
  std::string text;
  for (const Dim &size : sizes)
    text += (text.empty() ? "" : "x") + size.str();
  return text;
}

} // namespace

Result<GivenShapes> GivenShapes::parse(const std::vector<std::string> &texts) {
  GivenShapes shapes;
  for (const std::string &text : texts) {
    // names may hold any sign, sizes never hold `=`
    size_t equal = text.rfind('=');
    auto sizes = equal == text.npos || equal == 0
                     ? std::nullopt
                     : sizesIn(std::string_view(text).substr(equal + 1));
    if (!sizes)
      return error("usage.shape", "`{}` is no shape", text)
          .withHelp("write `name=8` for a dimension, `name=1x3x224x224` for "
                    "an input");
    if (!shapes.given_.emplace(text.substr(0, equal), *std::move(sizes)).second)
      return error("usage.shape", "`{}` is given twice", text.substr(0, equal));
  }
  return shapes;
}

Result<> GivenShapes::bindName(const std::string &name, int64_t size) {
  auto [at, isNew] = sizes_.try_emplace(name, size);
  if (!isNew && at->second != size)
    return error("import.shape-mismatch",
                 "dimension `{}` is given as {} and as {}", name, at->second,
                 size);
  return {};
}

Result<> GivenShapes::bind(const std::string &input,
                           const TensorType &declared) {
  inputs_.insert(input);
  for (const Dim &dim : declared.dims)
    if (dim.isNamed())
      dimensions_.insert(dim.name());
  auto found = given_.find(input);
  if (found == given_.end())
    return {};
  const Dims &sizes = found->second;
  bool fits = sizes.size() == declared.dims.size();
  for (size_t i = 0; fits && i < sizes.size(); ++i)
    fits = !sizes[i].isFixed() || !declared.dims[i].isFixed() ||
           sizes[i] == declared.dims[i];
  if (!fits)
    return error("import.shape-mismatch",
                 "input `{}` is `{}`, the shape given for it is {}", input,
                 declared.str(), shown(sizes));
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i].isFixed() && declared.dims[i].isNamed())
      RUNE_TRY(bindName(declared.dims[i].name(), sizes[i].size()));
  return {};
}

Result<> GivenShapes::check() {
  for (const auto &[name, sizes] : given_) {
    if (inputs_.contains(name))
      continue;
    if (!dimensions_.contains(name))
      return error("import.unknown-shape",
                   "no input and no dimension of an input is called `{}`",
                   name);
    if (sizes.size() != 1 || !sizes[0].isFixed())
      return error("import.shape-mismatch",
                   "dimension `{}` needs one number, {} is given", name,
                   shown(sizes));
    RUNE_TRY(bindName(name, sizes[0].size()));
  }
  return {};
}

TensorType GivenShapes::applied(const std::string &input,
                                TensorType type) const {
  auto found = given_.find(input);
  bool isInput = found != given_.end() && inputs_.contains(input) &&
                 found->second.size() == type.dims.size();
  for (size_t i = 0; i < type.dims.size(); ++i) {
    Dim &dim = type.dims[i];
    if (auto size = sizes_.find(dim.name());
        dim.isNamed() && size != sizes_.end())
      dim = size->second;
    if (isInput && !dim.isFixed() && found->second[i].isFixed())
      dim = found->second[i];
  }
  return type;
}

} // namespace rune::import
