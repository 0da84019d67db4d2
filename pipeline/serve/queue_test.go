package serve

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"finetune/pipeline/run"
)

// A fake predicts the first byte of an image as its index, once it may.
type fake struct {
	begin  chan int // gets the size of each batch
	end    chan struct{}
	err    error
	mu     sync.Mutex
	closed int
}

func (f *fake) PredictAll(_ context.Context, files [][]byte) ([]run.Outcome, error) {
	f.begin <- len(files)
	<-f.end
	out := make([]run.Outcome, len(files))
	for i, file := range files {
		out[i].Prediction.Index = int(file[0])
	}
	return out, f.err
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func options(workers, size, waiting int, wait time.Duration) Options {
	o := Options{BatchSize: size, BatchWait: wait, Limits: Limits{Waiting: waiting, Images: 8}}
	o.Predictor.Workers = workers
	return o
}

// Images that wait while a batch is under way make up the next one, and each request gets its own answers.
func TestBatches(t *testing.T) {
	f := &fake{begin: make(chan int, 100), end: make(chan struct{})}
	q := newQueue(f, options(1, 4, 100, 0), func(int, time.Duration) {})
	var requests sync.WaitGroup
	send := func(values ...byte) {
		var files [][]byte
		for _, v := range values {
			files = append(files, []byte{v})
		}
		outcomes, err := q.predict(t.Context(), files)
		if err != nil {
			t.Error(err)
			return
		}
		for i, o := range outcomes {
			if o.Prediction.Index != int(values[i]) {
				t.Errorf("got %d for %d", o.Prediction.Index, values[i])
			}
		}
	}
	requests.Go(func() { send(1) })
	if n := <-f.begin; n != 1 {
		t.Fatalf("a batch of %d", n)
	}
	requests.Go(func() { send(2, 3, 4) })
	requests.Go(func() { send(5, 6) })
	requests.Go(func() { send(7) })
	for len(q.images) < 6 { // admitted isn't waiting yet
		time.Sleep(time.Millisecond)
	}
	close(f.end)
	if a, b := <-f.begin, <-f.begin; a != 4 || b != 2 {
		t.Errorf("batches of %d and %d", a, b)
	}
	requests.Wait()
	if err := q.close(); err != nil || f.closed != 1 {
		t.Error(err, f.closed)
	}
}

// The first image of a batch waits for others no longer than it is told to.
func TestBatchWait(t *testing.T) {
	f := &fake{begin: make(chan int, 100), end: make(chan struct{})}
	close(f.end)
	const wait = 30 * time.Millisecond
	q := newQueue(f, options(1, 4, 100, wait), func(int, time.Duration) {})
	defer q.close()
	start := time.Now()
	if _, err := q.predict(t.Context(), [][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < wait || took > 20*wait {
		t.Errorf("an image alone took %v", took)
	}
	<-f.begin
	if _, err := q.predict(t.Context(), [][]byte{{1}, {2}, {3}, {4}}); err != nil {
		t.Fatal(err)
	}
	if n := <-f.begin; n != 4 {
		t.Errorf("a batch of %d", n)
	}
}

func TestQueueRefuses(t *testing.T) {
	f := &fake{begin: make(chan int, 100), end: make(chan struct{})}
	q := newQueue(f, options(1, 1, 3, 0), func(int, time.Duration) {})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := q.predict(ctx, [][]byte{{1}, {2}, {3}})
		ended <- err
	}()
	for len(f.begin) < 1 || q.length.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	if _, err := q.predict(t.Context(), [][]byte{{1}}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	cancel() // the images that still wait aren't predicted
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	f.err = errors.New("broken")
	go func() { f.end <- struct{}{} }()
	for q.length.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	if n := len(f.begin); n != 1 {
		t.Errorf("%d batches", n)
	}
	go func() { f.end <- struct{}{} }()
	if _, err := q.predict(t.Context(), [][]byte{{1}}); !errors.Is(err, f.err) {
		t.Errorf("got %v", err)
	}
	if err := q.close(); err != nil {
		t.Error(err)
	}
}

// The work for a batch ends when nobody waits for its answers any more, and not before.
func TestAbandonedBatch(t *testing.T) {
	a, endA := context.WithCancel(t.Context())
	b, endB := context.WithCancel(t.Context())
	ctx, stop := whileAny([]waiting{{ctx: a}, {ctx: b}})
	defer stop()
	endA()
	time.Sleep(10 * time.Millisecond)
	if ctx.Err() != nil {
		t.Error("the batch ended with one of its requests")
	}
	endB()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Error("the batch goes on without requests")
	}
}
