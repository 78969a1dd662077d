// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: ONNX's own cases, out of the archives of the shared data.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace rune::import::testing {

/// Where the archives are, if they are.
inline std::filesystem::path suiteArchives() {
  return std::filesystem::path(RUNE_SOURCE_DIR) / "../shared/data/onnx-node";
}

/// Unpacks archives into a folder that goes with it.
class Unpacked {
public:
  Unpacked() {
    std::string name =
        (std::filesystem::temp_directory_path() / "rune-onnx-XXXXXX").string();
    if (const char *made = mkdtemp(name.data()))
      folder_ = made;
  }
  ~Unpacked() {
    std::error_code ignored;
    if (!folder_.empty())
      std::filesystem::remove_all(folder_, ignored);
  }
  Unpacked(const Unpacked &) = delete;
  Unpacked &operator=(const Unpacked &) = delete;

  bool add(const std::filesystem::path &archive) const {
    std::string command = fmt::format("tar --zstd -xf '{}' -C '{}'",
                                      archive.string(), folder_.string());
    return std::system(command.c_str()) == 0;
  }
  /// All archives of a folder.
  bool addAll(const std::filesystem::path &archives) const {
    for (const auto &entry : std::filesystem::directory_iterator(archives))
      if (entry.path().extension() == ".zst" && !add(entry.path()))
        return false;
    return !folder_.empty();
  }
  const std::filesystem::path &folder() const { return folder_; }

private:
  std::filesystem::path folder_;
};

} // namespace rune::import::testing
