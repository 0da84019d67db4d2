// Load measures a server of POST /v1/predict: throughput at saturation, then latency at half of it. With --against it does
// the same with another server, turn by turn, and prints the ratios. With the servers' process ids it also prints the processor
// time that an image takes, which other work on the machine changes less than throughput. Linux alone tells it.
//
//	finetune serve --model run --addr 127.0.0.1:8080 -q & ours=$!
//	NETWORK=models/efficientnet_lite0.onnx uvicorn --app-dir scripts/load --workers 2 --port 8081 fastapi_server:app & theirs=$!
//	go run ./scripts/load --url http://127.0.0.1:8080 --pid $ours --against http://127.0.0.1:8081 --against-pid $theirs
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/image/draw"
)

// figures are what is measured of a server.
type figures struct {
	rate     float64 // images a second at saturation
	p50, p99 time.Duration
	refused  int64   // requests that got another status than 200
	cpu      float64 // seconds of processor time of the server for an image at saturation, 0 where it isn't known
	own      float64 // the same of this program
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8080", "server")
	against := flag.String("against", "", "server to compare with")
	pid := flag.Int("pid", 0, "process of the server, for its processor time")
	againstPID := flag.Int("against-pid", 0, "process of the server to compare with")
	photo := flag.String("photo", "testdata/demo/images/gravel/0-grade1.jpg", "picture that the images are made of")
	took := flag.Duration("time", 10*time.Second, "of each measurement")
	rounds := flag.Int("rounds", 3, "of which the medians count")
	clients := flag.Int("clients", 8, "requests at a time at saturation")
	flag.Parse()
	images, err := photos(*photo)
	if err != nil {
		log.Fatal(err)
	}
	servers, pids := []string{*url}, []int{*pid, *againstPID}
	if *against != "" {
		servers = append(servers, *against)
	}
	results := make([][]figures, len(servers))
	for range *rounds {
		for i, server := range servers {
			f, err := measure(server, pids[i], images, *clients, *took)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s: %.1f images/s at saturation (%d refused), p50 %v and p99 %v at half of it\n",
				server, f.rate, f.refused, f.p50.Round(100*time.Microsecond), f.p99.Round(100*time.Microsecond))
			if f.cpu > 0 {
				fmt.Printf("%s: %.2f ms of processor time an image, and %.2f ms of this program\n", server, 1000*f.cpu, 1000*f.own)
			}
			results[i] = append(results[i], f)
		}
	}
	if len(servers) == 2 {
		a, b := median(results[0]), median(results[1])
		fmt.Printf("ratios of medians, above 1 being better: throughput %.2f, p50 %.2f, p99 %.2f\n", a.rate/b.rate,
			b.p50.Seconds()/a.p50.Seconds(), b.p99.Seconds()/a.p99.Seconds())
		if a.cpu > 0 && b.cpu > 0 {
			fmt.Printf("processor time an image: %.2f ms and %.2f ms, ratio %.2f\n", 1000*a.cpu, 1000*b.cpu, b.cpu/a.cpu)
		}
	}
}

// median takes the median of each figure by itself.
func median(list []figures) figures {
	of := func(value func(figures) float64) float64 {
		var values []float64
		for _, f := range list {
			values = append(values, value(f))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return figures{
		rate: of(func(f figures) float64 { return f.rate }),
		p50:  time.Duration(of(func(f figures) float64 { return float64(f.p50) })),
		cpu:  of(func(f figures) float64 { return f.cpu }),
		own:  of(func(f figures) float64 { return f.own }),
		p99:  time.Duration(of(func(f figures) float64 { return float64(f.p99) })),
	}
}

// photos makes JPEG files of 640 × 480 pixels with the detail of photographs, all different.
func photos(name string) ([][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from, err := jpeg.Decode(f)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	var list [][]byte
	for range 32 {
		img := image.NewRGBA(image.Rect(0, 0, 640, 480))
		draw.CatmullRom.Scale(img, img.Bounds(), from, from.Bounds(), draw.Src, nil)
		for i := range img.Pix {
			img.Pix[i] = uint8(min(255, max(0, int(img.Pix[i])+int(6*r.NormFloat64()))))
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
		list = append(list, out.Bytes())
	}
	fmt.Printf("images of 640 × 480 pixels, %d KB each\n", len(list[0])/1000)
	return list, nil
}

func measure(server string, pid int, images [][]byte, clients int, took time.Duration) (f figures, err error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1024}
	defer transport.CloseIdleConnections()
	l := loader{url: server + "/v1/predict", images: images,
		client: &http.Client{Transport: transport, Timeout: time.Minute}}
	if _, err := l.closed(clients, took/4); err != nil { // warms up
		return f, err
	}
	l.refused.Store(0)
	before, own := processorTime(pid), processorTime(os.Getpid())
	if f.rate, err = l.closed(clients, took); err != nil {
		return f, err
	}
	f.refused = l.refused.Load()
	if answered := f.rate * took.Seconds(); pid > 0 {
		f.cpu, f.own = (processorTime(pid)-before)/answered, (processorTime(os.Getpid())-own)/answered
	}
	latencies, err := l.open(f.rate/2, took)
	if err != nil || len(latencies) == 0 {
		return f, err
	}
	slices.Sort(latencies)
	f.p50, f.p99 = latencies[len(latencies)/2], latencies[len(latencies)*99/100]
	return f, nil
}

// A loader sends requests.
type loader struct {
	url     string
	images  [][]byte
	client  *http.Client
	next    atomic.Int64
	refused atomic.Int64
}

func (l *loader) send(ctx context.Context) (ok bool, err error) {
	data := l.images[int(l.next.Add(1))%len(l.images)]
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(data))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "image/jpeg")
	answer, err := l.client.Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return false, err
	}
	if answer.StatusCode != http.StatusOK {
		l.refused.Add(1)
	}
	return answer.StatusCode == http.StatusOK, nil
}

// closed keeps so many requests under way and returns the answers a second.
func (l *loader) closed(clients int, took time.Duration) (float64, error) {
	var done atomic.Int64
	var group sync.WaitGroup
	errs := make(chan error, clients)
	start := time.Now()
	for range clients {
		group.Go(func() {
			for time.Since(start) < took {
				ok, err := l.send(context.Background())
				if err != nil {
					errs <- err
					return
				}
				if ok {
					done.Add(1)
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
	}
	return float64(done.Load()) / time.Since(start).Seconds(), nil
}

// open sends requests at a rate, at random intervals, whether or not earlier ones are answered, and returns how long each
// took from when it was due.
func (l *loader) open(rate float64, took time.Duration) ([]time.Duration, error) {
	r := rand.New(rand.NewPCG(3, 4))
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var group sync.WaitGroup
	start := time.Now()
	for due := start; due.Sub(start) < took; due = due.Add(time.Duration(r.ExpFloat64() / rate * float64(time.Second))) {
		time.Sleep(time.Until(due))
		group.Go(func() {
			ok, err := l.send(context.Background())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			} else if ok {
				latencies = append(latencies, time.Since(due))
			}
		})
	}
	group.Wait()
	return latencies, failed
}
