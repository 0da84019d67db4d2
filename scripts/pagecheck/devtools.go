package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// A browser is a headless Chromium that is spoken to over a pipe: messages of the DevTools protocol with a zero byte after each.
type browser struct {
	cmd     *exec.Cmd
	in      *os.File
	session string // of the page

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	events  []message
	loaded  chan struct{} // gets a value when a page has loaded
	ended   chan struct{} // closed when the browser says no more
}

// A message is what the browser sends: an answer, which has an ID, or an event, which has a method.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startBrowser starts the program and opens an empty page. It ends with ctx, or with close.
func startBrowser(ctx context.Context, program, profile string) (*browser, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &browser{in: in, waiting: map[int]chan message{}, loaded: make(chan struct{}, 1), ended: make(chan struct{})}
	// Without a sandbox, since root (in a container) can't have one. The page is our own.
	b.cmd = exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+profile)
	b.cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	theirIn.Close()
	theirOut.Close()
	go b.listen(out)

	var target struct{ TargetID, SessionID string }
	if err := b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	if err := b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target); err != nil {
		return nil, err
	}
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		if err := b.call(domain+".enable", nil, nil); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// close ends the browser.
func (b *browser) close() {
	_ = b.in.Close() // its end of the pipe tells it to leave
	_ = b.cmd.Wait()
}

// listen hands on what the browser says until it says no more.
func (b *browser) listen(out io.ReadCloser) {
	defer out.Close()
	defer close(b.ended)
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if m.ID > 0 {
			b.waiting[m.ID] <- m // has room for it
			delete(b.waiting, m.ID)
		} else {
			b.events = append(b.events, m)
		}
		b.mu.Unlock()
		if m.Method == "Page.loadEventFired" {
			select {
			case b.loaded <- struct{}{}:
			default:
			}
		}
	}
}

// call asks the browser for something and waits for the answer, which goes to result where that isn't nil.
func (b *browser) call(method string, params, result any) error {
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	request := map[string]any{"id": id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-b.ended:
		return fmt.Errorf("%s: the browser has ended", method)
	}
}

// taken returns the events so far and forgets them.
func (b *browser) taken() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}
