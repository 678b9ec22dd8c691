// One list of targets from outside: the last good one, and what became of the
// latest attempt to read it.
#ifndef EXPORTER_DISCOVERY_SOURCE_H_
#define EXPORTER_DISCOVERY_SOURCE_H_

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/config/config_error.h"
#include "exporter/config/target_groups.h"
#include "exporter/config/target_list.h"
#include "exporter/discovery/notices.h"
#include "exporter/pool.h"

namespace exporter::discovery {

using SharedList = std::shared_ptr<const TargetList>;
using ListOutcome = std::expected<SharedList, ConfigError>;

// Reads `text`; `name` stands where a file's name stands in messages. What is
// as it is in `old` is `old`: equal targets are the same objects, and an equal
// list the same pointer. Takes as long as parsing does; any thread.
ListOutcome ReadList(const GroupReader& reader, std::string_view text,
                     const std::string& name, GroupFormat format,
                     const SharedList& old);

class Source {
 public:
  // `name` is a file's complete name or a URL. The other two outlive the
  // source.
  Source(std::string name, Notices* notices, Pool* pool);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // A read has ended. Keeps the list when it failed. Logs what is new: a
  // failure that is not the latest one again, and its end.
  void Take(ListOutcome outcome);
  // There is nothing to read any more: the observer forgets it, and its list
  // leaves. The source is then good for nothing.
  void Forget();

  const std::string& name() const { return name_; }
  const SharedList& list() const { return list_; }  // Never null.
  // Whether it was read, well or not.
  bool read_once() const { return read_once_; }

 private:
  void Replace(SharedList list);

  const std::string name_;
  Notices* const notices_;
  Pool* const pool_;
  SharedList list_;
  ConfigError failure_;  // Without messages: the latest read was good.
  bool read_once_ = false;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_SOURCE_H_
