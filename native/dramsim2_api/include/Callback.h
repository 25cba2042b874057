// Callbacks in the form that host programs of DRAMSim2 make them: an object and one of its members.
#ifndef SCANFUSE_DRAMSIM2_CALLBACK_H
#define SCANFUSE_DRAMSIM2_CALLBACK_H

#include <stdint.h>

namespace DRAMSim {

template <typename ReturnT, typename Param1T, typename Param2T, typename Param3T>
class CallbackBase {
 public:
  virtual ~CallbackBase() {}
  virtual ReturnT operator()(Param1T, Param2T, Param3T) = 0;
};

template <typename ConsumerT, typename ReturnT, typename Param1T, typename Param2T, typename Param3T>
class Callback : public CallbackBase<ReturnT, Param1T, Param2T, Param3T> {
 public:
  typedef ReturnT (ConsumerT::*PtrMember)(Param1T, Param2T, Param3T);

  Callback(ConsumerT *const consumer, PtrMember member) : consumer_(consumer), member_(member) {}

  ReturnT operator()(Param1T first, Param2T second, Param3T third) {
    return (consumer_->*member_)(first, second, third);
  }

 private:
  ConsumerT *const consumer_;
  const PtrMember member_;
};

// (channel, address as given, tick)
typedef CallbackBase<void, unsigned, uint64_t, uint64_t> TransactionCompleteCB;
typedef TransactionCompleteCB Callback_t;

}  // namespace DRAMSim

#endif
