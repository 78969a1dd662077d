// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a detector of the YOLO kind found, without the unlikely and the doubled.
// A row of the input is x, y, h, w, how sure the detector is that there is
// anything, and a score for each class.
//
// As in the first system: a row counts if column 4 is larger than `threshold`;
// its score is the best class's, of equal ones the last; rows whose x and y are
// both no more than 0.01 apart are one object, of which the row with the higher
// score stays, of equal ones the later. The first pair that is too close is
// settled first. A class score that is NaN is never the best.
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
constexpr uint32_t columns = 6, boxColumns = 5;
constexpr float tooClose = 0.01F;
float threshold = 0.7F;

/// A row of the output, as it lies in memory.
struct Object {
  float x, y, height, width, score, label;
};
static_assert(sizeof(Object) == columns * sizeof(float));

Object objectAt(const Elements<float> &in, size_t row, uint32_t classes) {
  size_t first = row * (boxColumns + classes);
  float score = in[first + boxColumns];
  uint32_t label = 0;
  for (uint32_t i = 1; i < classes; ++i) {
    float other = in[first + boxColumns + i];
    if (other >= score || score != score) {
      score = other;
      label = i;
    }
  }
  return {in[first],     in[first + 1], in[first + 2],
          in[first + 3], score,         static_cast<float>(label)};
}

bool same(const Object &a, const Object &b) {
  return std::fabs(a.x - b.x) <= tooClose && std::fabs(a.y - b.y) <= tooClose;
}

void remove(std::span<Object> &objects, size_t at) {
  for (size_t i = at + 1; i < objects.size(); ++i)
    objects[i - 1] = objects[i];
  objects = objects.first(objects.size() - 1);
}

/// Takes out the lesser of each two that are one object.
void removeDoubles(std::span<Object> &objects) {
  for (size_t i = 0; i < objects.size();) {
    size_t j = i + 1;
    while (j < objects.size() && !same(objects[i], objects[j]))
      ++j;
    if (j == objects.size())
      ++i; // nothing before or behind it is the same
    else
      remove(objects, objects[i].score > objects[j].score ? j : i);
  }
}

Error wrongShape(const TensorType &type) {
  return fail("unsupported-shape", "detections", "`detections` is `",
              typeText(type),
              "`, needed [1, rows, 5 + classes], classes at "
              "least one");
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "object_filter",
      .version = "0.1.0",
      .docs = "Keeps the likely ones of detected objects, each once.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "threshold",
            .docs = "What column 4 of a row has to be larger than.",
            .kind = ValueKind::Number,
            .defaultValue = Value{Value::Number{0.7}}}}),
      .inputs = listOf<Port>(
          {{.name = "detections",
            .docs = "A row for each box: x, y, h, w, confidence, and a score "
                    "for each class.",
            .dtypes = dtypeNames(TypeList<float>{}),
            .dims =
                listOf<Dimension>({fixedDimension(1), namedDimension("rows"),
                                   namedDimension("columns")})}}),
      .outputs = listOf<Port>(
          {{.name = "objects",
            .docs = "A row for each object: x, y, h, w, score, class.",
            .dtypes = dtypeNames(TypeList<float>{}),
            .dims = listOf<Dimension>(
                {{Dimension::Unknown{}}, fixedDimension(columns)})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  threshold = static_cast<float>(
      BLOCK_TRY(arguments.number("threshold", -mostFloat, mostFloat)));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  const TensorType &type = inputs[0];
  BLOCK_TRY(expectDtype(type, "detections", dtypeNames(TypeList<float>{})));
  if (type.dims.size() != 3 || fixed(type.dims[0]).value_or(1) != 1 ||
      fixed(type.dims[2]).value_or(columns) < columns)
    return wrongShape(type);
  return listOf<TensorType>(
      {{dtypeName<float>,
        listOf<Dimension>({{Dimension::Unknown{}}, fixedDimension(columns)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto in = BLOCK_TRY(elements<float>(inputs[0], "detections"));
  uint32_t rows = inputs[0].dims[1], width = inputs[0].dims[2];
  uint32_t likely = 0;
  auto isLikely = [&](uint32_t row) {
    return in[size_t{row} * width + 4] > threshold;
  };
  for (uint32_t row = 0; row < rows; ++row)
    likely += isLikely(row);
  auto objects = BLOCK_TRY(output<Object>(likely, "objects"));
  for (uint32_t row = 0, next = 0; row < rows; ++row)
    if (isLikely(row))
      objects[next++] = objectAt(in, row, width - boxColumns);
  removeDoubles(objects);
  std::span<float> out(&objects.data()->x, objects.size() * columns);
  return listOf<Tensor>(
      {tensorOf(out, listOf<uint32_t>(
                         {static_cast<uint32_t>(objects.size()), columns}))});
}

} // namespace exports::rune::block::block
