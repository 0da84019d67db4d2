package serve

import (
	"log"
	"log/slog"
	"net/http"
	"time"
)

// attributes describe a request. Its headers, which may hold a token, aren't among them.
func attributes(r *http.Request, path string, status int, took time.Duration) []slog.Attr {
	return []slog.Attr{slog.String("method", r.Method), slog.String("path", path), slog.Int("status", status),
		slog.Duration("took", took), slog.String("client", r.RemoteAddr), slog.Int64("bytes", r.ContentLength)}
}

// levelOf keeps the log of a server that is only watched short.
func levelOf(path string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return slog.LevelError
	case path == "/healthz" || path == "/readyz" || path == "/metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// errorLog is for what package http reports.
func errorLog(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelWarn) }
