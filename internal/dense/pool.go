package dense

import (
	"sync"
	"sync/atomic"

	"finetune/internal/kernel"
)

// A Pool is a fixed set of workers for work that is cut into numbered blocks. The caller is one of the workers, so
// a pool of one starts no goroutine. A pool runs one job at a time and belongs to one goroutine; it must be closed.
type Pool struct {
	workers int
	start   chan struct{}
	done    sync.WaitGroup

	// The job under way.
	job    func(block, worker int)
	blocks int
	next   atomic.Int64

	dot   dotProduct
	outer outerProduct
}

// NewPool starts a pool of at least one worker.
func NewPool(workers int) *Pool {
	return newPool(workers, kernel.Best())
}

func newPool(workers int, k *kernel.Kernel) *Pool {
	p := &Pool{workers: max(workers, 1)}
	p.dot.init(k, p.workers)
	p.outer.init(k, p.workers)
	p.start = make(chan struct{})
	for w := 1; w < p.workers; w++ {
		go func() {
			for range p.start {
				p.drain(w)
				p.done.Done()
			}
		}()
	}
	return p
}

// Workers is the number of workers; the worker number given to a job is below it.
func (p *Pool) Workers() int { return p.workers }

// Run calls job once for each block in [0, blocks) and returns when all have ended. Which worker gets which block
// isn't fixed, so a job may use the worker number for its scratch space but not for its result. Run allocates nothing.
func (p *Pool) Run(blocks int, job func(block, worker int)) {
	if p.workers == 1 || blocks <= 1 {
		for b := range blocks {
			job(b, 0)
		}
		return
	}
	p.job, p.blocks = job, blocks
	p.next.Store(0)
	helpers := min(p.workers, blocks) - 1
	p.done.Add(helpers)
	for range helpers {
		p.start <- struct{}{}
	}
	p.drain(0)
	p.done.Wait()
	p.job = nil
}

func (p *Pool) drain(worker int) {
	for {
		b := int(p.next.Add(1)) - 1
		if b >= p.blocks {
			return
		}
		p.job(b, worker)
	}
}

// Close ends the workers. The pool must not be used afterwards.
func (p *Pool) Close() { close(p.start) }
