// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of a picture that has a score for each class in each pixel: the best class of
// each pixel, and the classes that are best anywhere, in rising order.
//
// The first system's block started from (0, 0.0) in each pixel, so that one
// without a positive score gave class 0. Here the first of the largest scores
// counts, whatever its sign; NaN is never the largest.
#include "block_kit.h"

using namespace ::rune::kit;

namespace {
uint32_t best(const Elements<float> &in, size_t first, uint32_t classes) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < classes; ++i)
    if (in[first + i] > in[first + best] ||
        in[first + best] != in[first + best])
      best = i;
  return in[first + best] == in[first + best] ? best : 0;
}

Error wrongShape(const TensorType &type) {
  return fail("unsupported-shape", "image", "`image` is `", typeText(type),
              "`, needed [1, rows, columns, classes], classes at least one");
}

std::span<const Dimension> plane() {
  return listOf<Dimension>({namedDimension("rows"), namedDimension("columns")});
}

/// The classes that `map` holds, rising.
///
/// errors  `out-of-memory`
Or<std::span<uint32_t>> classesIn(std::span<const uint32_t> map,
                                  uint32_t classes) {
  auto seen = BLOCK_TRY(output<uint8_t>(map.empty() ? 0 : classes, "classes"));
  std::memset(seen.data(), 0, seen.size());
  uint32_t count = 0;
  for (uint32_t label : map) {
    count += !seen[label];
    seen[label] = 1;
  }
  auto list = BLOCK_TRY(output<uint32_t>(count, "classes"));
  for (uint32_t label = 0, next = 0; label < seen.size(); ++label)
    if (seen[label])
      list[next++] = label;
  return list;
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "segment_output",
      .version = "0.1.0",
      .docs =
          "Finds the best class of each pixel, and which classes there are.",
      .arguments = {},
      .inputs = listOf<Port>(
          {{.name = "image",
            .docs = "A score for each class in each pixel.",
            .dtypes = dtypeNames(TypeList<float>{}),
            .dims = listOf<Dimension>(
                {fixedDimension(1), namedDimension("rows"),
                 namedDimension("columns"), namedDimension("classes")})}}),
      .outputs = listOf<Port>(
          {{.name = "segmentation_map",
            .docs = "The class with the largest score, for each pixel.",
            .dtypes = dtypeNames(TypeList<uint32_t>{}),
            .dims = plane()},
           {.name = "classes",
            .docs = "The classes in the map, each once, in rising order.",
            .dtypes = dtypeNames(TypeList<uint32_t>{}),
            .dims = listOf<Dimension>({{Dimension::Unknown{}}})}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  const TensorType &type = inputs[0];
  BLOCK_TRY(expectDtype(type, "image", dtypeNames(TypeList<float>{})));
  if (type.dims.size() != 4 || fixed(type.dims[0]).value_or(1) != 1 ||
      fixed(type.dims[3]) == 0U)
    return wrongShape(type);
  return listOf<TensorType>(
      {{dtypeName<uint32_t>, type.dims.subspan(1, 2)},
       {dtypeName<uint32_t>, listOf<Dimension>({{Dimension::Unknown{}}})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<float>(inputs[0], "image"));
  uint32_t classes = inputs[0].dims[3];
  auto map =
      BLOCK_TRY(output<uint32_t>(in.size() / classes, "segmentation_map"));
  for (size_t i = 0; i < map.size(); ++i)
    map[i] = best(in, i * classes, classes);
  auto list = BLOCK_TRY(classesIn(map, classes));
  auto count = static_cast<uint32_t>(list.size());
  return listOf<Tensor>({tensorOf(map, inputs[0].dims.subspan(1, 2)),
                         tensorOf(list, listOf<uint32_t>({count}))});
}

} // namespace exports::rune::block::block
