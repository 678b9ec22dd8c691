// What DNS says about the mail exchangers of each domain, kept fresh. Part of
// the Directory.
#ifndef PROBE_MX_TABLE_H_
#define PROBE_MX_TABLE_H_

#include <uv.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/lookup.h"
#include "probe/mx.h"
#include "probe/refresher.h"
#include "probe/result.h"

namespace probe {

class MxTable {
 public:
  struct Answer {
    // Of the last good answer, sorted; none before the first. Empty: the domain
    // exists without MX records.
    std::optional<std::vector<MxRecord>> records;
    // Of the latest lookup; never no_address (that is an answer). One that
    // leaves open what is true counts from the second in a row on, if there
    // was a good answer before.
    std::optional<Failure> failure;
    std::shared_ptr<Lookup> latest = std::make_shared<Lookup>();
  };

  // Called on the loop's thread after each lookup of a domain. `changed`: the
  // answer says something else now, beside the times.
  using Answered = std::function<void(const std::string& domain, bool changed)>;

  // `loop` must outlive the table.
  MxTable(uv_loop_t* loop, const CacheTimes& times, Answered answered);
  MxTable(const MxTable&) = delete;
  MxTable& operator=(const MxTable&) = delete;

  // Lookups under way are asked anew. `resolver` must outlive its use here.
  void SetResolver(dns::Resolver* resolver);
  // Starts to follow a domain; one that is known stays as it is.
  void Add(const std::string& domain);
  void Remove(const std::string& domain);
  // Null while it is looked up for the first time.
  const Answer* Find(const std::string& domain) const;

 private:
  struct Domain {
    std::optional<Answer> answer;
    Time asked{};
    int doubts = 0;  // Lookups in a row that left open what is true.
  };

  void Ask(const std::string& domain, std::uint64_t serial);
  void OnAnswer(const std::string& domain, std::uint64_t serial,
                dns::Answer<dns::Exchangers> result);
  // For how long the result is good.
  Duration Fold(Domain& record, dns::Answer<dns::Exchangers> result);

  const CacheTimes times_;
  dns::Resolver* resolver_ = nullptr;
  const Answered answered_;
  std::map<std::string, Domain> domains_;
  // Gone with the table: the resolver may outlive it.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  Refresher refresher_;
};

}  // namespace probe

#endif  // PROBE_MX_TABLE_H_
