// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The side of who asks. Between fork and exec only what POSIX allows in a
// process of several threads happens: everything is laid out before.
#include "engine/native/compile_worker.h"
#include "engine/native/worker_request.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace rune::engine::native {

namespace {

/// A file descriptor that closes itself.
class File {
public:
  explicit File(int file = -1) : file_(file) {}
  File(const File &) = delete;
  ~File() { reset(); }
  void reset(int file = -1) {
    if (file_ >= 0)
      ::close(file_);
    file_ = file;
  }
  int get() const { return file_; }

private:
  int file_;
};

Diagnostic noWorker(const WorkerCommand &command, std::string_view what) {
  return error("engine.no-worker", "`{}` cannot be started to compile: {}: {}",
               command.path, what, std::strerror(errno));
}

/// What a worker is started with; made before the fork.
struct Start {
  std::vector<char *> arguments;
  int request = -1;
  int answer = -1;
  int claim = -1;

  explicit Start(const WorkerCommand &command) : path(command.path.c_str()) {
    arguments.push_back(const_cast<char *>(path));
    for (const std::string &each : command.arguments)
      arguments.push_back(const_cast<char *>(each.c_str()));
    arguments.push_back(nullptr);
  }

  /// Behind the fork. Files above the few that are meant close with exec.
  [[noreturn]] void become() const {
    constexpr unsigned closeOnExec = 4; // CLOSE_RANGE_CLOEXEC
    if (::dup2(request, STDIN_FILENO) >= 0 &&
        ::dup2(answer, STDOUT_FILENO) >= 0 &&
        ::dup2(errors, STDERR_FILENO) >= 0 &&
        (claim < 0 || ::dup2(claim, claimFile) >= 0)) {
      ::syscall(SYS_close_range, claim < 0 ? 3u : 4u, ~0u, closeOnExec);
      ::execv(path, arguments.data());
    }
    _exit(127);
  }

  const char *path;
  int errors = -1;
};

/// A file in memory with these bytes, to be read from its start. All of ours
/// lie above those that the worker gets, so that none is closed by another.
int fileWith(ByteSpan bytes) {
  int file = ::memfd_create("rune-compile", MFD_CLOEXEC);
  int high = ::fcntl(file, F_DUPFD_CLOEXEC, 10);
  ::close(file);
  if (high >= 0 &&
      (!writeAll(high, bytes) || ::lseek(high, 0, SEEK_SET) != 0)) {
    ::close(high);
    return -1;
  }
  return high;
}

int nothing() {
  int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  int high = ::fcntl(file, F_DUPFD_CLOEXEC, 10);
  ::close(file);
  return high;
}

/// Ends with its process whatever happens.
class Worker {
public:
  ~Worker() { end(); }

  Result<> start(const WorkerCommand &command, ByteSpan request) {
    File asked(fileWith(request)), errors(nothing());
    int pipe[2];
    if (asked.get() < 0 || errors.get() < 0 || ::pipe2(pipe, O_CLOEXEC) != 0)
      return noWorker(command, "no file for its request");
    answer_.reset(pipe[0]);
    File theirs(::fcntl(pipe[1], F_DUPFD_CLOEXEC, 10));
    ::close(pipe[1]);
    Start start(command);
    start.request = asked.get();
    start.answer = theirs.get();
    start.errors = errors.get();
    pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ < 0)
      return noWorker(command, "no process");
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent)
        _exit(127);
      start.become();
    }
    return {};
  }

  /// What it says; nothing if it was ended before it had said all.
  std::optional<Bytes> answer(const CompileOptions &options,
                              const std::atomic<bool> &stop) {
    Bytes bytes;
    for (;;) {
      if (stop || (options.deadline && Clock::now() >= *options.deadline))
        return {};
      constexpr int milliseconds = 20;
      pollfd wait = {answer_.get(), POLLIN, 0};
      if (::poll(&wait, 1, milliseconds) <= 0)
        continue;
      uint8_t part[1 << 16];
      ssize_t got = ::read(answer_.get(), part, sizeof part);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0 || bytes.size() > workerBytesMost)
        return bytes;
      bytes.insert(bytes.end(), part, part + got);
    }
  }

  /// How it ended, as of waitpid. One that is still at it ends now; one that is
  /// already ending, as it would have.
  int end() {
    if (process_ > 0)
      ::kill(process_, SIGKILL);
    while (process_ > 0 && ::waitpid(process_, &status_, 0) < 0)
      if (errno != EINTR)
        break;
    process_ = -1;
    return status_;
  }

private:
  File answer_;
  pid_t process_ = -1;
  int status_ = 0;
};

