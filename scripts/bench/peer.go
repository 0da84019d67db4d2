package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A peer is a Python process that measures one thing at a time on request, so that interpreters and libraries are loaded and
// warm before anything counts.
type peer struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func startPeer(ctx context.Context, python, script string) (*peer, error) {
	p := &peer{command: exec.CommandContext(ctx, python, "-u", script)}
	p.command.Stderr = os.Stderr
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("-peer: %w", err)
	}
	return p, nil
}

// ask has the process do what it calls by that name.
func (p *peer) ask(do string, arguments map[string]any) (seconds float64, how string, err error) {
	request := map[string]any{"do": do}
	for name, value := range arguments {
		request[name] = value
	}
	line, err := json.Marshal(request)
	if err != nil {
		return 0, "", err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return 0, "", fmt.Errorf("peer: %w", err)
	}
	if !p.out.Scan() {
		return 0, "", errors.Join(errors.New("the peer ended; its Python needs scripts/bench/requirements.txt"), p.out.Err())
	}
	var answer struct {
		Seconds float64
		How     string
		Error   string
	}
	if err := json.Unmarshal(p.out.Bytes(), &answer); err != nil {
		return 0, "", fmt.Errorf("peer: %w", err)
	}
	if answer.Error != "" {
		return 0, "", fmt.Errorf("peer: %s", answer.Error)
	}
	return answer.Seconds, answer.How, nil
}

// figure is a measurement by the process.
func (p *peer) figure(do string, arguments map[string]any) figure {
	return func(context.Context) (float64, string, error) { return p.ask(do, arguments) }
}

func (p *peer) close() {
	p.in.Close()
	p.command.Wait()
}
