// Transactions under way: one pool per channel, linked by index, so that nothing is allocated per
// request once the pool has grown to its working size.
#pragma once

#include <cstdint>
#include <vector>

#include "dram/bank.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

struct Entry {
  std::uint64_t tag = 0;
  std::uint64_t order = 0;  // place in the command queue
  Tick added = 0;           // tick of entering the transaction queue
  std::uint32_t rank = 0, bank = 0, row = 0, column = 0;
  std::uint32_t owner = 0;  // slot in the owner table
  std::int32_t previous = kNoEntry, next = kNoEntry;
  bool isWrite = false;
  bool needsActivate = true;
};

class EntryPool {
 public:
  Entry& operator[](std::int32_t index) { return entries_[static_cast<std::size_t>(index)]; }
  const Entry& operator[](std::int32_t index) const { return entries_[static_cast<std::size_t>(index)]; }

  std::int32_t take() {
    if (free_ == kNoEntry) {
      entries_.emplace_back();
      return static_cast<std::int32_t>(entries_.size() - 1);
    }
    const std::int32_t index = free_;
    free_ = (*this)[index].next;
    return index;
  }

  void give(std::int32_t index) {
    (*this)[index].next = free_;
    free_ = index;
  }

 private:
  std::vector<Entry> entries_;
  std::int32_t free_ = kNoEntry;
};

// A doubly linked list of entries, oldest first.
struct EntryList {
  std::int32_t head = kNoEntry, tail = kNoEntry;
};

template <class List>
void append(List& list, EntryPool& pool, std::int32_t index) {
  Entry& entry = pool[index];
  entry.previous = list.tail;
  entry.next = kNoEntry;
  (list.tail == kNoEntry ? list.head : pool[list.tail].next) = index;
  list.tail = index;
}

template <class List>
void unlink(List& list, EntryPool& pool, std::int32_t index) {
  const Entry& entry = pool[index];
  (entry.previous == kNoEntry ? list.head : pool[entry.previous].next) = entry.next;
  (entry.next == kNoEntry ? list.tail : pool[entry.next].previous) = entry.previous;
}

}  // namespace scanfuse::dram
