/* What Python may ask of an attached DRAMSim2; read by the compiler and, as it stands, by cffi. */

/* Opens the memory of the process; there is one. `ranks` counts those of all channels. */
void shim_open(const char *device, const char *system, unsigned ranks, unsigned megabytes, uint64_t cpu_hz,
               double tck_ns, uint64_t epoch_ticks);
/* The file in which DRAMSim2 was found. */
const char *shim_library(void);
uint64_t shim_ticks(void);
uint64_t shim_cycles(void);

/* Request by request. */
int shim_add(uint64_t address, int is_write, uint64_t tag);
int shim_can_accept(uint64_t address);
void shim_run_to(uint64_t tick);

/* A recorded stream, piece by piece: the requests accepted, fewer than `size` only if `stop_tick` is reached. */
void shim_feed_how(uint32_t per_cycle, int never_ask, uint64_t stop_tick);
size_t shim_feed(size_t size, const int64_t *cycles, const uint64_t *addresses, const uint8_t *is_write,
                 const uint8_t *force, const uint32_t *idle, int64_t *accepted);
void shim_finish(uint64_t extra, uint64_t until_tick);

/* Whole transfers. */
void shim_port(uint64_t write_watermark, int log);
void shim_submit(uint64_t transfer, size_t size, const uint64_t *addresses, int is_write, uint64_t not_before);
void shim_advance(uint64_t until_tick);
uint64_t shim_waiting(int writes);

/* What has come to light since it was last asked for: its size, then the columns, which are forgotten. */
size_t shim_completions(void);
void shim_take_completions(uint64_t *tags, int64_t *ticks);
size_t shim_accepted(void);
void shim_take_accepted(int64_t *ticks, uint64_t *addresses, uint8_t *is_write);
/* Powers, from print to print: the tick of the print, and (background, burst, refresh, actpre) watts by rank. */
void shim_print(void);
size_t shim_prints(void);
void shim_take_prints(uint64_t *ticks, double *watts);
