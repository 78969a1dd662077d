// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IMAGE: a picture file, stretched to `width` x `height` and brought to
// `pixel_format`. The bytes lie row by row whatever the declared dimensions
// say: the first system told its guests [1, width, height, channels], and its
// Runefiles declare either order, so only the number of bytes must agree. Where
// an argument is missing, the last dimensions are read as height, width (and
// channels).
//
// FLOAT_IMAGE: the same as f32, each channel divided by 255, so from 0 to 1.
// The first system declared it for its browser runtime only and never fixed a
// range.
//
// source  the first system, "IMAGE" of its command line
#include "runtime/capability/capability.h"

#include "runtime/capability/picture.h"

#include <algorithm>
#include <array>

namespace rune::runtime {

namespace {

/// One of the two.
struct Kind {
  std::string_view name;
  DType dtype;
};
constexpr Kind bytesKind = {"IMAGE", DType::U8};
constexpr Kind floatsKind = {"FLOAT_IMAGE", DType::F32};

struct Shape {
  uint32_t width = 0;
  uint32_t height = 0;
  PixelFormat format = PixelFormat::Rgb;

  int64_t channels() const { return format == PixelFormat::Grey ? 1 : 3; }
};

std::string lowered(std::string text) {
  for (char &c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// "RGB", "@PixelFormat::RGB", or the first system's number.
std::optional<PixelFormat> formatNamed(std::string text) {
  text = lowered(std::move(text));
  if (size_t colons = text.rfind("::"); colons != text.npos)
    text.erase(0, colons + 2);
  constexpr std::array<std::pair<std::string_view, PixelFormat>, 7> names = {
      {{"0", PixelFormat::Rgb},
       {"rgb", PixelFormat::Rgb},
       {"1", PixelFormat::Bgr},
       {"bgr", PixelFormat::Bgr},
       {"2", PixelFormat::Grey},
       {"grayscale", PixelFormat::Grey},
       {"greyscale", PixelFormat::Grey}}};
  for (const auto &[name, format] : names)
    if (text == name)
      return format;
  return {};
}

Result<PixelFormat> formatOf(const CapabilityRequest &request) {
  auto text = RUNE_TRY(request.arguments.text("pixel_format"));
  auto format = text ? formatNamed(*text) : PixelFormat::Rgb;
  if (format)
    return *format;
  return error("runtime.bad-argument",
               "stage `{}`: argument `pixel_format` must be `RGB`, `BGR` or "
               "`GrayScale`, not `{}`",
               request.arguments.stage(), *text);
}

/// The declared height (2nd from the end of what remains without the channels)
/// or width (the last).
std::optional<int64_t> declared(const Dims &dims, int64_t channels,
                                size_t fromEnd) {
  size_t rank = dims.size();
  if (rank >= 3 && (dims.back() == Dim(channels) || !dims.back().isFixed()))
    --rank;
  if (rank < 2 || !dims[rank - fromEnd].isFixed())
    return {};
  return dims[rank - fromEnd].size();
}

Result<uint32_t> sideOf(const CapabilityRequest &request, const Kind &kind,
                        std::string_view name,
                        std::optional<int64_t> fallback) {
  auto side = RUNE_TRY(request.arguments.integer(name, 1, maxPictureSide));
  if (!side)
    side = fallback;
  if (side && *side >= 1 && *side <= maxPictureSide)
    return static_cast<uint32_t>(*side);
  return error(
      "runtime.missing-argument",
      "stage `{}`: {} needs the argument `{}` (its type {} does not tell)",
      request.arguments.stage(), kind.name, name, request.type.str());
}

Result<Shape> shapeOf(const CapabilityRequest &request, const Kind &kind) {
  Shape shape;
  shape.format = RUNE_TRY(formatOf(request));
  const Dims &dims = request.type.dims;
  shape.width = RUNE_TRY(
      sideOf(request, kind, "width", declared(dims, shape.channels(), 1)));
  shape.height = RUNE_TRY(
      sideOf(request, kind, "height", declared(dims, shape.channels(), 2)));
  RUNE_TRY(checkPictureSize(shape.width, shape.height));
  return shape;
}

/// The declared sizes if their bytes are those of the picture; for a type that
/// leaves something open, the picture's own.
Result<std::vector<int64_t>> tensorSizes(const CapabilityRequest &request,
                                         const Kind &kind, const Shape &shape) {
  std::vector<int64_t> own = {1, shape.height, shape.width, shape.channels()};
  uint64_t count = RUNE_TRY(elementCount(own));
  TensorType made{kind.dtype, Dims(own.begin(), own.end())};
  const TensorType &type = request.type;
  bool fits = type.dtype == kind.dtype &&
              (type.isStatic() ? RUNE_TRY(elementCount(type.sizes())) == count
                               : mayFlow(made, type));
  if (!fits)
    return error("runtime.bad-input",
                 "stage `{}`: {} gives {}, but the stage declares {}",
                 request.arguments.stage(), kind.name, made.str(), type.str());
  return type.isStatic() ? type.sizes() : own;
}

void copyPixels(const Bytes &pixels, Tensor &tensor) {
  if (tensor.dtype() == DType::U8)
    std::ranges::copy(pixels, tensor.bytes().begin());
  else
    std::ranges::transform(pixels, tensor.as<float>().begin(),
                           [](uint8_t value) { return value / 255.0f; });
}

Result<std::unique_ptr<Capability>> open(const CapabilityRequest &request,
                                         const Kind &kind) {
  Shape shape = RUNE_TRY(shapeOf(request, kind));
  std::vector<int64_t> sizes = RUNE_TRY(tensorSizes(request, kind, shape));
  Tensor tensor = RUNE_TRY(Tensor::zeros(kind.dtype, sizes, request.maxBytes));
  Picture picture =
      RUNE_TRY(decodePicture(request.input->bytes, request.input->name));
  picture = toFormat(resize(picture, shape.width, shape.height), shape.format);
  copyPixels(picture.pixels, tensor);
  return alwaysTheSame(std::move(tensor));
}

} // namespace

Result<std::unique_ptr<Capability>>
openImage(const CapabilityRequest &request) {
  return open(request, bytesKind);
}

Result<std::unique_ptr<Capability>>
openFloatImage(const CapabilityRequest &request) {
  return open(request, floatsKind);
}

} // namespace rune::runtime
