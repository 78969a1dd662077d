// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rune_mutate [--tier interpreter|llvm] [--only WORD] [--jobs N] FOLDER: are
// our scripts good enough to notice an operator that is implemented wrongly?
//
// Each mutant runs in a child of its own, which inherits the parsed scripts, on
// those parts of them that implement the operator at all, the quickest first,
// until an assertion fails (killed), the child crashes or runs out of time
// (killed, too), or nothing is noticed: it survived. Prints the survivors by
// name and a table; exit 1 where a tier kills less than 95 %.
#include "engines.h"
#include "mutation.h"
#include "runner.h"

#include "base/files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

namespace {

using namespace rune;
using engine::Tier;
using spec::Mutant;
using spec::MutantKind;
using wasm::text::Command;
using wasm::text::Script;

constexpr double neededShare = 0.95;
/// Of processor time, so that a busy machine kills no mutant.
constexpr time_t childSeconds = 20;
constexpr unsigned childWallSeconds = 300;
/// Of one call.
constexpr std::chrono::seconds callTime{10};

/// Commands that need no others.
struct Part {
  std::string script;
  std::span<const Command> commands;
  std::map<Tier, spec::Implemented> implemented;
  std::map<Tier, std::chrono::nanoseconds> time;
};

enum class End : uint8_t { Survived, NeverRun, Assertion, Crash, Timeout };

struct Judged {
  Mutant mutant;
  End end;
};

/// Scripts whose modules know each other stay whole.
bool isConnected(const Command &command) {
  return command.kind == Command::Kind::Register ||
         command.kind == Command::Kind::Instance ||
         (command.module && command.module->name) || command.name ||
         (command.action && command.action->module);
}

void split(const std::string &name, const Script &script,
           std::vector<Part> &parts) {
  std::span<const Command> all = script.commands;
  bool whole = std::ranges::any_of(all, isConnected);
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    while (end < all.size() &&
           (whole || all[end].kind != Command::Kind::Module))
      ++end;
    parts.push_back({name, all.subspan(begin, end - begin), {}, {}});
    begin = end;
  }
}

std::unique_ptr<engine::Engine> engineOf(Tier tier) {
  return spec::makeEngine(tier == Tier::Interpreter ? "interpreter" : "llvm");
}
std::string_view nameOf(Tier tier) {
  return tier == Tier::Interpreter ? "interpreter" : "llvm";
}

/// Every part as it is, without mutants: it must hold, and says what it uses.
bool measure(Tier tier, std::vector<Part> &parts) {
  bool good = true;
  for (Part &part : parts) {
    auto engine = engineOf(tier);
    spec::forget();
    auto begin = engine::Clock::now();
    spec::Score score = spec::runCommands(*engine, part.commands);
    part.time[tier] = engine::Clock::now() - begin;
    part.implemented[tier] = spec::implementedSoFar();
    for (const spec::Failure &failure : score.failures) {
      good = false;
      fmt::print(
          "{}", renderText(
                    error("spec.failed", "{}", failure.why).at(failure.where)));
    }
  }
  return good;
}

/// The parts that implement what the mutant changes, the quickest first.
std::vector<const Part *> relevant(const Mutant &mutant,
                                   const std::vector<Part> &parts) {
  std::vector<const Part *> found;
  for (const Part &part : parts)
    if (part.implemented.at(mutant.tier).has(mutant))
      found.push_back(&part);
  std::ranges::sort(
      found, {}, [&](const Part *part) { return part->time.at(mutant.tier); });
  return found;
}

