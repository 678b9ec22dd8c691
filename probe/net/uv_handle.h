// Owns a libuv handle. libuv frees nothing and forbids to move or free a
// handle before its close callback; so the handle lives on the heap, and the
// deleter closes it first and frees it in that callback. The owner is gone by
// then: the deleter nulls `data`, and every callback looks at `data` first.
#ifndef PROBE_NET_UV_HANDLE_H_
#define PROBE_NET_UV_HANDLE_H_

#include <uv.h>

#include <memory>

namespace probe::net {

template <typename T>
struct CloseHandle {
  void operator()(T* handle) const noexcept {
    handle->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
  }
};

// Make only after uv_*_init succeeded on it: a handle that libuv does not know
// cannot be closed.
template <typename T>
using Handle = std::unique_ptr<T, CloseHandle<T>>;

// `init` is the uv_*_init call, given the raw handle; it returns libuv's code.
// Null when it failed.
template <typename T, typename Init>
Handle<T> MakeHandle(void* owner, Init init) {
  auto raw = std::make_unique<T>();
  if (init(raw.get()) != 0) return nullptr;
  raw->data = owner;
  return Handle<T>(raw.release());
}

}  // namespace probe::net

#endif  // PROBE_NET_UV_HANDLE_H_
