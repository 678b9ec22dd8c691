#include "exporter/discovery/target_files.h"

#include <algorithm>
#include <utility>

#include "exporter/logging.h"

namespace exporter::discovery {

struct TargetFiles::Scan {
  ScanRequest request;
  ScanAnswer answer;
};

// Where the folders' names lead by now.
struct TargetFiles::Check {
  std::vector<std::string> folders;  // As in watches_.
  std::vector<std::optional<FolderIdentity>> found;
  bool unwanted = false;  // The loop's.
};

TargetFiles::TargetFiles(uv_loop_t* loop, Notices* notices, Pool* pool,
                         const FilesPeriods& periods)
    : loop_(loop),
      notices_(notices),
      pool_(pool),
      periods_(periods),
      events_timer_(loop,
                    [this] {
                      pausing_ = false;
                      StartScan(Extent::kChanged);
                    }),
      check_timer_(loop, [this] { CheckFolders(); }),
      refresh_timer_(loop, [this] { StartScan(Extent::kAll); }) {}

TargetFiles::~TargetFiles() {
  if (cancel_ != nullptr) *cancel_ = true;
  if (check_ != nullptr) check_->unwanted = true;
}

void TargetFiles::Configure(const std::vector<std::string>& patterns,
                            std::shared_ptr<const GroupReader> reader) {
  reader_ = std::move(reader);
  if (cancel_ != nullptr) *cancel_ = true;
  cancel_ = nullptr;
  if (check_ != nullptr) check_->unwanted = true;
  SetPatterns(patterns);
  DropUnmatched();
  if (patterns_.empty()) {
    settled_ = true;
    events_timer_.Stop();
    check_timer_.Stop();
    refresh_timer_.Stop();
    pausing_ = false;
  } else {
    StartScan(Extent::kAll);
    check_timer_.At(probe::net::Now() + periods_.folders);
  }
}

void TargetFiles::SetPatterns(const std::vector<std::string>& patterns) {
  std::vector<FilePattern> old_patterns = std::exchange(patterns_, {});
  auto old_watches = std::exchange(watches_, {});
  for (const std::string& text : patterns) {
    const FilePattern& pattern = patterns_.emplace_back(text);
    if (std::find(old_patterns.begin(), old_patterns.end(), pattern) ==
        old_patterns.end()) {
      settled_ = false;
    }
    const auto is_its_watch = [&](const auto& watch) {
      return watch != nullptr && watch->folder() == pattern.folder();
    };
    if (std::any_of(watches_.begin(), watches_.end(), is_its_watch)) continue;
    const auto old =
        std::find_if(old_watches.begin(), old_watches.end(), is_its_watch);
    if (old != old_watches.end()) {
      watches_.push_back(std::move(*old));
    } else {
      watches_.push_back(std::make_unique<FolderWatch>(
          loop_, pattern.folder(), [this] { OnFolderEvent(); }));
    }
  }
}

void TargetFiles::DropUnmatched() {
  const auto is_left = [this](const std::string& name) {
    return std::any_of(
        patterns_.begin(), patterns_.end(),
        [&](const FilePattern& pattern) { return pattern.Matches(name); });
  };
  std::erase_if(files_, [&](const File& file) {
    if (is_left(file.source->name())) return false;
    file.source->Forget();
    return true;
  });
  std::erase_if(failed_, [this](const auto& failed) {
    const auto is_it = [&](const FilePattern& pattern) {
      return pattern.text() == failed.first;
    };
    if (std::any_of(patterns_.begin(), patterns_.end(), is_it)) return false;
    failed.second->Forget();
    return true;
  });
}

void TargetFiles::AppendLists(std::vector<SharedList>* lists) const {
  for (const File& file : files_) lists->push_back(file.source->list());
}

// The first event starts the pause, so that a folder where something happens
// all the time is read all the same.
void TargetFiles::OnFolderEvent() {
  if (pausing_) return;
  pausing_ = true;
  events_timer_.At(probe::net::Now() + kEventsPause);
}

// Not on the loop: the folders may be another host's, and that one be gone.
void TargetFiles::CheckFolders() {
  check_ = std::make_shared<Check>();
  for (const auto& watch : watches_) check_->folders.push_back(watch->folder());
  pool_->Add(
      [check = check_] {
        for (const std::string& folder : check->folders) {
          check->found.push_back(IdentityOf(folder));
        }
      },
      [this, check = check_] {
        if (!check->unwanted) OnChecked(*check);
      });
}

void TargetFiles::OnChecked(const Check& check) {
  check_timer_.At(probe::net::Now() + periods_.folders);
  for (std::size_t i = 0; i < check.found.size(); ++i) {
    if (check.found[i] != watches_[i]->watched()) return OnFolderEvent();
  }
}

void TargetFiles::StartScan(Extent extent) {
  if (extent == Extent::kAll) {
    refresh_timer_.At(probe::net::Now() + periods_.refresh);
  }
  if (cancel_ != nullptr) {
    scan_again_ = true;
    return;
  }
  // Before the scan: nothing can happen between the two and stay unseen.
  for (const auto& watch : watches_) watch->Renew();
  cancel_ = std::make_shared<std::atomic<bool>>(false);
  auto scan = std::make_shared<Scan>();
  scan->request = {.patterns = patterns_,
                   .reader = reader_,
                   .known = {},
                   .cancelled = cancel_};
  for (const File& file : files_) {
    scan->request.known[file.source->name()] = {
        .list = file.source->list(),
        .stamp = extent == Extent::kAll ? std::nullopt : file.stamp};
  }
  pool_->Add([scan] { scan->answer = ScanFiles(scan->request); },
             [this, scan, cancelled = cancel_, pool = pool_]() mutable {
               if (!*cancelled) OnScanned(std::move(scan->answer));
               // The last reference to an old list may be in here.
               pool->Release(std::move(scan));
             });
}

void TargetFiles::OnScanned(ScanAnswer answer) {
  cancel_ = nullptr;
  if (!std::exchange(settled_, true)) notices_->Changed();
  if (answer.complete) {
    TakeFailures(answer.failures);
    TakeFruitless(std::move(answer.fruitless));
    TakeFiles(std::move(answer.files));
  }
  if (std::exchange(scan_again_, false)) StartScan(Extent::kChanged);
}

void TargetFiles::TakeFiles(std::vector<ScannedFile> scanned) {
  std::unordered_map<std::string, File> known;
  for (File& file : files_) {
    const std::string& name = file.source->name();
    known.emplace(name, std::move(file));
  }
  files_.clear();
  for (ScannedFile& found : scanned) {
    const auto old = known.find(found.name);
    File& file = files_.emplace_back();
    if (old != known.end()) {
      file = std::move(old->second);
      known.erase(old);
    } else {
      file.source = std::make_unique<Source>(found.name, notices_, pool_);
    }
    file.stamp = found.stamp;
    // What could not be read for a passing reason is tried again soon.
    if (found.outcome && !found.outcome->has_value()) file.stamp.reset();
    if (found.outcome) file.source->Take(*std::move(found.outcome));
  }
  for (const auto& [name, file] : known) {
    LogInfo("A file of targets is gone", {{"source", name}});
    file.source->Forget();
  }
}

void TargetFiles::TakeFailures(
    const std::vector<ScanAnswer::Failure>& failures) {
  auto recovered = std::exchange(failed_, {});
  for (const auto& [pattern, message] : failures) {
    std::unique_ptr<Source>& source = failed_[pattern];
    if (const auto old = recovered.find(pattern); old != recovered.end()) {
      source = std::move(old->second);
      recovered.erase(old);
    } else if (source == nullptr) {  // The same pattern may stand there twice.
      source = std::make_unique<Source>(pattern, notices_, pool_);
    }
    std::string text = pattern;
    text += " ";
    text += message;
    source->Take(std::unexpected(ConfigError{{std::move(text)}}));
  }
  for (const auto& [pattern, source] : recovered) {
    source->Take(source->list());
    source->Forget();
  }
}

// Not a failure: Prometheus does not call it one, and the file may come. A
// misspelt name should be seen all the same.
void TargetFiles::TakeFruitless(std::vector<std::string> patterns) {
  for (const std::string& pattern : patterns) {
    if (std::find(fruitless_.begin(), fruitless_.end(), pattern) ==
        fruitless_.end()) {
      LogWarn("No file of targets there", {{"pattern", pattern}});
    }
  }
  fruitless_ = std::move(patterns);
}

}  // namespace exporter::discovery
