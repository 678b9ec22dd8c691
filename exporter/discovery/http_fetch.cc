#include "exporter/discovery/http_fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

namespace exporter::discovery {
namespace {

// OpenSSL takes some 20 ms to read the system's roots, which is the loop's
// time; so they are kept, and a renewed file counts after this.
constexpr long kRootsAgeSeconds = 600;

struct EndMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct EndEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct EndHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using Headers = std::unique_ptr<curl_slist, EndHeaders>;

// Null without memory, or without lines.
Headers MakeHeaders(const std::vector<std::string>& lines) {
  Headers headers;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return nullptr;
    // The list begins where it began, if it had begun.
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  return headers;
}

}  // namespace

struct HttpFetcher::Impl {
  explicit Impl(uv_loop_t* the_loop)
      : loop(the_loop),
        timer(the_loop, [this] { Act(CURL_SOCKET_TIMEOUT, /*events=*/0); }) {
    multi.reset(curl_multi_init());
    if (multi == nullptr) return;
    curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &OnSocket);
    curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &OnTimer);
    curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, this);
  }

  // Lets curl go on, and tells whose fetch has ended by that.
  void Act(curl_socket_t socket, int events);
  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self,
                      void* socket_closure);
  static int OnTimer(CURLM* multi, long milliseconds, void* self);
  static void OnPoll(uv_poll_t* handle, int status, int events);

  uv_loop_t* const loop;
  probe::net::Timer timer;
  std::map<curl_socket_t, probe::net::Handle<uv_poll_t>> sockets;
  // Ends first: it says good-bye to its sockets.
  std::unique_ptr<CURLM, EndMulti> multi;
};

class HttpFetcher::Fetch {
 public:
  Fetch(Impl* owner, const HttpRequest& request, Done done)
      : owner_(owner),
        most_bytes_(request.most_bytes),
        done_(std::move(done)),
        headers_(MakeHeaders(request.headers)),
        easy_(curl_easy_init()),
        made_(easy_ != nullptr &&
              (headers_ != nullptr || request.headers.empty())) {
    if (made_) Prepare(request);
  }
  ~Fetch() { Leave(); }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  bool Begin() {
    begun_ = made_ && curl_multi_add_handle(owner_->multi.get(), easy_.get()) ==
                          CURLM_OK;
    return begun_;
  }
  // May destroy the fetch.
  void End(CURLcode code);

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }
  void Prepare(const HttpRequest& request);
  void PrepareTls(const HttpRequest& request);
  void Leave();
  std::string ErrorText(CURLcode code) const;
  static std::size_t OnBody(char* bytes, std::size_t size, std::size_t count,
                            void* self);

  Impl* const owner_;
  const std::size_t most_bytes_;
  Done done_;
  std::string body_;
  bool too_large_ = false;
  bool begun_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};  // Of curl's own words.
  Headers headers_;
  std::unique_ptr<CURL, EndEasy> easy_;
  const bool made_;  // There was memory for the two.
};

void HttpFetcher::Fetch::Prepare(const HttpRequest& request) {
  Set(CURLOPT_PRIVATE, this);
  Set(CURLOPT_ERRORBUFFER, error_.data());
  Set(CURLOPT_WRITEFUNCTION, &OnBody);
  Set(CURLOPT_WRITEDATA, this);
  Set(CURLOPT_URL, request.url.c_str());
  Set(CURLOPT_HTTPHEADER, headers_.get());
  Set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_FOLLOWLOCATION, 1L);
  Set(CURLOPT_MAXREDIRS, kMaxRedirects);
  Set(CURLOPT_PROXY, "");
  // Signals belong to the daemon.
  Set(CURLOPT_NOSIGNAL, 1L);
  // Name look-ups have a thread of curl's own. Without this the loop would wait
  // for one that outlasts its request.
  Set(CURLOPT_QUICK_EXIT, 1L);
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(request.timeout);
  Set(CURLOPT_TIMEOUT_MS, std::max(static_cast<long>(timeout.count()), 1L));
  if (request.basic_auth) {
    Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    Set(CURLOPT_USERNAME, request.basic_auth->username.c_str());
    Set(CURLOPT_PASSWORD, request.basic_auth->password.c_str());
  }
  PrepareTls(request);
}

