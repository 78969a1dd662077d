// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "suite_case.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <sstream>
#include <sys/wait.h>
#include <vector>

namespace rune::tests {

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string trimmed(const std::string &text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

std::vector<fs::path> filesIn(const fs::path &folder) {
  std::vector<fs::path> files;
  for (const auto &entry : fs::directory_iterator(folder))
    if (entry.is_regular_file())
      files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// The expected texts that the stream lacks.
std::string missing(const fs::path &folder, const std::string &extension,
                    const std::string &stream) {
  std::string fault, seen = cutDecimals(stream);
  for (const fs::path &file : filesIn(folder))
    if (file.extension() == extension)
      if (std::string text = cutDecimals(trimmed(contents(file)));
          seen.find(text) == seen.npos)
        fault += "no " + file.filename().string() + " in it: " + text + "\n";
  return fault;
}

} // namespace

std::string cutDecimals(const std::string &text) {
  constexpr size_t kept = 5;
  auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  std::string cut;
  for (size_t i = 0; i < text.size(); ++i) {
    cut += text[i];
    if (text[i] != '.' || i == 0 || !isDigit(text[i - 1]))
      continue;
    for (size_t digit = 0; i + 1 < text.size() && isDigit(text[i + 1]); ++i)
      if (digit++ < kept)
        cut += text[i + 1];
  }
  return cut;
}

std::string inputFlags(const fs::path &folder) {
  static const std::map<std::string, std::string> flags = {
      {".png", "--image"},
      {".jpg", "--image"},
      {".wav", "--sound"},
      {".csv", "--accelerometer"},
      {".bin", "--raw"}};
  std::string given;
  for (const fs::path &file : filesIn(folder)) {
    if (auto flag = flags.find(file.extension()); flag != flags.end())
      given += " " + flag->second + " '" + file.filename().string() + "'";
    // A seed stands in the file.
    if (file.extension() == ".rand")
      given += " --random '" + trimmed(contents(file)) + "'";
  }
  return given;
}

Ran shell(const std::string &command, const fs::path &folder) {
  fs::path out = folder / ".ran.out", err = folder / ".ran.err";
  std::string line = "cd '" + folder.string() + "' && PATH='" +
                     fs::path(RUNE_COMMAND).parent_path().string() +
                     "':\"$PATH\" && { " + command + "; } >'" + out.string() +
                     "' 2>'" + err.string() + "' </dev/null";
  int status = std::system(line.c_str());
  Ran ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out),
          contents(err)};
  fs::remove(out);
  fs::remove(err);
  return ran;
}

/// A sanitizer or a signal is never what a case wants.
static bool crashed(const Ran &ran) {
  return ran.exitCode < 0 || ran.exitCode > 4 ||
         ran.err.find("Sanitizer") != std::string::npos;
}

Verdict judge(const fs::path &folder) {
  std::string category = folder.parent_path().filename().string();
  std::string rune = folder.filename().string() + ".rune";
  bool isRun = category.starts_with("run-");
  bool shouldPass = category.ends_with("-pass");
  Verdict verdict;
  verdict.build = shell("rune build", folder);
  bool built = verdict.build.exitCode == 0;
  if (crashed(verdict.build))
    verdict.fault = "the build crashed\n";
  else if (built != (isRun || shouldPass))
    verdict.fault =
        built ? "the build should have failed\n" : "the build failed\n";
  const Ran *judged = &verdict.build;
  if (isRun && built) {
    verdict.run = shell("rune run " + rune + inputFlags(folder), folder);
    judged = &verdict.run;
    if (crashed(verdict.run))
      verdict.fault += "the run crashed\n";
    else if ((verdict.run.exitCode == 0) != shouldPass)
      verdict.fault +=
          "the run ended with " + std::to_string(verdict.run.exitCode) + "\n";
  }
  verdict.fault += missing(folder, ".stdout", judged->out);
  verdict.fault += missing(folder, ".stderr", judged->err);
  return verdict;
}

} // namespace rune::tests
