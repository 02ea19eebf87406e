package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// Process is this program, started again in another role.
type Process struct {
	name   string
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan struct{}
	err    error
}

// Start starts the program again with the given arguments, the first of which names the
// role. The end of ctx kills it.
func Start(ctx context.Context, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{name: strings.Join(args[:min(2, len(args))], " "), done: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, self, args...)
	p.cmd.Stdout = os.Stdout
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Kill ends the process at once, as a crash would, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// Wait waits for the end; a process that failed gives an error with what it wrote.
func (p *Process) Wait() error {
	<-p.done
	if p.err == nil {
		return nil
	}
	if text := strings.TrimSpace(p.stderr.String()); text != "" {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", p.name, p.err)
}

// Run starts a process and waits for its end.
func Run(ctx context.Context, args ...string) error {
	p, err := Start(ctx, args...)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Crew is a set of processes that work at the same time. When one fails, the context of
// the crew ends with its error as cause, and with it all the others.
type Crew struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup
}

// NewCrew returns an empty crew and the context for whoever waits for its work.
func NewCrew(ctx context.Context) (*Crew, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	return &Crew{ctx: ctx, cancel: cancel}, ctx
}

// Start adds a process to the crew.
func (c *Crew) Start(args ...string) error {
	p, err := Start(c.ctx, args...)
	if err != nil {
		return err
	}
	c.Watch(p)
	return nil
}

// Watch adds a process that runs already.
func (c *Crew) Watch(p *Process) {
	c.wait.Go(func() {
		if err := p.Wait(); err != nil {
			c.cancel(err)
		}
	})
}

// Wait waits for all processes and returns the first error.
func (c *Crew) Wait() error {
	c.wait.Wait()
	err := context.Cause(c.ctx)
	c.cancel(nil)
	return err
}

// RunAll runs one process for each list of arguments, at most width at a time, and calls
// each after every end. It stops at the first error.
func RunAll(ctx context.Context, width int, lists [][]string, each func(done int)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []string)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	done := 0
	for range width {
		wait.Go(func() {
			for args := range work {
				if err := Run(ctx, args...); err != nil {
					cancel(err)
					return
				}
				mutex.Lock()
				done++
				each(done)
				mutex.Unlock()
			}
		})
	}
	for _, args := range lists {
		select {
		case work <- args:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	wait.Wait()
	return context.Cause(ctx)
}
