package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freeaddr VARIABLE sets a variable to an address of this machine that nothing listens on.
func freeaddr(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeaddr VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// request STATUS PATTERN URL [FILE] gets a URL, or posts a file to it with the token in $TOKEN, and checks the status and
// the answer. It waits for a server that starts.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: request STATUS PATTERN URL [FILE]")
	}
	for range 3000 {
		status, text, err := fetch(ts, args[2:])
		if err == nil && strconv.Itoa(status) == args[0] && regexp.MustCompile(args[1]).MatchString(text) {
			return
		}
		if err == nil {
			ts.Fatalf("%s: status %d: %s", args[2], status, text)
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s: no server after 30 seconds", args[2])
}

func fetch(ts *testscript.TestScript, args []string) (status int, text string, err error) {
	r, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	if len(args) > 1 {
		data, err := os.ReadFile(ts.MkAbs(args[1]))
		ts.Check(err)
		r, err = http.NewRequest(http.MethodPost, args[0], bytes.NewReader(data))
		ts.Check(err)
	}
	if token := ts.Getenv("TOKEN"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// sendSignal, signal HUP|TERM, sends a signal to the commands in the background.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	number := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || number[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(number[args[0]]))
	}
}
