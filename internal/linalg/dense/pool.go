package dense

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"finetune/internal/linalg/kernel"
)

// A Pool is a fixed set of workers for work that is cut into numbered blocks. The caller is one of the workers, so
// a pool of one starts no goroutine. A pool runs one job at a time and belongs to one goroutine; it must be closed.
type Pool struct {
	helpers []helper // the workers from number 1 on

	// The current job.
	job     func(block, worker int)
	blocks  int
	next    atomic.Int64  // with owned false
	owned   bool          // see RunOwned
	taken   atomic.Uint64 // with owned true: a bit for each block
	working atomic.Int32  // helpers at it
	caller  sleeper
	fault   atomic.Pointer[fault] // of a helper or the caller, which ends the job

	dot   dotProduct
	outer outerProduct
	rows  rowsJob
}

// A helper is a worker with a goroutine of its own.
type helper struct {
	jobs atomic.Int64 // how many it was given; below 0: it ends
	sleeper
	_ [64]byte // no two helpers in one line of the cache
}

// A fault is a runtime error at an address: a page of a mapped file that can't be read.
type fault struct{ error addressed }

type addressed interface {
	error
	Addr() uintptr
}

// NewPool starts a pool of at least one worker.
func NewPool(workers int) *Pool {
	return newPool(workers, kernel.Best())
}

func newPool(workers int, k *kernel.Kernel) *Pool {
	workers = max(workers, 1)
	spins := spinning
	if workers > runtime.GOMAXPROCS(0) {
		spins = 0 // it would keep another worker from running
	}
	p := &Pool{helpers: make([]helper, workers-1), caller: newSleeper(spins)}
	p.dot.init(k, workers)
	p.outer.init(k, workers)
	products := make([]*RowProducts, workers)
	for i := range products {
		products[i] = newRowProducts(k)
	}
	p.rows.init(products)
	for i := range p.helpers {
		p.helpers[i].sleeper = newSleeper(spins)
		go p.help(i)
	}
	return p
}

// help does jobs until the pool is closed.
func (p *Pool) help(number int) {
	debug.SetPanicOnFault(true) // Run hands it to its caller
	h := &p.helpers[number]
	for done := int64(0); ; done++ {
		h.wait(func() bool { return h.jobs.Load() != done })
		if h.jobs.Load() < 0 {
			return
		}
		p.drain(number + 1)
		if p.working.Add(-1) == 0 {
			p.caller.wake()
		}
	}
}

// Workers is the number of workers; the worker number given to a job is below it.
func (p *Pool) Workers() int { return len(p.helpers) + 1 }

// Run calls job once for each block in [0, blocks) and returns when all have ended. Which worker gets which block
// isn't fixed, so a job may use the worker number for its scratch space but not for its result. Run allocates
// nothing. A fault in memory of a mapped file, in any worker, is a panic in the goroutine that called Run; see debug.SetPanicOnFault.
func (p *Pool) Run(blocks int, job func(block, worker int)) {
	p.owned = false
	p.next.Store(0)
	p.run(blocks, job)
}

// MaxOwned is the most blocks of RunOwned.
const MaxOwned = 64

// RunOwned is Run for jobs that follow each other and touch the same memory: a block goes to the worker whose number
// it has, modulo the number of workers, so that the memory stays in the caches of one core. Another worker takes it
// only where it would have nothing else to do.
func (p *Pool) RunOwned(blocks int, job func(block, worker int)) {
	if blocks > MaxOwned {
		panic("dense: too many blocks with owners")
	}
	p.owned = true
	p.taken.Store(0)
	p.run(blocks, job)
}

func (p *Pool) run(blocks int, job func(block, worker int)) {
	helpers := p.helpers[:max(0, min(len(p.helpers), blocks-1))]
	if len(helpers) == 0 {
		for b := range blocks {
			job(b, 0)
		}
		return
	}
	p.job, p.blocks = job, blocks
	p.working.Store(int32(len(helpers)))
	for i := range helpers {
		helpers[i].jobs.Add(1)
		helpers[i].wake()
	}
	p.drain(0)
	p.caller.wait(func() bool { return p.working.Load() == 0 })
	p.job = nil
	if f := p.fault.Swap(nil); f != nil {
		panic(f.error)
	}
}

func (p *Pool) drain(worker int) {
	defer p.keepFault()
	if p.owned {
		p.drainOwned(worker)
		return
	}
	for {
		b := int(p.next.Add(1)) - 1
		if b >= p.blocks {
			return
		}
		p.job(b, worker)
	}
}

// drainOwned does the worker's own blocks, and then what others haven't begun.
func (p *Pool) drainOwned(worker int) {
	workers := p.Workers()
	for other := range workers {
		for b := (worker + other) % workers; b < p.blocks; b += workers {
			if bit := uint64(1) << b; p.taken.Or(bit)&bit == 0 {
				p.job(b, worker)
			}
		}
	}
}

// keepFault keeps a fault until all workers have ended. Other panics go on.
func (p *Pool) keepFault() {
	switch cause := recover().(type) {
	case nil:
	case addressed:
		p.fault.Store(&fault{cause})
		p.next.Store(int64(p.blocks))
		p.taken.Store(^uint64(0))
	default:
		panic(cause)
	}
}

// Close ends the workers. The pool must not be used afterwards.
func (p *Pool) Close() {
	for i := range p.helpers {
		p.helpers[i].jobs.Store(-1)
		p.helpers[i].wake()
	}
}
