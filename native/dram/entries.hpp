// Transactions under way: one pool per channel, linked by pointers, so that nothing is allocated per
// request once the pool has grown to its working size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dram/types.hpp"

namespace scanfuse::dram {

struct Bank;

struct alignas(64) Entry {
  std::uint64_t tag = 0;
  Tick added = 0;           // tick of entering the transaction queue
  std::uint64_t order = 0;  // place in the command queue
  Bank* bank = nullptr;
  Entry *before = nullptr, *after = nullptr;
  std::uint32_t row = 0, column = 0;
  std::uint32_t owner = 0;  // slot in the owner table
  bool isWrite = false;
  bool needsActivate = true;
};

// A doubly linked list of entries, oldest first.
struct EntryList {
  Entry *head = nullptr, *tail = nullptr;

  void append(Entry& entry) {
    entry.before = tail;
    entry.after = nullptr;
    (tail == nullptr ? head : tail->after) = &entry;
    tail = &entry;
  }
  // Off the head of a list that is only taken from there.
  void pop() {
    head = head->after;
    if (head == nullptr) tail = nullptr;
  }
  void unlink(Entry& entry) {
    (entry.before == nullptr ? head : entry.before->after) = entry.after;
    (entry.after == nullptr ? tail : entry.after->before) = entry.before;
  }
};

class EntryPool {
 public:
  Entry& take() {
    if (free_ == nullptr) grow();
    Entry& entry = *free_;
    free_ = entry.after;
    return entry;
  }
  void give(Entry& entry) {
    entry.after = free_;
    free_ = &entry;
  }

 private:
  // Each block as large as all before it.
  SCANFUSE_COLD void grow() {
    const std::size_t size = size_ == 0 ? 64 : size_;
    blocks_.emplace_back(new Entry[size]);
    for (std::size_t i = size; i-- != 0;) give(blocks_.back()[i]);
    size_ += size;
  }

  std::vector<std::unique_ptr<Entry[]>> blocks_;
  std::size_t size_ = 0;
  Entry* free_ = nullptr;
};

}  // namespace scanfuse::dram
