// A library to preload: the Nth allocation of at least ALLOCFAIL_LEAST bytes in native code returns no memory. ALLOCFAIL_COUNT names
// a file of 8 bytes that counts such allocations. The Go runtime takes its memory from the system and isn't met.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t *count;
static uint64_t fail_at, least = 1;

__attribute__((constructor)) static void begin(void) {
	const char *path = getenv("ALLOCFAIL_COUNT"), *at = getenv("ALLOCFAIL_AT"), *size = getenv("ALLOCFAIL_LEAST");
	int f = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (f < 0)
		return;
	if (at)
		fail_at = strtoull(at, NULL, 10);
	if (size)
		least = strtoull(size, NULL, 10);
	void *shared = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	close(f);
	if (shared != MAP_FAILED)
		count = shared;
}

static int fails(size_t size) { return count && size >= least && atomic_fetch_add(count, 1) + 1 == fail_at; }

void *malloc(size_t size) {
	if (fails(size)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
	size_t bytes;
	if (!__builtin_mul_overflow(n, size, &bytes) && fails(bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) {
	if (fails(size)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
	if (fails(size)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **out, size_t alignment, size_t size) {
	void *p = memalign(alignment, size);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}
