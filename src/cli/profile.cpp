// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/profile.h"

#include "cli/table.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace rune::cli {

namespace {

/// The middle one, of an even number the mean of the two in the middle.
template <class T> double medianOf(std::vector<T> numbers) {
  if (numbers.empty())
    return 0;
  std::ranges::sort(numbers);
  size_t half = numbers.size() / 2;
  auto upper = static_cast<double>(numbers[half]);
  return numbers.size() % 2 == 1
             ? upper
             : (static_cast<double>(numbers[half - 1]) + upper) / 2;
}

/// All rows together.
ProfileRow sumOf(const std::vector<ProfileRow> &rows) {
  ProfileRow sum;
  for (const ProfileRow &row : rows) {
    sum.microseconds += row.microseconds;
    sum.calls += row.calls;
    sum.macs += row.macs;
    sum.operations += row.operations;
  }
  return sum;
}

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "";
}

/// GFLOP/s and share of the peak; nothing for layers without products.
std::vector<std::string> speedOf(const ProfileRow &row, double peak) {
  if (row.macs == 0 || row.microseconds <= 0)
    return {"", ""};
  return {fmt::format("{:.1f}", row.gflops()),
          peak > 0 ? fmt::format("{:.0f} %", 1e11 * row.gflops() / peak) : ""};
}

} // namespace

Profile::Profile(std::vector<Layer> layers)
    : layers_(std::move(layers)), times_(layers_.size()) {}

void Profile::add(const std::vector<int64_t> &nanoseconds,
                  double wholeMicroseconds) {
  RUNE_CHECK(nanoseconds.size() == times_.size(), "a time for each layer");
  double between = wholeMicroseconds;
  for (size_t i = 0; i < times_.size(); ++i) {
    times_[i].push_back(nanoseconds[i]);
    between -= double(nanoseconds[i]) / 1000;
  }
  wholes_.push_back(wholeMicroseconds);
  between_.push_back(between);
}

std::vector<ProfileRow> Profile::rows(const graph::Graph &graph) const {
  std::vector<ProfileRow> rows;
  std::map<std::string, size_t> known;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer &layer = layers_[i];
    std::string what = textOf(graph, layer), result = resultOf(graph, layer);
    auto [place, isNew] = known.try_emplace(what + " " + result, rows.size());
    if (isNew)
      rows.push_back({.what = std::move(what), .result = std::move(result)});
    ProfileRow &row = rows[place->second];
    row.names.push_back(nameOf(graph, layer));
    row.microseconds += medianOf(times_[i]) / 1000;
    ++row.calls;
    row.macs += macsOf(graph, layer);
    row.operations += operationsOf(graph, layer);
    row.traffic += trafficOf(graph, layer);
  }
  std::ranges::sort(rows, [](const ProfileRow &a, const ProfileRow &b) {
    return std::tuple(-a.microseconds, a.what) <
           std::tuple(-b.microseconds, b.what);
  });
  return rows;
}

double Profile::between() const { return medianOf(between_); }
double Profile::whole() const { return medianOf(wholes_); }

std::string profileText(const std::vector<ProfileRow> &rows,
                        const ProfileWhole &whole) {
  Table table(
      {"time us", "share", "GFLOP/s", "of peak", "GB/s", "calls", "<layer"});
  ProfileRow layers = sumOf(rows), between, sum = layers;
  between.microseconds = whole.between;
  sum.microseconds += whole.between;
  sum.calls = 0;
  auto add = [&](const ProfileRow &row, std::string gigabytes,
                 std::string text) {
    auto speed = speedOf(row, whole.peak);
    table.row({fmt::format("{:.1f}", row.microseconds),
               percent(row.microseconds, sum.microseconds), speed[0], speed[1],
               std::move(gigabytes), row.calls ? std::to_string(row.calls) : "",
               std::move(text)});
  };
  for (const ProfileRow &row : rows)
    add(row,
        row.traffic > 0 && row.microseconds > 0
            ? fmt::format("{:.1f}", row.gigabytes())
            : "",
        fmt::format("{} → {}", row.what, row.result));
  table.rule();
  add(layers, "", "all layers");
  add(between, "", "between them: inputs, results, time stamps");
  add(sum, "",
      fmt::format("sum; whole runs took {:.1f} us, without time stamps {:.1f}",
                  whole.withStamps, whole.without));
  return "\n" + table.str();
}

Json profileJson(const std::vector<ProfileRow> &rows,
                 const ProfileWhole &whole) {
  Json layers = Json::array();
  double layersSum = sumOf(rows).microseconds;
  double sum = layersSum + whole.between;
  for (const ProfileRow &row : rows) {
    bool hasSpeed = row.macs > 0 && row.microseconds > 0;
    layers.push_back({{"what", row.what},
                      {"result", row.result},
                      {"names", row.names},
                      {"median_us", row.microseconds},
                      {"share", sum > 0 ? row.microseconds / sum : 0.0},
                      {"calls", row.calls},
                      {"macs", row.macs},
                      {"operations", row.operations},
                      {"traffic_bytes", row.traffic},
                      {"gflops", hasSpeed ? Json(row.gflops()) : Json()},
                      {"peak_share", hasSpeed && whole.peak > 0
                                         ? Json(1e9 * row.gflops() / whole.peak)
                                         : Json()}});
  }
  return {
      {"layers", std::move(layers)}, {"layers_us", layersSum},
      {"between_us", whole.between}, {"sum_us", sum},
      {"run_us", whole.withStamps},  {"run_without_stamps_us", whole.without}};
}

} // namespace rune::cli