/// In the child: 1 where an assertion notices the mutant.
[[noreturn]] void run(const Mutant &mutant,
                      const std::vector<const Part *> &parts) {
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  itimerval limit{{}, {childSeconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
  alarm(childWallSeconds);
  spec::plant(&mutant);
  spec::RunOptions options;
  options.stopAtFailure = true;
  options.timeout = callTime;
  for (const Part *part : parts) {
    auto engine = engineOf(mutant.tier);
    if (!spec::runCommands(*engine, part->commands, options).failures.empty())
      _exit(1);
  }
  _exit(0);
}

End endOf(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
    return WEXITSTATUS(status) == 1 ? End::Assertion : End::Survived;
  bool late = WIFSIGNALED(status) &&
              (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM);
  return late ? End::Timeout : End::Crash;
}

std::vector<Judged> judge(const std::vector<Mutant> &mutants,
                          const std::vector<Part> &parts, unsigned jobs) {
  std::vector<Judged> judged;
  std::map<pid_t, Mutant> running;
  auto reap = [&] {
    int status = 0;
    pid_t child = wait(&status);
    auto found = running.find(child);
    if (found == running.end())
      return;
    judged.push_back({found->second, endOf(status)});
    running.erase(found);
  };
  for (const Mutant &mutant : mutants) {
    std::vector<const Part *> chosen = relevant(mutant, parts);
    if (chosen.empty()) {
      judged.push_back({mutant, End::NeverRun});
      continue;
    }
    while (running.size() >= jobs)
      reap();
    pid_t child = fork();
    RUNE_CHECK(child >= 0, "the machine has room for a process");
    if (child == 0)
      run(mutant, chosen);
    running.emplace(child, mutant);
  }
  while (!running.empty())
    reap();
  return judged;
}

/// False where too many survived.
bool report(Tier tier, const std::vector<Judged> &judged) {
  for (const Judged &each : judged)
    if (each.end == End::Survived || each.end == End::NeverRun)
      fmt::print("{}: {} survived{}\n", nameOf(tier), each.mutant.name(),
                 each.end == End::NeverRun ? ": no script runs it" : "");
  fmt::print("{:<12} {:>8} {:>8} {:>10} {:>8} {:>8} {:>9}\n", nameOf(tier),
             "mutants", "killed", "assertion", "crash", "timeout", "survived");
  auto line = [&](std::string_view name, auto &&isMeant) {
    size_t all = 0;
    std::map<End, size_t> ends;
    for (const Judged &each : judged)
      if (isMeant(each.mutant)) {
        ++all;
        ++ends[each.end];
      }
    size_t survived = ends[End::Survived] + ends[End::NeverRun];
    if (all == 0)
      return 1.0;
    double share =
        static_cast<double>(all - survived) / static_cast<double>(all);
    fmt::print("{:<12} {:>8} {:>7.2f}% {:>10} {:>8} {:>8} {:>9}\n", name, all,
               100 * share, ends[End::Assertion], ends[End::Crash],
               ends[End::Timeout], survived);
    return share;
  };
  for (MutantKind kind : {MutantKind::Swap, MutantKind::Negate,
                          MutantKind::Drop, MutantKind::Handler})
    line(spec::mutantKindName(kind),
         [&](const Mutant &mutant) { return mutant.kind == kind; });
  return line("all", [](const Mutant &) { return true; }) >= neededShare;
}

struct Options {
  std::vector<Tier> tiers = {Tier::Interpreter, Tier::Machine};
  std::string only;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::string folder;
};

std::optional<Options> parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    bool more = i + 1 < argc;
    if (word == "--tier" && more)
      options.tiers = {std::string_view(argv[++i]) == "llvm"
                           ? Tier::Machine
                           : Tier::Interpreter};
    else if (word == "--only" && more)
      options.only = argv[++i];
    else if (word == "--jobs" && more)
      options.jobs = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
    else if (!word.starts_with('-') && options.folder.empty())
      options.folder = word;
    else
      return std::nullopt;
  }
  if (options.folder.empty())
    return std::nullopt;
  return options;
}

Result<std::vector<std::unique_ptr<const Script>>>
readScripts(const std::string &folder, std::vector<Part> &parts) {
  std::vector<std::string> files;
  std::error_code code;
  for (const auto &entry : std::filesystem::directory_iterator(folder, code))
    if (entry.path().extension() == ".wast")
      files.push_back(entry.path().string());
  std::ranges::sort(files);
  std::vector<std::unique_ptr<const Script>> scripts;
  for (const std::string &path : files) {
    FileBytes file = RUNE_TRY(FileBytes::open(path, 64 << 20));
    scripts.push_back(RUNE_TRY(wasm::text::parseScript(
        Source::text(path, std::string(asText(file.bytes()))))));
    split(path, *scripts.back(), parts);
  }
  return scripts;
}

} // namespace

int main(int argc, char **argv) {
  auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "usage: rune_mutate [--tier interpreter|llvm] "
                       "[--only WORD] [--jobs N] FOLDER\n");
    return 2;
  }
  std::vector<Part> parts;
  auto scripts = readScripts(options->folder, parts);
  if (!scripts || parts.empty()) {
    fmt::print(stderr, "{}",
               scripts ? "rune_mutate: no scripts there\n"
                       : renderText(scripts.error()));
    return 2;
  }
  bool good = true;
  for (Tier tier : options->tiers) {
    if (!measure(tier, parts)) {
      fmt::print("{}: the scripts fail without a mutant\n", nameOf(tier));
      return 1;
    }
    std::vector<Mutant> mutants = spec::mutantsOf(tier);
    std::erase_if(mutants, [&](const Mutant &mutant) {
      return mutant.name().find(options->only) == std::string::npos;
    });
    std::fflush(stdout);
    good &= report(tier, judge(mutants, parts, options->jobs));
  }
  return good ? 0 : 1;
}
