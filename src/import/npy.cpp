// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace rune::import {
namespace {

struct NumpyType {
  std::string_view name;
  DType dtype;
};
constexpr NumpyType types[] = {
    {"f4", DType::F32}, {"f8", DType::F64}, {"f2", DType::F16},
    {"i1", DType::I8},  {"i2", DType::I16}, {"i4", DType::I32},
    {"i8", DType::I64}, {"u1", DType::U8},  {"u2", DType::U16},
    {"u4", DType::U32}, {"u8", DType::U64}, {"b1", DType::Bool},
};

template <class... Args>
Diagnostic bad(fmt::format_string<Args...> text, Args &&...args) {
  return error("verify.bad-file", text, std::forward<Args>(args)...);
}

/// What stands behind `'key':` in the header, a Python dictionary, up to the
/// next of `ends`.
std::optional<std::string_view>
entry(std::string_view header, std::string_view key, std::string_view ends) {
  size_t at = header.find(key);
  if (at == header.npos)
    return std::nullopt;
  at = header.find_first_not_of(" :", at + key.size());
  if (at == header.npos)
    return std::nullopt;
  size_t end = header.find_first_of(ends, at + 1);
  if (end == header.npos)
    return std::nullopt;
  return header.substr(at, end - at);
}

Result<DType> dtypeOf(std::string_view header) {
  auto text = entry(header, "'descr'", ",}");
  if (!text || text->size() < 5 || text->front() != '\'')
    return bad("no element type in the header");
  char order = (*text)[1];
  std::string_view name = text->substr(2, text->size() - 3);
  auto found = std::ranges::find(types, name, &NumpyType::name);
  if (found == std::end(types) ||
      (order == '>' && dtypeBytes(found->dtype) > 1))
    return bad("elements of type {}, needs little-endian numbers", *text);
  return found->dtype;
}

Result<std::vector<int64_t>> shapeOf(std::string_view header) {
  auto text = entry(header, "'shape'", ")");
  if (!text || text->front() != '(')
    return bad("no shape in the header");
  std::vector<int64_t> sizes;
  const char *at = text->data() + 1, *end = text->data() + text->size();
  while (at < end) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    int64_t size = 0;
    auto [next, fault] = std::from_chars(at, end, size);
    if (fault != std::errc() || size < 0 || sizes.size() >= 32)
      return bad("the shape `{}` is no list of sizes", *text);
    sizes.push_back(size);
    at = next;
  }
  return sizes;
}

} // namespace

Result<Tensor> parseNpy(ByteSpan file) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (file.size() < 12 || asText(file.first(6)) != magic || file[6] < 1 ||
      file[6] > 3)
    return bad("no .npy file of version 1 to 3");
  size_t start = file[6] == 1 ? 10 : 12;
  uint64_t length = file[6] == 1 ? loadUnaligned<uint16_t>(file.data() + 8)
                                 : loadUnaligned<uint32_t>(file.data() + 8);
  if (length > file.size() - start)
    return bad("a header of {} bytes in a file of {}", length, file.size());
  std::string_view header = asText(file.subspan(start, length));
  DType dtype = RUNE_TRY(dtypeOf(header));
  auto order = entry(header, "'fortran_order'", ",}");
  std::vector<int64_t> sizes = RUNE_TRY(shapeOf(header));
  if (!order || (*order != "False" && sizes.size() > 1))
    return bad("the array is not in C order");
  auto tensor = Tensor::copyOf({dtype, sizes, file.subspan(start + length)});
  if (!tensor)
    return bad("{}", tensor.error().message);
  return tensor;
}

Result<Tensor> tensorOfBytes(const TensorType &type, ByteSpan bytes) {
  std::vector<int64_t> sizes;
  std::optional<size_t> open;
  uint64_t known = dtypeBytes(type.dtype);
  for (const Dim &dim : type.dims) {
    if (!dim.isFixed() && open)
      return bad("`{}` has several open sizes, bare bytes do not tell them",
                 type.str());
    if (!dim.isFixed())
      open = sizes.size();
    sizes.push_back(dim.isFixed() ? dim.size() : 1);
  }
  auto rest = tensorBytes(type.dtype, sizes);
  if (!rest || known == 0 || *rest == 0 || bytes.size() % *rest != 0)
    return bad("{} bytes are no `{}`", bytes.size(), type.str());
  if (open)
    sizes[*open] = static_cast<int64_t>(bytes.size() / *rest);
  auto tensor = Tensor::copyOf({type.dtype, sizes, bytes});
  if (!tensor)
    return bad("{} bytes are no `{}`", bytes.size(), type.str());
  return tensor;
}

} // namespace rune::import
