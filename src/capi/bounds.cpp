// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/bounds.h"

#include <algorithm>
#include <charconv>

namespace rune::capi {

namespace {

std::optional<int64_t> numberIn(std::string_view text) {
  int64_t number = 0;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number < 0)
    return {};
  return number;
}

} // namespace

Result<bool> takeBounds(const std::string &text, BoundsByName &bounds) {
  size_t equals = text.find('='), dots = text.find("..");
  if (equals == std::string::npos || dots == std::string::npos || dots < equals)
    return false;
  std::string_view all = text;
  auto least = numberIn(all.substr(equals + 1, dots - equals - 1)),
       most = numberIn(all.substr(dots + 2));
  if (equals == 0 || !least || !most || *least > *most)
    return error("usage.shape", "`{}` is no range of sizes", text)
        .withHelp("`batch=1..8`");
  bounds[text.substr(0, equals)] = {*least, *most};
  return true;
}

Result<> checkNames(const BoundsByName &bounds, const graph::Graph &graph) {
  for (const auto &[name, range] : bounds)
    if (std::ranges::none_of(graph.inputs, [&](graph::ValueId id) {
          return std::ranges::any_of(
              graph.values[id].type.dims,
              [&](const Dim &dim) { return dim.name() == name; });
        }))
      return error("usage.shape", "no input has a dimension `{}` that is open",
                   name);
  return {};
}

std::optional<Bounds> boundsOf(const BoundsByName &bounds, const Dim &dim) {
  auto found = bounds.find(dim.name());
  return found == bounds.end() ? std::nullopt : std::optional(found->second);
}

Result<> checkSizes(const BoundsByName &bounds, const graph::Graph &graph,
                    size_t index, std::span<const int64_t> sizes) {
  const graph::Value &value = graph.values[graph.inputs[index]];
  size_t rank = std::min(sizes.size(), value.type.dims.size());
  for (size_t d = 0; d < rank; ++d) {
    const Dim &dim = value.type.dims[d];
    auto range = boundsOf(bounds, dim);
    if (range && (sizes[d] < range->least || sizes[d] > range->most))
      return error("program.mismatch",
                   "`{}` of input {} (`{}`) is {}, it may be {} to {}",
                   dim.name(), index, value.name, sizes[d], range->least,
                   range->most);
  }
  return {};
}

} // namespace rune::capi
