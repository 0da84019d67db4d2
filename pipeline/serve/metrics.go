package serve

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics shows, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by path and status
	seconds  *prometheus.HistogramVec // of requests by path
	images   *prometheus.CounterVec   // by model and outcome
	shed     *prometheus.CounterVec   // requests refused for want of room, by model
	reloads  *prometheus.CounterVec
	batch    *prometheus.HistogramVec // images of a batch, by model
	predict  *prometheus.HistogramVec // seconds of a batch, by model
	active   prometheus.Gauge
}

func newMetrics(models *set) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "finetune_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help, label string, buckets []float64) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "finetune_" + name, Help: help, Buckets: buckets},
			[]string{label})
		m.registry.MustRegister(h)
		return h
	}
	latencies := prometheus.ExponentialBuckets(0.002, 2, 13)
	m.requests = counter("requests_total", "Requests by path and status.", "path", "status")
	m.seconds = histogram("request_seconds", "Time from a request's headers to its answer.", "path", latencies)
	m.images = counter("images_total", "Images by model and outcome: predicted, unreadable or explained.", "model", "outcome")
	m.shed = counter("shed_total", "Requests refused because too many images were waiting.", "model")
	m.reloads = counter("reloads_total", "Reloads by outcome: done or failed.", "outcome")
	m.batch = histogram("batch_images", "Images that were predicted together.", "model",
		prometheus.ExponentialBuckets(1, 2, 7))
	m.predict = histogram("batch_seconds", "Time to decode and predict a batch.", "model", latencies)
	m.active = prometheus.NewGauge(prometheus.GaugeOpts{Name: "finetune_active_requests", Help: "Requests under way."})
	m.registry.MustRegister(m.active, collectors.NewGoCollector(), queueLengths{models},
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// batches returns what records the batches of a model.
func (m *metrics) batches(model string) func(int, time.Duration) {
	sizes, seconds := m.batch.WithLabelValues(model), m.predict.WithLabelValues(model)
	return func(size int, took time.Duration) {
		sizes.Observe(float64(size))
		seconds.Observe(took.Seconds())
	}
}

// queueLengths reports the images that wait or are predicted, by model.
type queueLengths struct{ models *set }

var queueDesc = prometheus.NewDesc("finetune_queue_images", "Images that wait or are predicted.",
	[]string{"model"}, nil)

// Describe implements prometheus.Collector.
func (queueLengths) Describe(ch chan<- *prometheus.Desc) { ch <- queueDesc }

// Collect implements prometheus.Collector.
func (q queueLengths) Collect(ch chan<- prometheus.Metric) {
	q.models.mu.RLock()
	defer q.models.mu.RUnlock()
	for name, m := range q.models.models {
		ch <- prometheus.MustNewConstMetric(queueDesc, prometheus.GaugeValue, float64(m.queue.length.Load()), name)
	}
}
