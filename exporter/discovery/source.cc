#include "exporter/discovery/source.h"

#include <utility>

#include "exporter/config/config.h"
#include "exporter/logging.h"

namespace exporter::discovery {

ListOutcome ReadList(const GroupReader& reader, std::string_view text,
                     const std::string& name, GroupFormat format,
                     const SharedList& old) {
  auto read = reader.Read(text, name, format);
  if (!read) return std::unexpected(std::move(read.error()));
  TargetList fresh = ReuseUnchanged(*old, std::move(*read));
  if (fresh == *old) return old;  // Pointers are compared.
  return std::make_shared<const TargetList>(std::move(fresh));
}

Source::Source(std::string name, Notices* notices, Pool* pool)
    : name_(std::move(name)),
      notices_(notices),
      pool_(pool),
      list_(std::make_shared<const TargetList>()) {}

Source::~Source() = default;

void Source::Take(ListOutcome outcome) {
  read_once_ = true;
  if (!outcome) {
    if (outcome.error().messages != failure_.messages) {
      failure_ = std::move(outcome.error());
      std::size_t lines = 0;
      for (const std::string& message : failure_.messages) {
        if (++lines > kMaxConfigMessages) break;
        LogWarn("Cannot read targets, the last good list stays",
                {{"source", name_}, {"err", message}});
      }
    }
    notices_->Read(name_, /*ok=*/false, list_->size());
    return;
  }
  if (!failure_.messages.empty()) {
    failure_.messages.clear();
    LogInfo("Can read targets again", {{"source", name_}});
  }
  if (*outcome != list_) Replace(std::move(*outcome));
  notices_->Read(name_, /*ok=*/true, list_->size());
}

void Source::Forget() {
  notices_->Forgotten(name_);
  if (!list_->empty()) Replace(std::make_shared<const TargetList>());
}

void Source::Replace(SharedList list) {
  LogDebug("The list of targets has changed",
           {{"source", name_}, {"targets", std::to_string(list->size())}});
  pool_->Release(std::exchange(list_, std::move(list)));
  notices_->Changed();
}

}  // namespace exporter::discovery