Diagnostic howItEnded(int status, const WorkerCommand &command,
                      const WorkerLimits &limits) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return error("engine.no-worker", "`{}` cannot be started to compile",
                 command.path);
  if (WIFEXITED(status) && WEXITSTATUS(status) == workerOutOfMemory)
    return error("engine.compile-limit",
                 "compiling the module needs more than {} bytes of memory",
                 limits.memoryBytes);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
    return error("engine.compile-deadline",
                 "the module takes longer to compile than allowed");
  std::string how = WIFSIGNALED(status)
                        ? fmt::format("signal {} ({})", WTERMSIG(status),
                                      strsignal(WTERMSIG(status)))
                        : fmt::format("status {}", WEXITSTATUS(status));
  return error("engine.compile-crashed",
               "the compiler ended by {} at this module", how)
      .withHelp("the interpreter runs it all the same; the compiler may use at "
                "most " +
                std::to_string(limits.memoryBytes) + " bytes of memory");
}

Result<Bytes> readAnswer(Bytes bytes) {
  ByteReader reader(bytes);
  if (RUNE_TRY(reader.u8()) == 1) {
    bytes.erase(bytes.begin());
    return bytes;
  }
  auto text = [&]() -> Result<std::string> {
    uint32_t size = RUNE_TRY(reader.u32());
    return std::string(asText(RUNE_TRY(reader.take(size))));
  };
  std::string code = RUNE_TRY(text()), message = RUNE_TRY(text());
  return error(code, "{}", message).withHelp(RUNE_TRY(text()));
}

class WorkerCompiler final : public Compiler {
public:
  WorkerCompiler(WorkerCommand command, WorkerLimits limits, std::string maker)
      : command_(std::move(command)), limits_(limits),
        maker_(std::move(maker)) {}

  std::string_view buildId() const override { return maker_; }

  Result<Bytes> compile(const wasm::Module &module,
                        const CompileOptions &options,
                        const std::atomic<bool> &stop) override {
    Worker worker;
    RUNE_TRY(worker.start(
        command_,
        writeRequest(
            {limits_, options, module.features, {}, {}, module.bytes})));
    std::optional<Bytes> said = worker.answer(options, stop);
    if (!said && stop)
      return error("engine.compile-stopped", "compiling was stopped");
    if (!said)
      return error("engine.compile-deadline",
                   "the module takes longer to compile than allowed");
    int status = worker.end();
    if (said->empty())
      return howItEnded(status, command_, limits_);
    Bytes code = RUNE_TRY(readAnswer(std::move(*said)));
    RUNE_TRY(check(code, module, options));
    return code;
  }

private:
  /// Whether it is what was asked for. What the code does nobody can check.
  Result<> check(ByteSpan code, const wasm::Module &module,
                 const CompileOptions &options) const {
    Artifact made = RUNE_TRY(readArtifact(code));
    if (made.maker != maker_ || made.module != sha256(module.bytes) ||
        made.target != options.target || made.bounds != options.bounds ||
        made.fuel != options.fuel)
      return error("engine.bad-code", "`{}` made other code than was asked for",
                   command_.path);
    return {};
  }

  WorkerCommand command_;
  WorkerLimits limits_;
  std::string maker_;
};

} // namespace

std::shared_ptr<Compiler> makeWorkerCompiler(WorkerCommand command,
                                             WorkerLimits limits,
                                             std::string maker) {
  return std::make_shared<WorkerCompiler>(std::move(command), limits,
                                          std::move(maker));
}

Result<> compileInBackground(const WorkerCommand &command,
                             const WorkerLimits &limits,
                             const wasm::Module &module,
                             const CompileOptions &options,
                             const std::string &cacheFolder, const Sha256 &key,
                             int claim) {
  File request(fileWith(writeRequest(
      {limits, options, module.features, cacheFolder, key, module.bytes})));
  File silent(nothing()), held(::fcntl(claim, F_DUPFD_CLOEXEC, 10));
  if (request.get() < 0 || silent.get() < 0 || held.get() < 0)
    return noWorker(command, "no file for its request");
  Start start(command);
  start.request = request.get();
  start.answer = start.errors = silent.get();
  start.claim = held.get();
  // Twice, so that the worker is nobody's child, and in a session of its own,
  // so that what ends the terminal's programs does not end it.
  pid_t between = ::fork();
  if (between == 0) {
    ::setsid();
    pid_t worker = ::_Fork();
    if (worker == 0)
      start.become();
    _exit(worker < 0 ? 1 : 0);
  }
  int status = 1;
  while (between > 0 && ::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (between < 0 || status != 0)
    return noWorker(command, "no process");
  return {};
}

} // namespace rune::engine::native
