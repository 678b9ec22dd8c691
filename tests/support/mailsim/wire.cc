#include "tests/support/mailsim/wire.h"

#include <utility>

namespace mailsim {

void Wire::StartTls(const tests::TlsPeerContext& context,
                    std::optional<std::uint64_t> cut) {
  peer_ = std::make_unique<tests::TlsPeer>(context);
  cut_ = cut;
  state_ = State::kHandshaking;
}

std::string Wire::Read(std::string_view bytes) {
  switch (state_) {
    case State::kClear:
      return std::string(bytes);
    case State::kHandshaking:
      peer_->Feed(bytes);
      TakeHandshake();
      break;
    case State::kOpen:
      peer_->Feed(bytes);
      output_ += peer_->TakeCiphertext();
      break;
    case State::kCut:
    case State::kFailed:
      return {};
  }
  if (state_ == State::kCut) return {};
  if (peer_->failed()) {
    state_ = State::kFailed;
  } else if (peer_->open()) {
    state_ = State::kOpen;
  }
  return peer_->TakeCleartext();
}

void Wire::TakeHandshake() {
  std::string bytes = peer_->TakeCiphertext();
  if (cut_ && !bytes.empty()) {
    if (bytes.size() >= *cut_) {
      bytes.resize(*cut_);
      state_ = State::kCut;
    }
    *cut_ -= bytes.size();
  }
  output_ += bytes;
}

void Wire::Write(std::string_view bytes) {
  if (state_ == State::kClear || state_ == State::kCut) {
    output_ += bytes;
  } else if (state_ == State::kOpen) {
    peer_->Write(bytes);
    output_ += peer_->TakeCiphertext();
    if (peer_->failed()) state_ = State::kFailed;
  }
}

void Wire::Close() {
  peer_->Close();
  output_ += peer_->TakeCiphertext();
}

std::string Wire::TakeOutput() { return std::exchange(output_, {}); }

void Wire::Describe(Record& record) const {
  if (!peer_) return;
  record.sni = peer_->sni();
  record.close_notify = peer_->closed();
  if (state_ == State::kCut) return;
  record.tls = peer_->version();
  record.client_subject = peer_->client_subject();
}

}  // namespace mailsim
