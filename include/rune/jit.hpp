// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models written as C++ expressions and compiled when they are first called:
//
//   using rune::expr::Tensor;
//   auto f = rune::jit([](Tensor a, Tensor b) { return relu(matmul(a, b)); });
//   auto result = f(x, y); // compiled for the sizes of x and y
//
// The function is run once for each set of element types and sizes, on
// descriptions of its tensors: what it does with them becomes the graph. A
// fault of shapes is a message whose place is the line that made it.
#pragma once

#include "rune/program.hpp"

#include <array>
#include <functional>
#include <source_location>
#include <tuple>

namespace rune::expr {

struct Trace;

/// A tensor that the function will compute with.
class Tensor {
public:
  Tensor() = default;
  Tensor(std::shared_ptr<Trace> trace, uint32_t value)
      : trace_(std::move(trace)), value_(value) {}

  Element element() const;
  std::vector<int64_t> sizes() const;

  const std::shared_ptr<Trace> &trace() const { return trace_; }
  uint32_t value() const { return value_; }

private:
  std::shared_ptr<Trace> trace_;
  uint32_t value_ = UINT32_MAX;
};

/// An operand of an operator, with the line that wrote it: a tensor, or a
/// number, which takes the element type of the other operand.
struct Operand {
  Operand(Tensor from,
          std::source_location at = std::source_location::current())
      : tensor(std::move(from)), where(at) {}
  Operand(double from,
          std::source_location at = std::source_location::current())
      : number(from), where(at) {}

  Tensor tensor;
  std::optional<double> number;
  std::source_location where;
};

// Element by element; sizes broadcast as numpy's do. Of two operands one is a
// tensor.
Tensor operator+(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a, const Operand &b);
Tensor operator*(const Operand &a, const Operand &b);
Tensor operator/(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a);
Tensor operator<(const Operand &a, const Operand &b);
Tensor operator<=(const Operand &a, const Operand &b);
Tensor operator>(const Operand &a, const Operand &b);
Tensor operator>=(const Operand &a, const Operand &b);
Tensor equal(const Operand &a, const Operand &b);
Tensor minimum(const Operand &a, const Operand &b);
Tensor maximum(const Operand &a, const Operand &b);
Tensor pow(const Operand &a, const Operand &b);
Tensor abs(const Operand &x);
Tensor exp(const Operand &x);
Tensor log(const Operand &x);
Tensor sqrt(const Operand &x);
Tensor tanh(const Operand &x);
Tensor sigmoid(const Operand &x);
Tensor erf(const Operand &x);
Tensor gelu(const Operand &x);
Tensor relu(const Operand &x);
/// Where the condition is true a, else b.
Tensor where(const Operand &condition, const Operand &a, const Operand &b);
Tensor cast(const Operand &x, Element element);

/// numpy's matmul.
Tensor matmul(const Operand &a, const Operand &b);
/// x [N, C, spatial…], weights [O, C / groups, kernel…].
struct ConvOptions {
  std::vector<int64_t> strides, pads, dilations;
  int64_t groups = 1;
};
Tensor conv(const Operand &x, const Operand &weights,
            const ConvOptions &options = {});

// Over axes, which count from the end where negative.
Tensor softmax(const Operand &x, int64_t axis);
Tensor sum(const Operand &x, std::vector<int64_t> axes, bool keep = false);
Tensor mean(const Operand &x, std::vector<int64_t> axes, bool keep = false);
Tensor max(const Operand &x, std::vector<int64_t> axes, bool keep = false);

// What moves elements.
Tensor reshape(const Operand &x, std::vector<int64_t> sizes);
Tensor transpose(const Operand &x, std::vector<int64_t> permutation);
Tensor gather(const Operand &x, const Operand &indices, int64_t axis);
Tensor concat(std::vector<Tensor> tensors, int64_t axis,
              std::source_location at = std::source_location::current());

/// Elements that are known now, beside another tensor of the function; copied.
Tensor constant(const Operand &beside, const TensorRef &elements);

// Control flow. What a function computes from its own tensors is computed only
// if it runs; it may use all tensors around it, too.

/// The result of one of two functions of `inputs`; the condition is one bool.
using Branch = std::function<Tensor(std::vector<Tensor> inputs)>;
Tensor cond(const Operand &condition, std::vector<Tensor> inputs,
            const Branch &then, const Branch &otherwise);
/// The state after so many turns: each takes its number (i64) and the state.
using Turn =
    std::function<std::vector<Tensor>(Tensor turn, std::vector<Tensor> state)>;
std::vector<Tensor>
loop(int64_t turns, std::vector<Tensor> state, const Turn &body,
     std::source_location at = std::source_location::current());

} // namespace rune::expr

namespace rune {

/// A function of tensors that is compiled for what it is called with. One
/// thread at a time.
class Jit {
public:
  using Body =
      std::function<std::vector<expr::Tensor>(std::vector<expr::Tensor>)>;
  Jit(size_t inputs, Body body);
  ~Jit();
  Jit(Jit &&) noexcept;
  Jit &operator=(Jit &&) noexcept;

  /// errors  `jit.shape`: the function cannot work with these tensors, at its
  ///         line · `program.mismatch` · of compiling and running
  Outcome<std::vector<Array>> call(std::span<const TensorRef> inputs);

  template <class... T> Outcome<std::vector<Array>> operator()(T... inputs) {
    std::array<TensorRef, sizeof...(T)> all = {std::move(inputs)...};
    return call(all);
  }

private:
  struct State;
  std::unique_ptr<State> state_;
};

namespace detail {

inline std::vector<expr::Tensor> listOf(expr::Tensor one) {
  return {std::move(one)};
}
inline std::vector<expr::Tensor> listOf(std::vector<expr::Tensor> all) {
  return all;
}

template <class F, class R, class... A>
Jit jitOf(F function, R (F::*)(A...) const) {
  constexpr size_t count = sizeof...(A);
  return Jit(count, [function](std::vector<expr::Tensor> inputs) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return listOf(function(inputs[I]...));
    }(std::make_index_sequence<count>());
  });
}

} // namespace detail

/// in  `function`: a lambda of tensors that gives a tensor or a vector of them
template <class F> Jit jit(F function) {
  return detail::jitOf(std::move(function), &F::operator());
}

} // namespace rune
