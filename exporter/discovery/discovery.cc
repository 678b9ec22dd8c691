#include "exporter/discovery/discovery.h"

#include <algorithm>
#include <utility>

#include "exporter/discovery/http_fetch.h"
#include "exporter/discovery/http_sd.h"
#include "exporter/discovery/notices.h"
#include "exporter/discovery/target_files.h"
#include "exporter/pool.h"

namespace exporter::discovery {

// Lists, however many there are, always leave some of libuv's threads free.
constexpr std::size_t kMaxPoolThreads = 2;

struct Discovery::Impl {
  Impl(uv_loop_t* the_loop, Observer observer)
      : loop(the_loop),
        notices(the_loop, std::move(observer)),
        pool(the_loop, kMaxPoolThreads),
        files(the_loop, &notices, &pool),
        fetcher(the_loop) {}

  void ConfigureUrls(const std::vector<HttpSdConfig>& configs,
                     const std::shared_ptr<const GroupReader>& reader);

  uv_loop_t* const loop;
  Notices notices;
  Pool pool;
  TargetFiles files;
  HttpFetcher fetcher;
  std::vector<std::unique_ptr<HttpSd>> urls;
};

void Discovery::Impl::ConfigureUrls(
    const std::vector<HttpSdConfig>& configs,
    const std::shared_ptr<const GroupReader>& reader) {
  auto old_urls = std::exchange(urls, {});
  for (const HttpSdConfig& config : configs) {
    const auto old = std::find_if(
        old_urls.begin(), old_urls.end(), [&](const auto& candidate) {
          return candidate != nullptr &&
                 candidate->source().name() == config.url;
        });
    if (old == old_urls.end()) {
      urls.push_back(std::make_unique<HttpSd>(loop, &fetcher, &notices, &pool,
                                              config, reader));
    } else {
      (*old)->Configure(config, reader);
      urls.push_back(std::move(*old));
    }
  }
  for (const auto& old : old_urls) {
    if (old != nullptr) old->source().Forget();
  }
}

Discovery::Discovery(uv_loop_t* loop, Observer observer)
    : impl_(std::make_unique<Impl>(loop, std::move(observer))) {}

Discovery::~Discovery() = default;

void Discovery::Configure(const std::vector<std::string>& target_files,
                          const std::vector<HttpSdConfig>& http_sd,
                          std::shared_ptr<const GroupReader> reader) {
  impl_->files.Configure(target_files, reader);
  impl_->ConfigureUrls(http_sd, reader);
}

bool Discovery::settled() const {
  return impl_->files.settled() &&
         std::all_of(impl_->urls.begin(), impl_->urls.end(),
                     [](const auto& url) { return url->source().read_once(); });
}

std::vector<std::shared_ptr<const TargetList>> Discovery::Lists() const {
  std::vector<SharedList> lists;
  impl_->files.AppendLists(&lists);
  for (const auto& url : impl_->urls) lists.push_back(url->source().list());
  return lists;
}

}  // namespace exporter::discovery
