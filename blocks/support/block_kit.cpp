// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "block_kit.h"

#include "utf8.h"

namespace rune::kit {

using ::rune::wit::allocate;

// --- text ---

void Digits::integer(uint64_t magnitude, bool negative) {
  char reversed[20];
  uint32_t count = 0;
  do
    reversed[count++] = static_cast<char>('0' + magnitude % 10);
  while (magnitude /= 10);
  if (negative)
    text[length++] = '-';
  while (count)
    text[length++] = reversed[--count];
}

/// Six decimals at most; very large and very small ones with an exponent.
Digits::Digits(double number) {
  if (number != number) {
    std::memcpy(text, "NaN", length = 3);
    return;
  }
  bool negative = __builtin_signbit(number);
  double magnitude = negative ? -number : number;
  if (magnitude == __builtin_inf()) {
    std::memcpy(text, negative ? "-inf" : "inf", 4);
    length = negative ? 4 : 3;
    return;
  }
  int exponent = 0;
  if (magnitude >= 1e15)
    for (; magnitude >= 10; ++exponent)
      magnitude /= 10;
  if (magnitude != 0 && magnitude < 1e-4)
    for (; magnitude < 1; --exponent)
      magnitude *= 10;
  auto whole = static_cast<uint64_t>(magnitude);
  auto millionths = static_cast<uint32_t>(
      (magnitude - static_cast<double>(whole)) * 1e6 + .5);
  integer(whole + millionths / 1000000, negative);
  millionths %= 1000000;
  if (millionths)
    text[length++] = '.';
  for (uint32_t place = 100000; millionths; place /= 10) {
    text[length++] = static_cast<char>('0' + millionths / place);
    millionths %= place;
  }
  if (exponent) {
    text[length++] = 'e';
    integer(exponent < 0 ? -exponent : exponent, exponent < 0);
  }
}

std::string_view join(std::span<const std::string_view> pieces) {
  size_t length = 0;
  for (std::string_view piece : pieces)
    length += piece.size();
  char *first = static_cast<char *>(allocate(length));
  char *at = first;
  for (std::string_view piece : pieces) {
    if (!piece.empty())
      std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return {first, length};
}

namespace {

std::string_view dimensionText(const Dimension &dimension) {
  if (auto *fixed = std::get_if<Dimension::Fixed>(&dimension.variants))
    return text(Digits(fixed->value));
  if (auto *named = std::get_if<Dimension::Named>(&dimension.variants))
    return named->value;
  return "?";
}

// What a message shows of what may be of any length.
constexpr size_t shownDims = 8;
constexpr size_t shownBytes = 64;

} // namespace

std::string_view shown(std::string_view text) {
  size_t end = shownBytes;
  if (text.size() <= end)
    return text;
  while (end > 0 && (text[end] & 0xC0) == 0x80) // not inside a character
    --end;
  return text.substr(0, end);
}

std::string_view typeText(const TensorType &type) {
  std::string_view pieces[2 * shownDims + 4];
  size_t count = 0;
  pieces[count++] = shown(type.dtype);
  pieces[count++] = "[";
  for (size_t i = 0; i < type.dims.size(); ++i) {
    if (i > 0)
      pieces[count++] = ", ";
    if (i == shownDims) {
      pieces[count++] = "…";
      break;
    }
    pieces[count++] = shown(dimensionText(type.dims[i]));
  }
  pieces[count++] = "]";
  return join({pieces, count});
}

// --- what `graph` checks ---

Done expectInputs(size_t given, size_t needed) {
  if (given == needed)
    return {};
  return fail("arity", {}, Digits(given), given == 1 ? " input" : " inputs",
              " given, ", Digits(needed), " needed");
}

Done expectDtype(const TensorType &type, std::string_view subject,
                 std::span<const std::string_view> allowed) {
  std::string_view pieces[2 * 16];
  size_t count = 0;
  for (std::string_view name : allowed) {
    if (name == type.dtype)
      return {};
    pieces[count++] = count == 0 ? "`" : "`, `";
    pieces[count++] = name;
  }
  return fail("unsupported-type", subject, "`", subject, "` is `",
              typeText(type), "`, needed ", allowed.size() > 1 ? "one of " : "",
              join({pieces, count}), "`");
}

std::optional<uint32_t> fixed(const Dimension &dimension) {
  if (auto *known = std::get_if<Dimension::Fixed>(&dimension.variants))
    return known->value;
  return {};
}

// --- what `compute` stands on ---

std::span<const TensorType> typesOf(std::span<const Tensor> tensors) {
  std::span<TensorType> types = makeList<TensorType>(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::span<Dimension> dims = makeList<Dimension>(tensors[i].dims.size());
    for (size_t d = 0; d < dims.size(); ++d)
      dims[d] = fixedDimension(tensors[i].dims[d]);
    types[i] = {tensors[i].dtype, dims};
  }
  return types;
}

std::span<const uint32_t> dimsOf(const TensorType &type) {
  std::span<uint32_t> dims = makeList<uint32_t>(type.dims.size());
  for (size_t d = 0; d < dims.size(); ++d) {
    std::optional<uint32_t> number = fixed(type.dims[d]);
    if (!number)
      __builtin_trap(); // our own fault: `graph` of fixed types gave another
    dims[d] = *number;
  }
  return dims;
}

Or<size_t> countOf(std::span<const uint32_t> dims, std::string_view subject) {
  uint64_t count = 1;
  for (uint32_t dim : dims)
    if (dim == 0)
      return size_t{0};
  for (uint32_t dim : dims)
    if ((count *= dim) > UINT32_MAX)
      return fail("invalid-input", subject, "`", subject,
                  "` has more elements than memory can hold");
  return static_cast<size_t>(count);
}

Or<size_t> expectData(const Tensor &tensor, std::string_view subject,
                      size_t elementBytes) {
  size_t count = BLOCK_TRY(countOf(tensor.dims, subject));
  uint64_t needed = uint64_t{count} * elementBytes;
  if (tensor.data.size() != needed)
    return fail("invalid-input", subject, "`", subject, "` is `",
                typeText(typesOf({&tensor, 1})[0]), "` with ",
                Digits(tensor.data.size()), " bytes of data, needed ",
                Digits(needed));
  return count;
}

Or<Texts> textElements(const Tensor &tensor, std::string_view subject) {
  size_t count = BLOCK_TRY(countOf(tensor.dims, subject));
  std::span<const uint8_t> left = tensor.data;
  for (size_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (left.size() >= 4)
      std::memcpy(&length, left.data(), 4);
    if (left.size() < 4 || left.size() - 4 < length)
      return fail("invalid-input", subject, "the data of `", subject,
                  "` ends inside element ", Digits(i), " of ", Digits(count));
    if (!isUtf8({reinterpret_cast<const char *>(left.data()) + 4, length}))
      return fail("invalid-input", subject, "element ", Digits(i), " of `",
                  subject, "` is not UTF-8");
    left = left.subspan(4 + length);
  }
  if (!left.empty())
    return fail("invalid-input", subject, "the data of `", subject, "` has ",
                Digits(left.size()), " bytes more than its ", Digits(count),
                count == 1 ? " element" : " elements");
  return Texts(tensor.data);
}

uint8_t *appendText(uint8_t *at, std::string_view text) {
  uint32_t length = text.size();
  std::memcpy(at, &length, 4);
  if (length)
    std::memcpy(at + 4, text.data(), length);
  return at + 4 + length;
}

Or<std::span<uint8_t>> outputBytes(uint64_t bytes, std::string_view subject) {
  void *memory = bytes <= ::rune::wit::arenaLeft()
                     ? ::rune::wit::tryAllocate(bytes)
                     : nullptr;
  if (!memory)
    return fail("out-of-memory", subject, "`", subject, "` needs ",
                Digits(bytes), " bytes, ", Digits(::rune::wit::arenaLeft()),
                " are left in the block's arena");
  return std::span<uint8_t>(static_cast<uint8_t *>(memory), bytes);
}

// --- arguments ---

namespace {

template <class T>
const T *named(std::span<const T> list, std::string_view name) {
  for (const T &item : list)
    if (item.name == name)
      return &item;
  return nullptr;
}

constexpr std::string_view kindNames[] = {
    "a boolean",          "an integer",        "a number",       "a text",
    "a list of integers", "a list of numbers", "a list of texts"};

} // namespace

Or<Arguments> Arguments::check(std::span<const Argument> given,
                               std::span<const ArgumentInfo> declared) {
  for (const Argument &argument : given) {
    std::string_view name = argument.name;
    const ArgumentInfo *info = named(declared, name);
    if (!info)
      return fail("invalid-argument", name, "there is no argument `",
                  shown(name), "`");
    if (named(given, name) != &argument)
      return fail("invalid-argument", name, "argument `", name,
                  "` is given twice");
    size_t kind = argument.value.variants.index();
    if (kind != static_cast<size_t>(info->kind))
      return fail("invalid-argument", name, "argument `", name, "` is ",
                  kindNames[kind], ", needed ",
                  kindNames[static_cast<size_t>(info->kind)]);
  }
  for (const ArgumentInfo &info : declared)
    if (!info.defaultValue && !named(given, info.name))
      return fail("invalid-argument", info.name, "argument `", info.name,
                  "` is missing");
  return Arguments(given, declared);
}

const Value &Arguments::value(std::string_view name) const {
  if (const Argument *argument = named(given_, name))
    return argument->value;
  const ArgumentInfo *info = named(declared_, name);
  if (!info)
    __builtin_trap(); // our own fault: a name that the block does not declare
  return *info->defaultValue;
}

namespace {
template <class T> Or<T> within(std::string_view name, T value, T low, T high) {
  if (value >= low && value <= high)
    return value;
  return fail("invalid-argument", name, "argument `", name, "` is ",
              Digits(value), ", needed ", Digits(low), " to ", Digits(high));
}
} // namespace

Or<int64_t> Arguments::integer(std::string_view name, int64_t lowest,
                               int64_t highest) const {
  return within(name, integer(name), lowest, highest);
}

Or<double> Arguments::number(std::string_view name, double lowest,
                             double highest) const {
  return within(name, number(name), lowest, highest);
}

} // namespace rune::kit
