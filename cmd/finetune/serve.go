package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/serve"
)

// tokenVariable is the environment variable with the token, so that no list of processes shows it.
const tokenVariable = "FINETUNE_TOKEN"

// server is what the flags of serve set.
type server struct {
	options   serve.Options
	addr      string
	tokenFile string
	log       string
}

func newServe(a *app) *cobra.Command {
	s := server{}
	c := &cobra.Command{
		Use:   "serve --model RUN [--addr HOST:PORT]",
		Short: "Answer HTTP requests with a trained run's predictions",
		Long: `serve answers POST /v1/predict: an image file as it is, a multipart form with files, or JSON with images in base64. POST
/v1/explain shows which places of one image decide.
/ is a page to drop images on, /openapi.json describes the API, /healthz and /readyz tell how the server is, /metrics is for
Prometheus. TERM or Ctrl-C ends it once the requests under way are answered; HUP reads the runs again.

By default only this machine can connect. With another address set a token: in the environment variable ` + tokenVariable + ` or
in a file. The connection isn't encrypted; put a proxy in front of it for that.`,
		Example: `  finetune serve --model run
  finetune serve --model age=run-a --model quality=run-b --addr :8080 --token-file token
  curl --data-binary @photo.jpg http://127.0.0.1:8080/v1/predict`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	o := &s.options
	f.Var(&modelsFlag{&o.Models}, "model",
		"`folder` of a trained run, or name=folder; may be given several times, the first being the default")
	f.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	f.StringVar(&s.tokenFile, "token-file", "",
		"`file` with the token that requests must bear (default: that in "+tokenVariable+", or none)")
	addNumber(f, &o.Limits.Bytes, serve.Numbers.Bytes, "max-bytes", "`bytes` of a request (default 16777216)")
	addNumber(f, &o.Limits.Pixels, serve.Numbers.Pixels, "max-pixels", "`pixels` of an image, width × height (default 50000000)")
	addNumber(f, &o.Limits.Images, serve.Numbers.Images, "max-images", "`images` of a request (default 64)")
	addNumber(f, &o.Limits.Time, serve.Numbers.Time, "timeout", "`time` from a request's headers to its answer (default 10s)")
	addNumber(f, &o.Limits.Drain, serve.Numbers.Drain, "drain",
		"`time` after TERM in which connections are still accepted, each for one more answer, so that no client meets a closed one; less where nobody is connected (default 2s)")
	f.BoolVar(&o.NoExplain, "no-explain", false, "don't answer POST /v1/explain, nor show maps on the page")
	addNumber(f, &o.Limits.Requests, serve.Numbers.Requests, "max-requests",
		"`requests` that are read or answered at a time (default twice --max-waiting, at least 64)")
	addNumber(f, &o.Limits.Waiting, serve.Numbers.Waiting, "max-waiting",
		"`images` that may wait; further requests are refused with status 503 (default 16 for each core)")
	addNumber(f, &o.BatchWait, serve.Numbers.BatchWait, "batch-wait",
		"`time` that an image waits for others to go through the network with it; best left at 0 on a CPU")
	f.StringVar(&s.log, "log", "text", "`form` of the log on standard error: text or json")
	addMovedNetworkFlag(f, &o.Predictor.Images.Backbone)
	addTTAFlag(f, &o.Predictor.TTA, "as the run was measured")
	addComputeFlags(f, &o.Predictor.Images, &o.Predictor.Workers)
	f.MarkHidden("strict")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model"); err != nil {
			return err
		}
		return s.run(c.Context(), a)
	}
	return c
}

func (s *server) run(ctx context.Context, a *app) (err error) {
	if s.options.Token, err = s.token(ctx); err != nil {
		return err
	}
	if s.options.Log, err = s.logger(a); err != nil {
		return err
	}
	s.options.BatchSize = s.options.Predictor.Images.Batch
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return &invalid.Error{Field: "--addr", Found: "an address that can't be listened on", Err: err,
			Hint: "give another --addr"}
	}
	defer listener.Close()
	hangups := a.signals.hangups()
	srv, err := serve.New(ctx, s.options)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := srv.Close(); err == nil {
			err = closeErr
		}
	}()
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && s.options.Token == "" && !addr.IP.IsLoopback() {
		s.options.Log.Warn("other machines can connect, and no token is set")
	}
	fmt.Fprintf(a.out, "serving on http://%s\n", listener.Addr())
	go func() {
		for {
			select {
			case <-hangups:
				srv.Reload(ctx) // logs what is wrong and leaves the runs as they were
			case <-ctx.Done():
				return
			}
		}
	}()
	return srv.Serve(ctx, listener)
}

// token reads the token from the file or the environment. It is never printed.
func (s *server) token(ctx context.Context) (string, error) {
	if s.tokenFile == "" {
		return os.Getenv(tokenVariable), nil
	}
	text, err := userfile.Read(ctx, s.tokenFile, 1<<12)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", &invalid.Error{Field: "Token", Path: s.tokenFile, Found: "no token", Want: "a line with the token"}
	}
	return token, nil
}

func (s *server) logger(a *app) (*slog.Logger, error) {
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		if err, ok := attr.Value.Any().(error); ok {
			attr.Value = slog.StringValue(printable(invalid.Text(err, flagName))) // options under the names of flags
		}
		return attr
	}}
	switch s.log {
	case "text":
		return slog.New(slog.NewTextHandler(a.err, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.err, o)), nil
	}
	return nil, &invalid.Error{Field: "--log", Found: fmt.Sprintf("%q", s.log), Want: "text or json"}
}

// modelsFlag reads runs, each with a name or without.
type modelsFlag struct{ models *[]serve.Model }

var _ pflag.Value = (*modelsFlag)(nil)

func (*modelsFlag) Type() string { return "run" }

func (m *modelsFlag) String() string {
	if m.models == nil {
		return ""
	}
	var names []string
	for _, model := range *m.models {
		names = append(names, model.Name+"="+model.Path)
	}
	return strings.Join(names, ",")
}

// Set adds a run. A folder that is there is taken for itself, whatever signs its name has.
func (m *modelsFlag) Set(text string) error {
	name, path, named := strings.Cut(text, "=")
	if _, err := os.Stat(text); err == nil || !named {
		name, path = serve.DefaultName, text
	}
	*m.models = append(*m.models, serve.Model{Name: cmp.Or(name, serve.DefaultName), Path: path})
	return nil
}
