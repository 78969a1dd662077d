// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of matrices, in the order of the inner index.
//
// source  docs/ops.md: matmul, matmul_integer
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

/// Where the matrices of both operands stand, and their sizes. A vector is a
/// row on the left, a column on the right.
struct Product {
  int64_t rows, inner, columns;
  int64_t aRow, aInner, bInner, bColumn;
  /// Of the leading dimensions, which broadcast.
  int64_t batch[maxRank];
  Strides aBatch, bBatch;
  int32_t batchRank = 0;

  Product(const View &a, const View &b, bool transposeA, bool transposeB) {
    int32_t aLead = a.rank > 2 ? a.rank - 2 : 0,
            bLead = b.rank > 2 ? b.rank - 2 : 0;
    Strides ofA = rowMajor(a), ofB = rowMajor(b);
    if (a.rank == 1) {
      rows = 1, inner = a.sizes[0], aRow = 0, aInner = 1;
    } else {
      int32_t row = a.rank - (transposeA ? 1 : 2),
              column = a.rank - (transposeA ? 2 : 1);
      rows = a.sizes[row], inner = a.sizes[column];
      aRow = ofA.of[row], aInner = ofA.of[column];
    }
    if (b.rank == 1) {
      columns = 1, bInner = 1, bColumn = 0;
    } else {
      int32_t row = b.rank - (transposeB ? 1 : 2),
              column = b.rank - (transposeB ? 2 : 1);
      columns = b.sizes[column];
      bInner = ofB.of[row], bColumn = ofB.of[column];
    }
    batchRank = aLead > bLead ? aLead : bLead;
    for (int32_t i = 0; i < batchRank; ++i) {
      int32_t inA = i - (batchRank - aLead), inB = i - (batchRank - bLead);
      int64_t sizeA = inA < 0 ? 1 : a.sizes[inA],
              sizeB = inB < 0 ? 1 : b.sizes[inB];
      batch[i] = sizeA == 1 ? sizeB : sizeA;
      aBatch.of[i] = sizeA == 1 ? 0 : ofA.of[inA];
      bBatch.of[i] = sizeB == 1 ? 0 : ofB.of[inB];
    }
  }

  /// Calls `body(a, b, column)` for each element of the result in row-major
  /// order, with where its row and column start.
  template <class F> int32_t each(const Call &call, F body) const {
    for (int32_t i = 0; i < batchRank; ++i)
      if (batch[i] == 0)
        return 0;
    Odometer<2> place(batch, batchRank);
    do {
      for (int64_t i = 0; i < rows; ++i) {
        if (mustStop(call))
          return stopped;
        for (int64_t j = 0; j < columns; ++j)
          body(place.offset[0] + i * aRow, place.offset[1] + j * bColumn, j);
      }
    } while (place.advance({aBatch, bBatch}));
    return 0;
  }
};

/// A zero point or a bias: one, or one for each column; 0 if it is not there.
struct PerColumn {
  const View *view;
  int64_t step;

  PerColumn(const Call &call, int32_t input)
      : view(has(call, input) ? &call.in[input] : nullptr),
        step(view && countOf(*view) > 1 ? 1 : 0) {}
  template <class T> int64_t at(int64_t column) const {
    return view ? static_cast<int64_t>(elements<T>(*view)[column * step]) : 0;
  }
};

} // namespace

RUNE_KERNEL(MatMul) {
  enum { accumulator, transposeA, transposeB };
  const Attribute *attributes = call.attributes;
  Product product(call.in[0], call.in[1], attributes[transposeA].integer != 0,
                  attributes[transposeB].integer != 0);
  return withAccumulator(
      call.in[0].type, attributes[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) {
        const T *a = elements<T>(call.in[0]), *b = elements<T>(call.in[1]);
        T *out = elements<T>(call.out[0]);
        return product.each(call, [&](int64_t row, int64_t column, int64_t) {
          Sum sum = 0;
          for (int64_t k = 0; k < product.inner; ++k)
            sum = addWrapping(
                sum,
                mulWrapping(
                    static_cast<Sum>(widen(a[row + k * product.aInner])),
                    static_cast<Sum>(widen(b[column + k * product.bInner]))));
          *out++ = narrow<T>(sum);
        });
      });
}

RUNE_KERNEL(MatMulInteger) {
  enum { accumulator, transposeA, transposeB };
  const Attribute *attributes = call.attributes;
  Product product(call.in[0], call.in[1], attributes[transposeA].integer != 0,
                  attributes[transposeB].integer != 0);
  PerColumn bias(call, 2), aZero(call, 3), bZero(call, 4);
  bool wide = isText(attributes[accumulator], "i64");
  auto run = [&]<class A, class B, class Sum>(Tag<A>, Tag<B>, Tag<Sum>) {
    const A *a = elements<A>(call.in[0]);
    const B *b = elements<B>(call.in[1]);
    Sum *out = elements<Sum>(call.out[0]);
    int64_t zero = aZero.at<A>(0);
    return product.each(call, [&](int64_t row, int64_t column, int64_t j) {
      int64_t sum = bias.at<Sum>(j), other = bZero.at<B>(j);
      for (int64_t k = 0; k < product.inner; ++k)
        sum = addWrapping(sum, (a[row + k * product.aInner] - zero) *
                                   (b[column + k * product.bInner] - other));
      *out++ = static_cast<Sum>(sum);
    });
  };
  return withSmallInteger(call.in[0].type, [&](auto a) {
    return withSmallInteger(call.in[1].type, [&](auto b) {
      if (wide)
        RUNE_CASE return run(a, b, Tag<int64_t>{});
      RUNE_CASE return run(a, b, Tag<int32_t>{});
    });
  });
}
