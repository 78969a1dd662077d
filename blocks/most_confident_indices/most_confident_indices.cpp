// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The indices of the `count` largest elements, largest first; equal ones in the
// order in which they stand.
//
// As in the first system the input is one row of numbers, and dimensions of 1
// around it do not count: [10], [1, 10] and [1, 1, 10, 1] are the same. NaN,
// which that one left undefined, comes after every number.
#include "order.h"

#include <algorithm>

using namespace ::rune::kit;

namespace {
uint32_t count = 1;

/// True if element `a` stands before element `b` in the answer: a total order.
struct Before {
  const Ordered &in;
  bool operator()(uint32_t a, uint32_t b) const {
    uint64_t x = in[a], y = in[b];
    return x != y ? x > y : a < b;
  }
};

/// Fills `best`, which is no longer than `in`: a heap with the last one on top.
void selectBest(const Ordered &in, std::span<uint32_t> best) {
  Before before{in};
  for (uint32_t i = 0; i < best.size(); ++i)
    best[i] = i;
  std::make_heap(best.begin(), best.end(), before);
  for (uint32_t i = best.size(); i < in.size; ++i) {
    if (!before(i, best[0]))
      continue;
    std::pop_heap(best.begin(), best.end(), before);
    best.back() = i;
    std::push_heap(best.begin(), best.end(), before);
  }
  std::sort_heap(best.begin(), best.end(), before);
}

Error tooFew(uint64_t elements, const TensorType &type) {
  return fail("unsupported-shape", "confidences", "argument `count` is ",
              Digits(count), " but `confidences`, `", typeText(type), "`, has ",
              Digits(elements), elements == 1 ? " element" : " elements");
}

/// At most one dimension is not 1; what is not known may be 1.
Done expectRow(const TensorType &type) {
  uint64_t length = 1;
  bool known = true;
  for (const Dimension &dimension : type.dims) {
    std::optional<uint32_t> number = fixed(dimension);
    known = known && number;
    if (!number || *number == 1)
      continue;
    if (length != 1)
      return fail("unsupported-shape", "confidences", "`confidences` is `",
                  typeText(type),
                  "`, needed one row: at most one dimension other than 1");
    length = *number;
  }
  // Of a row whose length is known, the rest must be 1.
  if ((known || length != 1) && length < count)
    return tooFew(length, type);
  return {};
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "most_confident_indices",
      .version = "0.1.0",
      .docs =
          "Finds the indices of the largest elements of one row of numbers.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "count",
            .docs = "How many indices to give, at least 1.",
            .kind = ValueKind::Integer,
            .defaultValue = Value{Value::Integer{1}}}}),
      .inputs = listOf<Port>(
          {{.name = "confidences",
            .docs =
                "One row of numbers; dimensions of 1 around it do not count.",
            .dtypes = dtypeNames(AllNumbers{}),
            .dims = {}}}),
      .outputs = listOf<Port>(
          {{.name = "indices",
            .docs = "Where the largest elements stand, the largest first.",
            .dtypes = dtypeNames(TypeList<uint32_t>{}),
            .dims = listOf<Dimension>({namedDimension("count")})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  count = BLOCK_TRY(arguments.integer("count", 1, UINT32_MAX));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "confidences", dtypeNames(AllNumbers{})));
  BLOCK_TRY(expectRow(inputs[0]));
  return listOf<TensorType>(
      {{dtypeName<uint32_t>, listOf<Dimension>({fixedDimension(count)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  Ordered in = BLOCK_TRY(ordered(inputs[0], "confidences"));
  std::span<uint32_t> best = BLOCK_TRY(output<uint32_t>(count, "indices"));
  selectBest(in, best);
  return listOf<Tensor>({tensorOf(best, listOf<uint32_t>({count}))});
}

} // namespace exports::rune::block::block
