// What is remembered for people, in bytes: every allocation of this program is
// counted.
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "exporter/result_store.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace {

// What malloc itself needs for each block.
constexpr std::size_t kBlockOverhead = sizeof(std::size_t);
std::size_t live_bytes = 0;

std::size_t BytesOf(void* block) {
  return malloc_usable_size(block) + kBlockOverhead;
}

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  void* const block = std::malloc(size);
  if (block != nullptr) live_bytes += BytesOf(block);
  return block;
}

void* operator new(std::size_t size) {
  void* const block = operator new(size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

// Inlined beside a `new`, GCC would take free() for a mistake.
[[gnu::noinline]] void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  live_bytes -= BytesOf(block);
  std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}

namespace exporter {
namespace {

using tests::kNow;
using tests::seconds;

constexpr probe::EndpointId kEndpoints = 2000;
// As far from the number of endpoints as the defaults are from 100,000.
constexpr RetentionLimits kDefaults;
constexpr RetentionLimits kScaled = {
    .changes = kDefaults.changes,
    .transcripts = kDefaults.transcripts * kEndpoints / 100'000,
    .histories = kDefaults.histories * kEndpoints / 100'000};
// The budget is 4 KB for a target. The rest takes 3.4 KB.
constexpr std::size_t kBudget = 600;

probe::ProbeResult Result(int minute) {
  probe::ProbeResult result =
      minute % 2 == 0 ? tests::TlsResult() : tests::BusyResult(kNow);
  result.finished = tests::MomentAt(kNow + seconds(60) * minute);
  result.transcript = tests::MakeTranscript();
  return result;
}

// All endpoints flap, until everything is as full as it gets.
void Fill(ResultStore& store) {
  for (probe::EndpointId id = 0; id < kEndpoints; ++id) store.Add(id);
  for (int minute = 0; minute < 24; ++minute) {
    const probe::ProbeResult result = Result(minute);
    for (probe::EndpointId id = 0; id < kEndpoints; ++id) {
      store.Put(id, result);
    }
  }
}

std::size_t BytesPerEndpoint(const RetentionLimits& limits) {
  const std::size_t before = live_bytes;
  ResultStore store(limits);
  Fill(store);
  return (live_bytes - before) / kEndpoints;
}

TEST_CASE("at worst, the budget of 100,000 targets holds") {
  const std::size_t without =
      BytesPerEndpoint({.changes = 0, .transcripts = 0});
  const std::size_t with = BytesPerEndpoint(kScaled);
  INFO(with - without << " bytes for each endpoint beside " << without);
  CHECK(with > without);
  CHECK(with - without < kBudget);
}

TEST_CASE("memory is given back when endpoints leave") {
  ResultStore store(kScaled);
  const std::size_t before = live_bytes;
  Fill(store);
  const std::size_t filled = live_bytes;
  for (probe::EndpointId id = 0; id < kEndpoints; ++id) store.Remove(id);
  const std::size_t after = live_bytes;
  CHECK(filled > before);
  CHECK(after == before);
}

TEST_CASE("a transcript takes little more than its text") {
  std::size_t text = 0;
  for (const auto& line : tests::MakeTranscript()) text += line.text.size();
  const probe::ProbeResult result = Result(0);
  std::size_t before = live_bytes;
  const auto as_said = result.transcript;
  const std::size_t plain = live_bytes - before;
  before = live_bytes;
  const auto kept = std::make_shared<const KeptTranscript>(result);
  const std::size_t packed = live_bytes - before;
  INFO(packed << " bytes for " << text << " of text, " << plain
              << " as lines of their own");
  CHECK(packed < text + as_said.size() * PackedLines::kOverhead + 150);
  CHECK(packed < 1200);
  CHECK(packed * 3 < plain * 2);
}

TEST_CASE("the worst server takes what is said of it, not more") {
  constexpr std::size_t kMost =
      2 * kMaxKeptBytes + kDefaults.changes * (kMaxChangeText + 11) + 1024;
  probe::ProbeResult results[2] = {Result(0), Result(1)};
  for (probe::ProbeResult& result : results) {
    for (probe::TranscriptLine& line : result.transcript) line.text.resize(512);
  }
  results[1].failure->detail = std::string(4096, 'x');
  const auto bytes = [&](const RetentionLimits& limits) {
    ResultStore store(limits);
    store.Add(1);
    for (int i = 0; i < 100; ++i) store.Put(1, results[i % 2]);
    return live_bytes;
  };
  const std::size_t without = bytes({.changes = 0, .transcripts = 0});
  const std::size_t with = bytes({});
  CHECK(with - without > kMaxKeptBytes);
  CHECK(with - without < kMost);
}

}  // namespace
}  // namespace exporter
