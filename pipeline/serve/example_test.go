package serve_test

import (
	"context"
	"log"
	"log/slog"
	"net/http"

	"finetune/pipeline/serve"
)

// A program of one's own can answer predictions beside its other paths.
func Example() {
	s, err := serve.New(context.Background(), serve.Options{
		Models: []serve.Model{{Name: "age", Path: "run"}},
		Limits: serve.Limits{Bytes: 4 << 20},
		Log:    slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	mux := http.NewServeMux()
	mux.Handle("/predictions/", http.StripPrefix("/predictions", s.Handler()))
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", mux))
}
