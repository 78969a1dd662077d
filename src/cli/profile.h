// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the time of a run goes, layer by layer. Layers that are the same work
// (operators, sizes, result) are one row with a number of calls. What a run
// takes between its layers is a row of its own, so that the rows add up. The
// median of whole runs is told beside that sum: it is longer where the machine
// did something else meanwhile, which meets few layers of each run.
#pragma once

#include "cli/console.h"
#include "cli/layer.h"

namespace rune::cli {

struct ProfileRow {
  std::string what;
  std::string result;
  /// Of the nodes in the model.
  std::vector<std::string> names = {};
  /// Of all its calls in a run: the sum of their medians.
  double microseconds = 0;
  uint64_t calls = 0;
  /// In one run.
  uint64_t macs = 0, operations = 0, traffic = 0;

  double gflops() const { return 2e-3 * double(macs) / microseconds; }
  double gigabytes() const { return 1e-3 * double(traffic) / microseconds; }
};

class Profile {
public:
  explicit Profile(std::vector<Layer> layers);

  /// One run: of each layer, and of all of it.
  void add(const std::vector<int64_t> &nanoseconds, double wholeMicroseconds);

  /// The longest first.
  std::vector<ProfileRow> rows(const graph::Graph &graph) const;
  /// The median of what runs took beside their layers, in microseconds.
  double between() const;
  /// The median of the whole runs, in microseconds; 0 without any.
  double whole() const;

private:
  std::vector<Layer> layers_;
  /// For each layer all its times.
  std::vector<std::vector<int64_t>> times_;
  std::vector<double> wholes_, between_;
};

/// What the rows are part of, in microseconds.
struct ProfileWhole {
  double between = 0;
  double withStamps = 0;
  double without = 0;
  /// Operations in a second that all threads together can do at best; 0 where
  /// that is not known.
  double peak = 0;
};

std::string profileText(const std::vector<ProfileRow> &rows,
                        const ProfileWhole &whole);
Json profileJson(const std::vector<ProfileRow> &rows,
                 const ProfileWhole &whole);

} // namespace rune::cli
