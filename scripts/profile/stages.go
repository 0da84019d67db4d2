//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"finetune/pipeline/dataset"
	"finetune/pipeline/export"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/serve"
	"finetune/pipeline/train"
	"finetune/scripts/internal/used"
)

// A stage is a part of the work.
type stage struct {
	name, about string
	// once does the stage a single time and returns the number of images.
	once func(ctx context.Context, p *profiler) (int, error)
	// drive, of a stage that answers others, reads what its process prints, keeps it busy and returns the number of images. once then
	// ends when ctx does.
	drive func(ctx context.Context, p *profiler, out io.Reader) (int, error)
}

var stages = []stage{
	{name: "cold-run", about: "train, nothing cached: features, closed form, figures, report, files", once: func(ctx context.Context, p *profiler) (int, error) {
		cache := filepath.Join(p.work, "cold-cache")
		if err := os.RemoveAll(cache); err != nil {
			return 0, err
		}
		return p.train(ctx, "cold", cache)
	}},
	{name: "warm-run", about: "train, all features cached: closed form, figures, report, files", once: func(ctx context.Context, p *profiler) (int, error) {
		return p.train(ctx, "warm", p.cache())
	}},
	{name: "predict", about: "predict to CSV, nothing cached", once: func(ctx context.Context, p *profiler) (int, error) {
		return p.predict(ctx, features.Images{NoCache: true}, "")
	}},
	{name: "report", about: "predict with a page about the images, all features cached", once: func(ctx context.Context, p *profiler) (int, error) {
		return p.predict(ctx, features.Images{Cache: p.cache()}, filepath.Join(p.work, "predicted.html"))
	}},
	{name: "export", about: "export as one ONNX model, compared with the pipeline on 32 images", once: func(ctx context.Context, p *profiler) (int, error) {
		job := export.Job{Model: p.trained(), Format: export.WholeONNX, Out: filepath.Join(p.work, "model.onnx"), Overwrite: true}
		result, err := job.Run(ctx)
		if err != nil {
			return 0, err
		}
		return result.Check.Images, nil
	}},
	{name: "serve", about: "serve, POST /v1/predict with one image, four clients on the same machine (their time isn't counted)", once: serveUntilDone, drive: sendImages},
}

func (p *profiler) cache() string   { return filepath.Join(p.work, "cache") }
func (p *profiler) trained() string { return filepath.Join(p.work, "trained") }

// prepare trains a run, which leaves its features in the cache.
func (p *profiler) prepare(ctx context.Context) error {
	_, err := p.train(ctx, "trained", p.cache())
	return err
}

func (p *profiler) train(ctx context.Context, out, cache string) (int, error) {
	job := train.New(p.data.Path)
	job.Data = p.data
	job.Images.Cache = cache
	job.Out, job.Overwrite = filepath.Join(p.work, out), true
	if _, err := job.Run(ctx); err != nil {
		return 0, err
	}
	r, err := run.Open(job.Out)
	if err != nil {
		return 0, err
	}
	return r.Config.Data.Images, nil
}

func (p *profiler) predict(ctx context.Context, i features.Images, page string) (int, error) {
	out := filepath.Join(p.work, "predicted.csv") // a complete table would be left as it is
	if err := os.RemoveAll(out); err != nil {
		return 0, err
	}
	result, err := run.Predict{Model: p.trained(), Path: p.data.Path, Images: i, Out: out, Report: page, Overwrite: true}.Run(ctx)
	if err != nil {
		return 0, err
	}
	return int(result.Images), nil
}

// runStage does a stage under the profiler and prints the number of images: until it took enough time, or once where it is driven.
func (p *profiler) runStage(ctx context.Context, name string) error {
	for _, s := range stages {
		if s.name != name {
			continue
		}
		f, err := os.Create(p.profile(name))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		images := 0
		for start := used.ProcessorTime(); used.ProcessorTime()-start < p.least.Seconds(); {
			n, err := s.once(ctx, p)
			if err != nil {
				return err
			}
			images += n
			if s.drive != nil {
				return nil
			}
		}
		fmt.Println(images)
		return nil
	}
	return fmt.Errorf("no stage %q", name)
}

// serveUntilDone prints the address that it serves at, and ends with standard input.
func serveUntilDone(ctx context.Context, p *profiler) (int, error) {
	s, err := serve.New(ctx, serve.Options{Models: []serve.Model{{Path: p.trained()}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		end()
	}()
	fmt.Println(l.Addr())
	return 0, s.Serve(ctx, l)
}

// served is how many images are posted.
const served = 1000

// sendImages posts images to the address on the first line of out.
func sendImages(ctx context.Context, p *profiler, out io.Reader) (int, error) {
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the server doesn't say where it is: %w", err)
	}
	url := "http://" + address[:len(address)-1] + "/v1/predict"
	set, err := dataset.Load(ctx, p.data)
	if err != nil {
		return 0, err
	}
	clients, ctx := errgroup.WithContext(ctx)
	clients.SetLimit(4)
	for i := range served {
		clients.Go(func() error { return post(ctx, url, set.Items[i%len(set.Items)]) })
	}
	return served, clients.Wait()
}

func post(ctx context.Context, url string, item dataset.Item) error {
	data, err := os.ReadFile(item.File)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", answer.Status, text)
	}
	return err
}
