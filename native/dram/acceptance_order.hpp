// Which request a completion belongs to, where a younger request may pass an older one (quirk Q6).
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace scanfuse::dram {

// Completions of one address and kind are handed out in order of acceptance. Only requests that did not ask
// for room can be passed: where there are none, this changes nothing and is left out.
class AcceptanceOrder {
 public:
  // Requests are numbered by `tag`, each one higher than the last.
  void accepted(std::uint64_t tag, std::uint64_t address, bool isWrite) {
    if (requests_.empty()) first_ = tag;
    requests_.push_back({address, tag, isWrite});
    const auto [line, isNew] = lines_[isWrite].try_emplace(address, Line{tag, tag});
    if (isNew) return;
    at(line->second.youngest).next = tag;
    line->second.youngest = tag;
  }

  // The column command of a request has issued: returns the one whose completion this is, the oldest of its
  // address and kind that has none yet.
  std::uint64_t served(std::uint64_t tag) {
    Request& issued = at(tag);
    issued.hasIssued = true;
    const auto line = lines_[issued.isWrite].find(issued.address);
    const std::uint64_t oldest = line->second.oldest;
    Request& completed = at(oldest);
    completed.hasCompleted = true;
    if (completed.next == oldest) {
      lines_[issued.isWrite].erase(line);
    } else {
      line->second.oldest = completed.next;
    }
    for (; !requests_.empty() && requests_.front().hasIssued && requests_.front().hasCompleted; ++first_)
      requests_.pop_front();
    return oldest;
  }

 private:
  struct Request {
    std::uint64_t address = 0;
    std::uint64_t next = 0;  // the next younger one of its address and kind, itself if there is none
    bool isWrite = false, hasIssued = false, hasCompleted = false;
  };
  struct Line {
    std::uint64_t oldest = 0, youngest = 0;
  };
  Request& at(std::uint64_t tag) { return requests_[tag - first_]; }

  std::deque<Request> requests_;  // from the oldest one on that has not issued or not completed
  std::uint64_t first_ = 0;       // tag of the front
  std::unordered_map<std::uint64_t, Line> lines_[2];
};

}  // namespace scanfuse::dram
