// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block that does nothing but carry every type of wit/rune-block.wit across,
// in lists of more than one, so that the bindings are tested beyond what the
// library happens to use. `create` always refuses, and says in its message what
// it was given.
#include "block_kit.h"

using namespace ::rune::kit;

namespace {

template <class List, class Show>
std::string_view shownList(const List &list, Show show) {
  std::string_view all = "[";
  for (const auto &item : list)
    all = text(all, all.size() > 1 ? "," : "", show(item));
  return text(all, "]");
}

std::string_view shown(const Value &value) {
  auto number = [](auto n) { return text(Digits(n)); };
  auto same = [](std::string_view t) { return t; };
  if (auto *v = std::get_if<Value::Boolean>(&value.variants))
    return v->value ? "true" : "false";
  if (auto *v = std::get_if<Value::Integer>(&value.variants))
    return number(v->value);
  if (auto *v = std::get_if<Value::Number>(&value.variants))
    return number(v->value);
  if (auto *v = std::get_if<Value::Text>(&value.variants))
    return v->value;
  if (auto *v = std::get_if<Value::Integers>(&value.variants))
    return shownList(v->value, number);
  if (auto *v = std::get_if<Value::Numbers>(&value.variants))
    return shownList(v->value, number);
  return shownList(std::get_if<Value::Texts>(&value.variants)->value, same);
}

template <class T> Or<std::span<const T>> reversed(std::span<const T> inputs) {
  std::span<T> list = makeList<T>(inputs.size());
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = inputs[inputs.size() - 1 - i];
  return std::span<const T>(list);
}

std::span<const ArgumentInfo> declared() {
  using V = Value;
  auto ints = listOf<int64_t>({INT64_MIN, 0, 7});
  auto reals = listOf<double>({-0.5, 1e300});
  auto words = listOf<std::string_view>({"", "zwölf", "x"});
  return listOf<ArgumentInfo>({
      {"b", "Boolean.", ValueKind::Boolean, V{V::Boolean{true}}},
      {"i", "Integer.", ValueKind::Integer, V{V::Integer{-9007199254740991}}},
      {"n", "Number.", ValueKind::Number, V{V::Number{0.1}}},
      {"required", "None.", ValueKind::Text, {}},
      {"t", "Text.", ValueKind::Text, V{V::Text{"größer"}}},
      {"is", "Integers.", ValueKind::Integers, V{V::Integers{ints}}},
      {"ns", "Numbers.", ValueKind::Numbers, V{V::Numbers{reals}}},
      {"ts", "Texts.", ValueKind::Texts, V{V::Texts{words}}},
  });
}

} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  auto mixed = listOf<Dimension>({fixedDimension(4294967295),
                                  namedDimension("n"),
                                  {Dimension::Unknown{}}});
  auto names = listOf<std::string_view>({"f32", "my-type"});
  return {.name = "every_type",
          .version = "1.2.3-a+b",
          .docs = "",
          .arguments = declared(),
          .inputs = listOf<Port>({{"p", "P.", names, mixed},
                                  {"q", "Q.", {}, std::span<const Dimension>()},
                                  {"r", "R.", {}, {}}}),
          .outputs = listOf<Port>({{"s", "", {}, {}}, {"t", "T.", {}, mixed}})};
}

Done create(std::span<const Argument> arguments) {
  auto one = [](const Argument &argument) {
    return text(argument.name, "=", shown(argument.value));
  };
  return Error{"echo", shownList(arguments, one), {}};
}

Types graph(std::span<const TensorType> inputs) { return reversed(inputs); }

Tensors compute(std::span<const Tensor> inputs) { return reversed(inputs); }

} // namespace exports::rune::block::block