void HttpFetcher::Fetch::PrepareTls(const HttpRequest& request) {
  Set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  Set(CURLOPT_SSL_VERIFYPEER, 1L);
  Set(CURLOPT_SSL_VERIFYHOST, 2L);
  Set(CURLOPT_CA_CACHE_TIMEOUT, kRootsAgeSeconds);
  if (request.ca_file.empty()) return;
  Set(CURLOPT_CAINFO, request.ca_file.c_str());
  // Debian's curl would trust the system's folder of roots as well.
  Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

std::size_t HttpFetcher::Fetch::OnBody(char* bytes, std::size_t size,
                                       std::size_t count, void* self) {
  auto* fetch = static_cast<Fetch*>(self);
  const std::string_view piece(bytes, size * count);
  constexpr std::size_t kRefused = 0;  // Fewer than there were.
  if (piece.size() > fetch->most_bytes_ - fetch->body_.size()) {
    fetch->too_large_ = true;
    return kRefused;
  }
  try {
    fetch->body_.append(piece);
  } catch (...) {  // Out of memory.
    fetch->too_large_ = true;
    return kRefused;
  }
  return piece.size();
}

// curl's own words tell milliseconds and ports, which are others each time;
// those about TLS do not.
std::string HttpFetcher::Fetch::ErrorText(CURLcode code) const {
  if (too_large_) {
    return "the answer is larger than " + std::to_string(most_bytes_) +
           " bytes";
  }
  std::string text = curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT) {
    long error = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
    if (error != 0) {
      text += std::string(": ") + std::strerror(static_cast<int>(error));
    }
  } else if (code == CURLE_SSL_CONNECT_ERROR ||
             code == CURLE_PEER_FAILED_VERIFICATION ||
             code == CURLE_SSL_CACERT_BADFILE) {
    text += std::string(": ") + error_.data();
  }
  return text;
}

void HttpFetcher::Fetch::End(CURLcode code) {
  std::expected<HttpAnswer, std::string> outcome;
  if (code == CURLE_OK) {
    const char* type = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &outcome->status);
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
    outcome->content_type = type == nullptr ? "" : type;
    outcome->body = std::move(body_);
  } else {
    outcome = std::unexpected(ErrorText(code));
  }
  Leave();
  const Done done = std::move(done_);
  done(std::move(outcome));
}

void HttpFetcher::Fetch::Leave() {
  if (!std::exchange(begun_, false)) return;
  curl_multi_remove_handle(owner_->multi.get(), easy_.get());
}

void HttpFetcher::Impl::Act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi.get(), socket, events, &running);
  // One at a time: whoever is told may end other fetches, whose messages then
  // leave the queue.
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Fetch* fetch = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
    fetch->End(message->data.result);
  }
}

int HttpFetcher::Impl::OnSocket(CURL* /*easy*/, curl_socket_t socket, int what,
                                void* self, void* /*socket_closure*/) {
  auto* impl = static_cast<Impl*>(self);
  if (what == CURL_POLL_REMOVE) {
    impl->sockets.erase(socket);
    return 0;
  }
  try {
    auto& poll = impl->sockets[socket];
    if (poll == nullptr) {
      poll = probe::net::MakeHandle<uv_poll_t>(impl, [&](uv_poll_t* raw) {
        return uv_poll_init_socket(impl->loop, raw, socket);
      });
    }
    if (poll == nullptr) return 0;  // The request's timeout ends it.
    const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                       ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    uv_poll_start(poll.get(), events, &OnPoll);
  } catch (...) {
    return 0;  // Out of memory: likewise.
  }
  return 0;
}

int HttpFetcher::Impl::OnTimer(CURLM* /*multi*/, long milliseconds,
                               void* self) {
  auto* impl = static_cast<Impl*>(self);
  if (milliseconds < 0) {
    impl->timer.Stop();
  } else {
    impl->timer.At(probe::net::Now() + std::chrono::milliseconds(milliseconds));
  }
  return 0;
}

void HttpFetcher::Impl::OnPoll(uv_poll_t* handle, int status, int events) {
  auto* impl = static_cast<Impl*>(handle->data);
  if (impl == nullptr) return;
  uv_os_fd_t socket = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(handle), &socket);
  const int what = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                   ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
                   (status < 0 ? CURL_CSELECT_ERR : 0);
  impl->Act(socket, what);
}

void HttpFetcher::EndFetch::operator()(Fetch* fetch) const { delete fetch; }

// curl's global state, which threads may ask for at once from 7.84 on, is never
// given back: a thread of a name look-up may outlive everything here.
HttpFetcher::HttpFetcher(uv_loop_t* loop) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  impl_ = std::make_unique<Impl>(loop);
}

HttpFetcher::~HttpFetcher() = default;

HttpFetcher::FetchPtr HttpFetcher::Start(const HttpRequest& request,
                                         Done done) {
  FetchPtr fetch(
      std::make_unique<Fetch>(impl_.get(), request, std::move(done)).release());
  return fetch->Begin() ? std::move(fetch) : nullptr;
}

}  // namespace exporter::discovery
